"""What is made ready, taken over and gone on with before the first call."""
