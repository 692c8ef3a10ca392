"""Adverts that one hand wrote: near-duplicates and shared contacts, found whatever the order of arrival."""
