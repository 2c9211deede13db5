"""What a build did, for machines and for people."""

from typing import Any, Literal

import msgspec

RULE = "=" * 80


class BuildReport(msgspec.Struct, frozen=True, kw_only=True):
    """What one build found in the ledgers and did with it.

    Trades are counted by id: ``trades_in_ledger`` are ``closed`` and ``open``; ``rejected``
    counts unusable records by reason. ``conflicts`` are trades whose row was written before
    their record changed; ``nonfinite_features`` are values that became null. ``mode`` says
    whether all was read, only what is new, or nothing had changed.
    """

    trades_in_ledger: int
    closed: int
    open: int
    rows_added: int
    rows_total: int
    rejected: dict[str, int]
    conflicts: int
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


def build_text(report: BuildReport) -> str:
    """The section DATASET BUILDING; what is 0 and need not worry anybody is left out."""
    lines = [
        RULE,
        "DATASET BUILDING",
        RULE,
        f"Total trades in ledger: {report.trades_in_ledger}",
        f"Closed trades: {report.closed}",
        f"Open trades: {report.open}",
        f"Rows added: {report.rows_added}",
        f"Dataset total: {report.rows_total}",
        f"Dataset version: {report.version}",
    ]
    if report.rejected:
        lines.append(f"Rejected records: {sum(report.rejected.values())}")
        lines += [f"  {reason}: {count}" for reason, count in sorted(report.rejected.items())]
    lines += [
        words.format(count)
        for count, words in (
            (report.conflicts, "Changed after their row was written: {} (the rows stay)"),
            (report.nonfinite_features, "Feature values that were not finite: {} (now missing)"),
            (report.mae_unknown, "MAE unknown: {} (a loss stands in for it)"),
            (report.mae_sign_flipped, "MAE above 0, taken as a magnitude: {}"),
            (report.torn_tail_bytes, "Torn tail of an interrupted build: {} bytes, kept beside"),
        )
        if count
    ]
    return "\n".join(lines + [f"Note: {note}" for note in report.notes])
