"""What a build did, for people."""

from afterclose.dataset.build_report import BuildReport
from afterclose.wording.tables import section


def build_text(report: BuildReport) -> str:
    """The section DATASET BUILDING; what is 0 and need not worry anybody is left out."""
    lines = [
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
            (report.superseded, "Superseded records: {} (of each id the last one counts)"),
            (report.id_conflicts, "Ids of more than one trade: {} (the rejects name them)"),
            (report.nonfinite_features, "Feature values that were not finite: {} (now missing)"),
            (report.mae_unknown, "MAE unknown: {} (a loss stands in for it)"),
            (report.mae_sign_flipped, "MAE above 0, taken as a magnitude: {}"),
            (report.torn_tail_bytes, "Torn tail of an interrupted build: {} bytes, kept beside"),
        )
        if count
    ]
    return section("DATASET BUILDING", lines + [f"Note: {note}" for note in report.notes])
