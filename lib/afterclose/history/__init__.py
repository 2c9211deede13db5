"""Bars, signals and indicators of the past, and trading days replayed through them."""
