"""Evidence packages: what is known of some adverts, in one file that verifies without our software."""
