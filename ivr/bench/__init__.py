"""What is promised in figures, measured on the machine at hand; one file for each bench."""
