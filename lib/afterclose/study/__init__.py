"""Whole histories replayed through nightly cycles, to see what promotions are worth."""
