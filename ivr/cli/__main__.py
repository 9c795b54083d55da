"""`python -m ivr.cli` is the command `freizeichen`."""

from ivr.command import main

main()
