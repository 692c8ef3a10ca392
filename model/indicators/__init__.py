"""The cited signs of a deceptive advert, of an honest one, and of a text that is no advert at all."""
