// the command line is wired here
