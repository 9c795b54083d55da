"""Twenty new calls a second: what they cost, what is lost, what is left, beside `Queue()` alone."""
