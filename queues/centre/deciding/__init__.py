"""Which facts follow from an input, a file for each noun. Reads the state, changes nothing."""
