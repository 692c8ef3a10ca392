"""The one spider, and how it finds its way."""
