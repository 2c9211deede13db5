"""The gates' answer as a table of ticks; empty where they were not asked."""

from typing import NamedTuple

from afterclose.evaluating.figures import GatesAnswer
from afterclose.wording.printable import printable


class GateRow(NamedTuple):
    """One gate; the sentence says what was found and what was needed."""

    name: str
    passed: bool
    sentence: str


def gate_rows(answer: GatesAnswer | None) -> list[GateRow]:
    """One row a gate, those that refuse first."""
    rows = [
        GateRow(
            name=printable(gate.name).replace("_", " "),
            passed=gate.passed,
            sentence=printable(gate.sentence),
        )
        for gate in (answer.gates if answer else ())
    ]
    return sorted(rows, key=lambda row: row.passed)


def next_words(answer: GatesAnswer | None) -> str:
    """How far a refused candidate is from a promotion; empty where nothing refuses."""
    return printable(answer.next.words) if answer and answer.next else ""
