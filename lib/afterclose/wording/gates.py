"""The gates' answer as a table of ticks."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:  # NumPy stands behind it
    from afterclose.evaluating.figures import GatesAnswer

TICKS: Final = {True: "[x]", False: "[ ]"}


def gates_text(answer: "GatesAnswer") -> str:
    """One line a gate, and what they say together."""
    return "\n".join(_lines(answer))


def _lines(answer: "GatesAnswer") -> Iterator[str]:
    gates, refusing = answer.gates, answer.refusing
    yield "Promotion gates:"
    width = max(len(gate.name) for gate in gates)
    for gate in gates:
        name = gate.name.replace("_", " ").ljust(width)
        yield f"  {TICKS[gate.passed]} | {name} | {gate.sentence}"
    for remark in answer.remarks:
        yield f"  note | {remark.name.replace('_', ' ').ljust(width)} | {remark.sentence}"
    yield (
        f"Gates: {len(refusing)} of {len(gates)} refuse a promotion."
        if refusing
        else f"Gates: all {len(gates)} passed."
    )
    if answer.next:
        yield answer.next.words
