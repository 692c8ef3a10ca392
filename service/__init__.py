"""The scoring API, the review console and the only database."""
