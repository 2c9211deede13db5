"""From ledger lines to the append-only dataset: parsing, rejects, versions, repair."""
