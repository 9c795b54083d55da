"""How long a call will wait, when that is foretold, and what follows from it."""
