"""A small job board with invented adverts, served from this machine for the demo and the tests."""
