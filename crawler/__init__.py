"""Fetches public pages and reads job adverts out of them; knows records, not scores."""
