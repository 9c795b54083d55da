"""Why it was decided so, told of a call out of the journal."""
