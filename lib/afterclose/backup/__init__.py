"""Copies of scopes elsewhere, and back: pieces by their SHA-256, and snapshots that list them."""
