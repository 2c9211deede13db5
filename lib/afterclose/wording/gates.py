"""The verdict of the gates as a table of ticks."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

TICKS: Final = {True: "[x]", False: "[ ]"}


def gates_text(verdict: Mapping[str, Any]) -> str:
    """A verdict in its JSON form, one line a gate, and the answer."""
    return "\n".join(_lines(verdict))


def _lines(verdict: Mapping[str, Any]) -> Iterator[str]:
    gates = verdict["gates"]
    yield "Promotion gates:"
    width = max(len(gate["name"]) for gate in gates)
    for gate in gates:
        name = gate["name"].replace("_", " ").ljust(width)
        yield f"  {TICKS[gate['passed']]} | {name} | {gate['sentence']}"
    for remark in verdict.get("remarks", ()):
        yield f"  note | {remark['name'].replace('_', ' ').ljust(width)} | {remark['sentence']}"
    refused = sum(not gate["passed"] for gate in gates)
    yield (
        f"Gates: {refused} of {len(gates)} refuse a promotion."
        if refused
        else f"Gates: all {len(gates)} passed."
    )
    if following := verdict.get("next"):
        yield following["words"]
