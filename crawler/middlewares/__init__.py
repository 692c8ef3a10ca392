"""What stands between the spider and other people's servers."""
