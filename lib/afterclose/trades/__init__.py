"""One trade: a ledger record, how it is parsed, and what follows from it alone."""
