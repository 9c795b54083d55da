"""Callers' dialogues as tasks: begun, driven, ended; and what they ask of the switch."""
