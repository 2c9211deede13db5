"""From ledger lines to the append-only dataset: scan, rows, rejects, versions, repair."""
