"""How people sign in without a link: a password, a second factor, and a limit on guessing."""
