"""Reads adverts out of pages, feeds and API answers; `reader.read_page` is the front door."""
