"""What inputs and facts are made of: needs, what was learned, JSON."""
