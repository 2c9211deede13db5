"""The demonstration: real prices, a readable rule strategy, and history night by night.

Nothing outside this package imports it. It stands where a user's own strategy would: it
makes bars and signals, and everything after that is the production path.
"""
