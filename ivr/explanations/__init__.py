"""The explanation of a call, out of a store."""
