"""What is kept of the service, by whom, and how it comes back out of the store."""
