"""What the supervisor hears of the service, its units, and how it ends in peace."""
