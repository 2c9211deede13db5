"""Trades of other systems, read from their own files into the trade ledger."""
