"""Rows of a recognised table: which count, and their cells read by one decision a column."""

import re
from collections.abc import Iterator, Sequence
from collections.abc import Mapping as AnyMapping
from datetime import date

from afterclose.errors import InputError
from afterclose.importing.dates import Dates, day_order, order_of_format
from afterclose.importing.grids import Line
from afterclose.importing.mapping import Mapping
from afterclose.importing.numbers import decimal_mark, read_number
from afterclose.importing.parsed import NotUsable, Options, Unused
from afterclose.importing.quotes import quote_of
from afterclose.importing.recognise import Table, find, plain
from afterclose.importing.row_fees import RowFees
from afterclose.importing.values import is_blank

TIMES = ("time", "entry_time", "exit_time", "decision_time")
NUMBERS = (
    "quantity", "price", "entry_price", "exit_price", "multiplier", "pnl", "mae", "mfe",
    "confidence", "stop", "target",
)  # fmt: skip


_SPLIT = re.compile(r"\bsplit\b|^spl$|^spr$", re.IGNORECASE)
"""A row that changes a position without being a fill; Robinhood's codes are SPL and SPR."""

Words = AnyMapping[str, Sequence[str]]
"""What a word means to the words that mean it."""


class Rows:
    """The rows of a table that count; `problems` holds what must be settled by an option."""

    def __init__(self, table: Table, options: Options) -> None:
        self.table, self.mapping, self.options = table, table.mapping, options
        self.columns = list(table.columns)
        self.index = dict(table.fields)
        self.records = len(table.lines)
        self.unused: list[Unused] = []
        self.problems: list[str] = []
        self.split_lines: list[Line] = []
        self.fees = RowFees(self)
        self.lines = self._kept(table.lines)
        if self.mapping.text is not None:
            self.lines = self._told(self.lines)
        self.fees.find_columns()
        self.dates = self._dates()
        self.mark = self._mark()
        self._amount_mark = self._mark_of_amounts()

    def forget(self) -> None:
        """Let go of the cells: a million rows and what is made of them are a gigabyte."""
        for lines in (self.lines, self.table.lines, self.table.grid.lines):
            lines.clear()

    def has(self, field: str) -> bool:
        """Whether the file has a column for a field."""
        return field in self.index

    def text(self, line: Line, field: str) -> str:
        """A cell, empty where there is no such column."""
        place = self.index.get(field)
        return "" if place is None or place >= len(line.cells) else line.cells[place].strip()

    def number(self, line: Line, field: str) -> float:
        """The number in a cell. Raises NotUsable."""
        return float(read_number(field, self.text(line, field), self.mark))

    def optional(self, line: Line, field: str) -> float | None:
        """The number in a cell; None where it is blank."""
        return None if is_blank(self.text(line, field)) else self.number(line, field)

    def currency(self, line: Line, symbol: str) -> str:
        """What the prices of a row are in, as far as a column or a pair's name says it."""
        stated = self.text(line, "currency")
        if stated or self.mapping.money.multiplier == "trade":
            return stated  # such money is the account's, whatever the pair
        return quote_of(symbol, one_word=self.mapping.pairs)

    def amount(self, line: Line) -> float | None:
        """What moved in money; None where that is not said, or cannot be read."""
        cell = self.text(line, "amount")
        try:
            return None if is_blank(cell) else float(read_number("amount", cell, self._amount_mark))
        except NotUsable:
            return None

    def day(self, line: Line) -> date | None:
        """The day of a row, where it has one."""
        try:
            return self.dates.read("time", self.text(line, "time")).date()
        except NotUsable:
            return None

    def place(self, line: Line) -> str:
        """A row's place for people."""
        return self.table.grid.place(line.number)

    def column(self, place: int) -> Iterator[str]:
        """The cells of a column that are not blank."""
        for line in self.lines:
            if place < len(line.cells) and not is_blank(line.cells[place]):
                yield line.cells[place]

    def _kept(self, lines: Sequence[Line]) -> list[Line]:
        rules = [
            (find(self.columns, [heading]), [plain(word) for word in words], keeps)
            for part, keeps in ((self.mapping.keep, True), (self.mapping.drop, False))
            for heading, words in part.items()
        ]
        kept = []
        for line in lines:
            why = self._dropped(line, rules)
            if why is None:
                kept.append(line)
            elif why:
                self.look_for_split(line)
                self.unused.append(self.left_out(line, "no trade", f"it is {why[:40]!r}"))
        return kept

    def look_for_split(self, line: Line) -> None:
        """Keep a row that is no fill, where it tells of a split."""
        if any(_SPLIT.search(cell) for cell in line.cells):
            self.split_lines.append(line)

    def _dropped(
        self, line: Line, rules: Sequence[tuple[int | None, list[str], bool]]
    ) -> str | None:
        """The word that says that a row is no trade, empty where it is blank; None for one."""
        for place, words, keeps in rules:
            cell = (
                line.cells[place].strip() if place is not None and place < len(line.cells) else ""
            )
            known = any(
                plain(cell).startswith(word[:-1]) if word.endswith("*") else plain(cell) == word
                for word in words
            )
            if place is not None and known != keeps:
                return cell
        return None

    def left_out(self, line: Line, reason: str, detail: str) -> Unused:
        """A row that gives no trade, with the PnL that it states."""
        return Unused(self.place(line), reason, detail, self._lost(line))

    def _lost(self, line: Line) -> float | None:
        """The money of a row of trades that have no prices."""
        lost = self.mapping.left_out
        if lost is None:
            return None
        rules = [
            (find(self.columns, [heading]), [plain(word) for word in words], True)
            for heading, words in lost.rows.items()
        ]
        place = find(self.columns, [lost.column])
        if self._dropped(line, rules) is not None or place is None or place >= len(line.cells):
            return None
        try:
            cell = line.cells[place]
            return float(read_number(lost.column, cell, "," if "." not in cell else "."))
        except NotUsable:
            return None

    def _told(self, lines: Sequence[Line]) -> list[Line]:
        """Rows whose text tells a trade, with the groups of the pattern as more cells."""
        text = self.mapping.text
        if text is None:
            return list(lines)
        place = find(self.columns, text.headings)
        pattern = re.compile(text.pattern, re.VERBOSE)
        width = len(self.columns)
        self.columns += list(pattern.groupindex)
        self.index |= {name: width + at for at, name in enumerate(pattern.groupindex)}
        told = []
        for line in lines:
            cell = line.cells[place] if place is not None and place < len(line.cells) else ""
            found = pattern.fullmatch(cell.strip())
            if found is None:
                if self.fees.keeps(line, cell):
                    continue
                self.look_for_split(line)
                self.unused.append(self.left_out(line, "no trade", f"it says {cell[:40]!r}"))
                continue
            cells = tuple(line.cells[:width]) + ("",) * (width - len(line.cells))
            told.append(Line(line.number, cells + tuple(each or "" for each in found.groups())))
        return told

    def _dates(self) -> Dates:
        zone = self.options.timezone
        if not self.options.zone_given and self.mapping.timezone:
            zone = self.mapping.timezone
        places = [self.index[name] for name in TIMES if name in self.index]
        order = self.mapping.date_order
        if self.options.date_format:
            order = order_of_format(self.options.date_format)  # type: ignore[assignment]
            if order is None:
                raise InputError(
                    f"--date-format {self.options.date_format!r}: write mdy, dmy, ymd or a "
                    "pattern such as %d/%m/%Y"
                )
        if order is None:
            order = day_order(cell for place in places for cell in self.column(place))  # type: ignore[assignment]
        if order is None:
            first = next(self.column(places[0]), "")
            self.problems.append(
                f"every date can be read day first or month first ({first!r}): say which with "
                "DATE_FORMAT=dmy or DATE_FORMAT=mdy (or ymd, where it begins with the year)"
            )
        return Dates(zone, order or "ymd")

    def _mark(self) -> str:
        if self.options.decimal:
            return self.options.decimal
        places = {self.index[name] for name in NUMBERS if name in self.index}
        places |= {place for place, _ in self.fees.columns}
        marks = {decimal_mark(self.column(place)) for place in places if self._has_comma(place)}
        if marks - {None} in ({","}, {"."}):
            return "," if "," in marks else "."
        if marks:
            self.problems.append(
                "the comma in its numbers can be a decimal or a thousands mark: say which with "
                "DECIMAL=, or DECIMAL=."
            )
        return "."

    def _mark_of_amounts(self) -> str:
        """Amounts may be written otherwise than prices that stand in a text (XTB)."""
        place = self.index.get("amount")
        if self.options.decimal or place is None or not self._has_comma(place):
            return self.mark
        return decimal_mark(self.column(place)) or self.mark

    def _has_comma(self, place: int) -> bool:
        return any("," in cell for cell in self.column(place))


def word_of(mapping: Mapping, cell: str, defaults: Words) -> str | None:
    """Which of the words a cell is: the mapping's own first, then the common ones.

    A mapping's word that ends in `*` is what a cell begins with.
    """
    said = plain(cell)
    for name, words in mapping.words.items():
        for word in map(plain, words):
            if said == word or (word.endswith("*") and said.startswith(word[:-1])):
                return name
    for name, common in defaults.items():
        if said in common:
            return name
    return None
