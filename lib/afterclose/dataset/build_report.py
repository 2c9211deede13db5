"""What a build did, in counts."""

from typing import Any, Literal

import msgspec


class BuildReport(msgspec.Struct, frozen=True, kw_only=True):
    """What one build found in the ledgers and did with it.

    Trades are counted by id: ``trades_in_ledger`` are ``closed`` and ``open``; ``rejected``
    counts unusable records by reason. ``conflicts`` are trades whose row was written before
    their record changed; ``superseded`` are closed records whose trade has a later one, and
    ``id_conflicts`` those whose later one is of another trade; ``nonfinite_features`` are values
    that became null. ``mode`` says whether all was read, only what is new, or nothing had
    changed.
    """

    trades_in_ledger: int
    closed: int
    open: int
    rows_added: int
    rows_total: int
    rejected: dict[str, int]
    conflicts: int
    superseded: int
    id_conflicts: int
    nonfinite_features: int
    mae_unknown: int
    mae_sign_flipped: int
    version: str
    mode: Literal["full", "incremental", "unchanged"]
    torn_tail_bytes: int
    notes: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """The report as plain values."""
        return msgspec.structs.asdict(self) | {"notes": list(self.notes)}
