"""How inputs, facts and the whole state are written down, and read again."""
