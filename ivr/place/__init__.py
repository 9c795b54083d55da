"""Which folder a service works in, and what it keeps there of its own."""
