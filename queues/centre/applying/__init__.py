"""How facts change the state, a file for each noun. Decides nothing."""
