"""Notices and referrals that a job board may show: calm words about an advert, and published places to ask."""
