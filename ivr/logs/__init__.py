"""What the service logs, and which lines are about one call."""
