"""The gates' answer as a table of ticks; nothing where they were not asked."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from lib.report.words import visible


class GateRow(NamedTuple):
    """One gate; the sentence says what was found and what was needed."""

    name: str
    passed: bool
    sentence: str


class Gates(NamedTuple):
    """All gates and, in a sentence, their answer."""

    lead: str
    rows: list[GateRow]


def gates_view(verdict: Mapping[str, Any] | None) -> Gates | None:
    """The table for ``evaluation["gates"]``."""
    if not verdict:
        return None
    rows = [
        GateRow(
            name=visible(gate["name"]).replace("_", " "),
            passed=gate["passed"],
            sentence=visible(gate["sentence"]),
        )
        for gate in verdict["gates"]
    ]
    failed = sum(not row.passed for row in rows)
    lead = (
        f"All {len(rows)} gates are passed." if not failed else f"{failed} of {len(rows)} refuse."
    )
    return Gates(lead, rows)
