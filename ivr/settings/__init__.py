"""What the settings file says, and what it must look like."""
