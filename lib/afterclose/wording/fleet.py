"""What a fleet did, as one table: a line a scope that was worked on or is in trouble."""

from collections.abc import Sequence

from afterclose.records import ScopeResult
from afterclose.wording.tables import section

MOST_LINES = 200
"""Scopes that went well beyond this are counted, not listed; trouble always is."""


def fleet_text(title: str, reason: str, results: Sequence[ScopeResult], took_s: float) -> str:
    """The section ``title``, trouble last so that it stands above the prompt."""
    well = [row for row in results if not row.exit_code]
    trouble = [row for row in results if row.exit_code]
    width = max((len(row.scope) for row in results), default=5)
    lines = [f"{reason}; {took_s:.1f} s"]
    if results:
        lines.append(f"{'Scope':{width}} | {'Session':10} | {'Outcome':9} | {'Time':>7} | Reason")
    lines += [_line(row, width) for row in well[:MOST_LINES]]
    if len(well) > MOST_LINES:
        lines.append(f"... and {len(well) - MOST_LINES} more that went well (--json lists all)")
    lines += [_line(row, width) for row in trouble]
    return section(title, lines)


def _line(row: ScopeResult, width: int) -> str:
    session = row.session or "-"
    return (
        f"{row.scope:{width}} | {session:10} | {row.status:9} | {row.seconds:5.1f} s | {row.reason}"
    )
