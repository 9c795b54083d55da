"""Simulated callers and agents over real SIP: something to see for whoever shows the service.

Runs as a process of its own beside the service (`freizeichen up --demo`), until it is ended.
"""
