"""In which order calls are served, a page for each policy.

A policy is a function that gives the waiting calls of a pool in the order in which it would serve
them, each with its urgency: of several pools the smallest urgency comes first, then the longest
wait. It changes nothing and looks no further than it is asked to.
"""
