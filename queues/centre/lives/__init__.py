"""The lives of agents, calls and doors: their states, and what leads from one to the next."""
