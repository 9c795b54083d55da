"""Whether there is time to hear the callers, and what came of listening."""
