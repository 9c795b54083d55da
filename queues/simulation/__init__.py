"""The same centre under a virtual clock: oracles, benches, days that are tried out.

Nothing here is needed to serve a call, and nothing that serves calls imports it.
"""
