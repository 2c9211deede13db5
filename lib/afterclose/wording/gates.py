"""The gates' answer as a table of ticks."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

TICKS: Final = {True: "[x]", False: "[ ]"}


def gates_text(answer: Mapping[str, Any]) -> str:
    """Their answer in its JSON form: one line a gate, and what they say together."""
    return "\n".join(_lines(answer))


def _lines(answer: Mapping[str, Any]) -> Iterator[str]:
    gates = answer["gates"]
    yield "Promotion gates:"
    width = max(len(gate["name"]) for gate in gates)
    for gate in gates:
        name = gate["name"].replace("_", " ").ljust(width)
        yield f"  {TICKS[gate['passed']]} | {name} | {gate['sentence']}"
    for remark in answer.get("remarks", ()):
        yield f"  note | {remark['name'].replace('_', ' ').ljust(width)} | {remark['sentence']}"
    refused = sum(not gate["passed"] for gate in gates)
    yield (
        f"Gates: {refused} of {len(gates)} refuse a promotion."
        if refused
        else f"Gates: all {len(gates)} passed."
    )
    if following := answer.get("next"):
        yield following["words"]
