"""Telling partners what happened, after Standard Webhooks: signed, retried, never to a private address."""
