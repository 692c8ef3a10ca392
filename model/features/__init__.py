"""What was found in an advert, as one row of named numbers; language-independent ones come first."""
