"""Which models there are and which is active: a chain of events and its sum."""
