"""How a place is backed up into a file, and comes back out of it."""
