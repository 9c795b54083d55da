"""`python -m ivr.cli` is the command `freizeichen`."""

from ivr.cli import main

main()
