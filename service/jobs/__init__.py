"""Bulk jobs: a file of adverts in, a file of answers and a file of refusals out, however large."""
