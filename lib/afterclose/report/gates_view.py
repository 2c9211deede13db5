"""The gates' answer as a table of ticks; empty where they were not asked."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from afterclose.wording.printable import printable


class GateRow(NamedTuple):
    """One gate; the sentence says what was found and what was needed."""

    name: str
    passed: bool
    sentence: str


def gate_rows(answer: Mapping[str, Any] | None) -> list[GateRow]:
    """The rows for ``evaluation["gates"]``, those that refuse first."""
    gates = answer["gates"] if answer else ()
    rows = [
        GateRow(
            name=printable(gate["name"]).replace("_", " "),
            passed=gate["passed"],
            sentence=printable(gate["sentence"]),
        )
        for gate in gates
    ]
    return sorted(rows, key=lambda row: row.passed)


def next_words(answer: Mapping[str, Any] | None) -> str:
    """How far a refused candidate is from a promotion; empty where nothing refuses."""
    following = (answer or {}).get("next")
    return printable(following["words"]) if following else ""
