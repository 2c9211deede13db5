"""Which columns of a plain CSV are features, and what their cells are worth.

A column that is no ledger field is a feature if its filled cells are mostly numbers. Names
that can only be known after the decision (pnl, exit_…) are left out here, because the
dataset would reject every trade that carries one.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from afterclose.importing.parsed import NotUsable
from afterclose.importing.table import Row
from afterclose.importing.values import is_blank, number
from afterclose.trades.leaking_names import known_later

BOOLEANS = {"true": True, "false": False}


class FeatureColumns(NamedTuple):
    """The columns that are features, and sentences about those that are not."""

    names: tuple[str, ...]
    notes: list[str]


def feature_columns(columns: Iterable[str], rows: Sequence[Row]) -> FeatureColumns:
    """Judge ``columns``, those of a table that are no fields of a ledger record."""
    names: list[str] = []
    notes: list[str] = []
    for name in columns:
        filled = [row.cells[name] for row in rows if not is_blank(row.cells[name])]
        values = sum(feature_value(cell) is not None for cell in filled)
        if not name or not filled:
            continue
        if known_later(name):
            notes.append(f"Column {name!r} is left out: it is known only after the decision.")
        elif values * 2 <= len(filled):
            notes.append(f"Column {name!r} is left out: it holds no numbers.")
        else:
            names.append(name)
            if values < len(filled):
                bad = len(filled) - values
                notes.append(f"Column {name!r}: {bad} cells are no number, so they are missing.")
    return FeatureColumns(tuple(names), notes)


def feature_value(cell: str) -> float | bool | None:
    """A number, or true or false; None for anything else."""
    plain = cell.strip().lower()
    if plain in BOOLEANS:
        return BOOLEANS[plain]
    try:
        return number("feature", cell)
    except NotUsable:
        return None
