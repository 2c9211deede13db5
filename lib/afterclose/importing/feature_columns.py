"""Which columns may be learned from: those that the user or the mapping names, and no others.

What a file happens to hold is mostly known only after the trade (an account's equity, a tax),
and a name cannot prove that it is not. So nothing becomes a feature by itself.
"""

from collections.abc import Collection, Sequence
from difflib import get_close_matches

from afterclose.errors import InputError
from afterclose.importing.grids import Line
from afterclose.importing.numbers import read_number
from afterclose.importing.parsed import NotUsable
from afterclose.importing.recognise import Table, find
from afterclose.trades.leaking_names import known_later

BOOLEANS = {"true": True, "false": False, "yes": True, "no": False}


class Features:
    """The named columns of a table; ``fees`` are the places of those that say what a trade paid.

    Raises InputError for one that is not there or that no decision can have known.
    """

    def __init__(self, table: Table, wanted: Sequence[str], fees: Collection[int] = ()) -> None:
        own = {*table.fields.values(), *fees}
        self.names: list[str] = []
        self._places: list[int] = []
        for name in wanted:
            place = find(table.columns, [name])
            if place is None:
                raise InputError(_no_column(name, table, own))
            if known_later(name) or place in own:
                raise InputError(
                    f"--features: {name!r} is known only after the decision, or says what the "
                    "trade was; it cannot be learned from"
                )
            self.names.append(name)
            self._places.append(place)

    def of(self, line: Line) -> dict[str, float | bool | None]:
        """The values of a row; None for a cell that is no number."""
        return {
            name: _value(line.cells[place] if place < len(line.cells) else "")
            for name, place in zip(self.names, self._places, strict=True)
        }


def _no_column(name: str, table: Table, own: Collection[int]) -> str:
    """The columns that may be named, as a shell takes them without quotes."""
    free = [each.replace(" ", "_") for at, each in enumerate(table.columns) if at not in own]
    near = get_close_matches(name.lower(), free, n=1)
    hint = f" did you mean {near[0]}?" if near else ""
    return f"--features: no column {name!r};{hint} besides the trade's own there are: " + (
        ", ".join(free) or "none"
    )


def _value(cell: str) -> float | bool | None:
    said = cell.strip().lower()
    if said in BOOLEANS:
        return BOOLEANS[said]
    try:
        return float(read_number("feature", cell))
    except NotUsable:
        return None
