"""What the rows of a table paid: columns of costs, and rows that hold nothing but a fee.

Only what is in the currency of the trade is part of its money. The rest is summed in
`left_out`, and the receipt says it: a fee of 0.0002 may be BNB and not dollars.
"""

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Protocol

from afterclose.importing.grids import Line
from afterclose.importing.mapping import Mapping
from afterclose.importing.numbers import read_number
from afterclose.importing.parsed import NotUsable
from afterclose.importing.recognise import find, plain
from afterclose.importing.values import is_blank

_COST = re.compile(
    r"^(?!currency \(|withholding).*"
    r"(fees?\b|commission|brokerage|charges?\b|\btax|\bduty\b|\blevy\b)"
)
"""Headings that say that a column may be a cost of the trade."""

_BEHIND = re.compile(r"\d\s?([A-Z][A-Z0-9]{1,5})$")
"""The asset behind a number: 0.0004BNB."""


MONEY = frozenset({"USD", "EUR", "GBP", "CHF", "JPY", "INR", "CAD", "AUD", "HKD", "SEK", "NOK"})
"""What stands behind a number for people, and says nothing that the trade does not."""


class Cells(Protocol):
    """What is asked of a table's rows; `afterclose.importing.rows.Rows` has it."""

    columns: list[str]
    index: dict[str, int]
    mapping: Mapping
    mark: str

    def has(self, field: str) -> bool:
        """Whether the file has a column for a field."""

    def text(self, line: Line, field: str) -> str:
        """A cell, empty where there is no such column."""

    def number(self, line: Line, field: str) -> float:
        """The number in a cell. Raises NotUsable."""

    def column(self, place: int) -> Iterator[str]:
        """The cells of a column that are not blank."""


class RowFees:
    """Fees of a table's rows.

    ``columns`` are places with the sign that makes a payment above 0; ``rows`` are fees in rows
    of their own (amount, currency) by the order that they belong to.
    """

    def __init__(self, rows: Cells) -> None:
        self._rows = rows
        self.columns: list[tuple[int, int]] = []
        self.rows: dict[str, list[tuple[float, str]]] = {}
        self.left_out = 0.0
        self._currencies: dict[int, int] = {}

    def find_columns(self) -> None:
        """Find them, once it is known which rows count."""
        columns, fees = self._rows.columns, self._rows.mapping.fees
        for heading in fees.columns:
            place = find(columns, [heading])
            if place is not None and place not in [each for each, _ in self.columns]:
                sign = 1 if fees.sign == "cost" else -1
                self.columns.append(
                    (place, self._payment_sign(place) if fees.sign == "either" else sign)
                )
        whole = [each for each in self.columns if columns[each[0]].startswith("total ")]
        self.columns = whole or self.columns  # a sum of the others is not added to them
        for place, _ in self.columns:
            # one of several fees: `Currency (heading of the fee)`
            named = find(columns, [f"currency ({columns[place]})"])
            if named is not None:
                self._currencies[place] = named

    def unused(self) -> list[str]:
        """Columns that may be costs by their names, and are not counted."""
        rows = self._rows
        counted = {place for place, _ in self.columns} | set(self._currencies.values())
        if any(rows.columns[place].startswith("total ") for place, _ in self.columns):
            return []
        return [
            name
            for place, name in enumerate(rows.columns)
            if place not in counted and place not in rows.index.values() and _COST.search(name)
        ]

    def of(self, line: Line) -> float:
        """What a row paid in its own currency: above 0 a cost, below 0 received.

        Raises NotUsable.
        """
        rows = self._rows
        total = other = 0.0
        own = rows.text(line, "currency")
        for place, sign in self.columns:
            cell = _cell(line, place)
            if is_blank(cell):
                continue
            paid = sign * float(read_number(rows.columns[place], cell, rows.mark))
            worth = self._worth(line, place, cell)
            total += paid * (worth or 0.0)
            other += 0.0 if worth else paid
        for paid, named in self.rows.pop(self.order(line), ()):
            total, other = (total + paid, other) if named == own else (total, other + paid)
        self.left_out += other
        return total

    def _worth(self, line: Line, place: int, cell: str) -> float | None:
        """One unit of a fee in the currency of the trade; None where that cannot be told."""
        rows = self._rows
        own, pair = rows.text(line, "currency"), rows.text(line, "symbol")
        named = (
            _cell(line, self._currencies.get(place)).strip()
            or rows.text(line, "fee_currency")
            or _coin_behind(cell)
        )
        if not named:
            return None if rows.mapping.fees.currency == "unknown" else 1.0
        if own:
            return 1.0 if named == own else None
        if pair.endswith(named):
            return 1.0
        # paid in the coin that was traded: so many of it at its price
        return rows.number(line, "price") if rows.has("price") and pair.startswith(named) else None

    def order(self, line: Line) -> str:
        """The order that a row belongs to; empty where fees have no rows of their own."""
        rule = self._rows.mapping.fee_rows
        return _cell(line, find(self._rows.columns, rule.order)).strip() if rule else ""

    def keeps(self, line: Line, cell: str) -> bool:
        """Whether a row whose text is ``cell`` is the fee of an order; it is kept for its fill."""
        rule, order = self._rows.mapping.fee_rows, self.order(line)
        if rule is None or not order or not any(fnmatchcase(plain(cell), w) for w in rule.words):
            return False
        columns = self._rows.columns
        amount = _cell(line, find(columns, [rule.amount]))
        try:
            # files of several countries are pasted together: each cell has its own mark
            paid = -float(read_number(rule.amount, amount, "," if "," in amount else "."))
        except NotUsable:
            return False
        currency = _cell(line, find(columns, rule.currency)).strip()
        self.rows.setdefault(order, []).append((paid, currency))
        return True

    def _payment_sign(self, place: int) -> int:
        """Most of a column's values are payments, whichever sign they are written with."""
        cells = list(self._rows.column(place))
        below = sum(cell.strip().lstrip("$€£ ").startswith(("-", "(")) for cell in cells)
        above = sum(any(d in cell for d in "123456789") for cell in cells) - below
        return -1 if below > above else 1


def _coin_behind(cell: str) -> str:
    found = _BEHIND.search(cell.strip())
    return "" if found is None or found[1] in MONEY else found[1]


def _cell(line: Line, place: int | None) -> str:
    return "" if place is None or place >= len(line.cells) else line.cells[place]
