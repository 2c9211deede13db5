"""Rows of round trips: one trade a row, or one row for its entry and one for its exit."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

from afterclose.errors import InputError
from afterclose.importing.excursion_unit import in_fractions
from afterclose.importing.feature_columns import Features
from afterclose.importing.grids import Line
from afterclose.importing.numbers import read_number
from afterclose.importing.parsed import NotUsable, Options, Trip, Unused
from afterclose.importing.recognise import Table, find, plain
from afterclose.importing.rows import Rows, word_of
from afterclose.importing.values import SMALLEST, is_blank, quoted

LONG_AND_SHORT = {
    "long": ("long", "buy", "b", "l", "1", "bot", "buy to open"),
    "short": ("short", "sell", "s", "-1", "sld", "sell short", "sell to open"),
}
NOT_TRADED = frozenset({
    "cancelled", "canceled", "rejected", "expired unfilled", "not filled", "unfilled", "pending",
    "working", "new", "void", "deleted",
})  # fmt: skip
"""States in which a row is no trade. Other words there may be anything (`win`, `stopped`)."""

SOURCES = ("paper", "live", "backtest")
TOLERANCE = 0.015
"""By how much money of one trade may differ: it is rounded to cents."""


def paired(table: Table) -> Table:
    """Two rows a trade as one: the exit's cells behind the entry's, named with `exit` before.

    Several exits of one entry are pieces of their own quantity. Raises InputError where a number
    has two entries: then it is several lists in one file, and no exit has an entry of its own.
    """
    mapping = table.mapping
    size, symbol = table.fields.get("quantity"), table.fields.get("symbol")
    by, kind = find(table.columns, [mapping.pair or ""]), find(table.columns, ["type"])
    columns = (*table.columns, *(f"exit {name}" for name in table.columns))
    entries: dict[tuple[str, str], Line] = {}
    exits: dict[tuple[str, str], list[Line]] = {}
    if by is None:
        return table
    for line in table.lines:
        said = plain(line.cells[kind]) if kind is not None and kind < len(line.cells) else ""
        name = (_cell(line, symbol), _cell(line, by))
        if said.startswith("entry"):
            if name in entries and entries[name].cells != line.cells:
                raise InputError(
                    f"{table.grid.place(line.number)}: trade {name[1]} has two entries, so several "
                    "lists are in this file: import each by itself, or add a column Symbol"
                )
            entries[name] = line
        elif said.startswith("exit"):
            exits.setdefault(name, []).append(line)
    width = len(table.columns)
    lines = []
    for number, entry in entries.items():
        for leaving in exits.get(number, [Line(entry.number, ("",) * width)]):
            entered = list(_wide(entry.cells, width))
            if size is not None and not is_blank(_cell(leaving, size)):
                entered[size] = leaving.cells[size]
            cells = (*entered, *_wide(leaving.cells, width))
            lines.append(Line(entry.number, cells))
    index = {
        field: place
        for field in mapping.columns
        if (place := find(columns, mapping.headings(field))) is not None
    }
    return table._replace(columns=columns, fields=index, lines=lines)


def _cell(line: Line, place: int | None) -> str:
    return "" if place is None or place >= len(line.cells) else line.cells[place].strip()


def _wide(cells: Sequence[str], width: int) -> tuple[str, ...]:
    return (*cells[:width], *("",) * (width - len(cells)))


class Trips:
    """The trips of a table, and what is none."""

    def __init__(self, rows: Rows, features: Features, options: Options) -> None:
        self.rows, self.options, self._features = rows, options, features
        self.mapping = rows.mapping
        self.unused: list[Unused] = []
        self.side_from = ""
        self.notes: list[str] = []
        self._side = options.side
        if not rows.has("side") and self._side is None:
            self._side = self._told_side()
            rows.fees.left_out = 0.0  # each row was read once already, to find out
        self.trips = self._all()

    def _told_side(self) -> str | None:
        """Long, short, signed or pnl: by what a file without a column for it tells the side."""
        rows = self.rows
        place = rows.index.get("quantity")
        if place is not None and any("-" in cell for cell in rows.column(place)):
            return "signed"
        if rows.has("pnl") and (side := self._side_of_pnl()):
            return side
        rows.problems.append(
            "no column says whether a trade is long or short: say SIDE=long, SIDE=short, or name "
            "the column in a mapping (MAP=)"
        )
        return None

    def _side_of_pnl(self) -> str | None:
        """Each trade's PnL is that of one side only, which proves the side of all."""
        sides = set()
        for line in self.rows.lines:
            try:
                entry, leave = (self.rows.number(line, f"{n}_price") for n in ("entry", "exit"))
                size = self.rows.number(line, "quantity")
                pnl, fees = self.rows.number(line, "pnl"), self.rows.fees.of(line)
            except NotUsable:
                continue
            gain = (leave - entry) * size
            allowed = TOLERANCE + 0.001 * abs(gain)
            fits = {
                side
                for side, sign in (("long", 1), ("short", -1))
                for stated in (pnl, pnl + fees)
                if abs(sign * gain - stated) <= allowed
            }
            if not fits:
                return None
            if len(fits) == 1:
                sides |= fits
        if len(sides) != 1:
            return None
        self.side_from = "The side is told by the PnL column: it is that of {} trades in each row."
        return sides.pop()

    def _all(self) -> list[Trip]:
        found = []
        for line in self.rows.lines:
            try:
                found.append(self._trip(line))
            except NotUsable as problem:
                pnl = None
                with suppress(NotUsable):
                    pnl = self.rows.optional(line, "pnl")
                self.unused.append(problem.at(self.rows.place(line), pnl))
        trips = self._without_repeats(found)
        if self.mapping.percent:
            trips, self.notes = in_fractions(trips)
        return trips

    def _without_repeats(self, trips: Sequence[Trip]) -> list[Trip]:
        """Of rows with one id, or equal to the last digit without one, the last counts."""
        last: dict[object, Trip] = {}
        for trip in trips:
            key = _key(trip)
            if key in last:
                what = "repeated id" if trip.own_id else "repeated trade"
                detail = f"{trip.place} has the same and counts"
                self.unused.append(Unused(last[key].place, what, detail, last[key].pnl))
            last[key] = trip
        return [trip for trip in trips if last[_key(trip)] is trip]

    def _trip(self, line: Line) -> Trip:
        rows = self.rows
        state = plain(rows.text(line, "status"))
        if state in NOT_TRADED:
            raise NotUsable("not filled", f"its state is {quoted(state)}")
        symbol = rows.text(line, "symbol")
        if rows.has("symbol") and is_blank(symbol):
            raise NotUsable("missing value", "symbol is empty")
        size = self._size(line)
        left = self._exit(line)
        exit_price = None if left is None else _price("exit_price", rows.number(line, "exit_price"))
        entry_price = _price("entry_price", rows.number(line, "entry_price"))
        if entry_price == 0:
            raise NotUsable("not above 0", "entry_price is 0")
        mae, mfe = self._excursions(line)
        decided = rows.text(line, "decision_time")
        return Trip(
            symbol=symbol or self.options.symbol,
            side=self._side_of(line, size),
            quantity=abs(size),
            entry_moment=rows.dates.read("entry_time", rows.text(line, "entry_time")),
            entry_price=entry_price,
            exit_moment=left,
            exit_price=exit_price,
            fees=rows.fees.of(line),
            place=rows.place(line),
            account=rows.text(line, "account") or self.options.account,
            own_id=rows.text(line, "own_id"),
            pnl=rows.optional(line, "pnl"),
            mae_pct=mae,
            mfe_pct=mfe,
            decision_moment=rows.dates.read("decision_time", decided) if decided else None,
            confidence=rows.optional(line, "confidence"),
            exit_type=rows.text(line, "exit_type") or self._exit_type(line, exit_price),
            exit_reason=rows.text(line, "exit_reason") or None,
            origin=self._origin(rows.text(line, "origin")),
            features=self._features.of(line),
            currency=rows.currency(line, symbol),
        )

    def _size(self, line: Line) -> float:
        rows = self.rows
        size = read_number("quantity", rows.text(line, "quantity").split(" / ")[0], rows.mark)
        if abs(size) < SMALLEST:
            raise NotUsable("quantity is 0", "nothing was traded")
        if not is_blank(rows.text(line, "multiplier")):
            size *= read_number("multiplier", rows.text(line, "multiplier"), rows.mark)
        if size < 0 and not (self._side == "signed" or rows.has("side")):
            raise NotUsable("not above 0", f"quantity is {size:g}")
        return float(size)

    def _exit(self, line: Line) -> datetime | None:
        text = self.rows.text(line, "exit_time")
        state = plain(self.rows.text(line, "status"))
        if is_blank(text) or state in ("open", "opened"):
            return None
        return self.rows.dates.read("exit_time", text)

    def _side_of(self, line: Line, size: float) -> str:
        if self._side == "signed":
            return "long" if size > 0 else "short"
        if not self.rows.has("side"):
            return self._side or "long"
        said = self.rows.text(line, "side")
        side = word_of(self.mapping, said, LONG_AND_SHORT)
        side = {"buy": "long", "sell": "short"}.get(side or "", side)
        if side not in ("long", "short"):
            raise NotUsable("unknown side", f"side is {quoted(said)}; write long or short")
        if side == "long" and size < 0:
            raise NotUsable("unknown side", f"side is {quoted(said)} and the quantity {size:g}")
        return side

    def _excursions(self, line: Line) -> tuple[float | None, float | None]:
        """MAE at most 0 and MFE at least 0, fractions, whatever signs they are written with."""
        scale = 0.01 if self.mapping.percent else 1.0
        mae, mfe = self.rows.optional(line, "mae"), self.rows.optional(line, "mfe")
        return (
            None if mae is None else -abs(mae) * scale,
            None if mfe is None else abs(mfe) * scale,
        )

    def _exit_type(self, line: Line, exit_price: float | None) -> str | None:
        """Known where the exit is at the very price of the stop or of the target."""
        for field, exit_type in (("stop", "STOP_LOSS"), ("target", "TAKE_PROFIT")):
            level = self.rows.optional(line, field)
            if level and level == exit_price:
                return exit_type
        return None

    def _origin(self, said: str) -> str | None:
        if said and said.lower() not in SOURCES:
            what = f"source is {quoted(said)}; write {', '.join(SOURCES)}, or leave it empty"
            raise NotUsable("unknown source", what)
        return said.lower() or None


def _key(trip: Trip) -> object:
    if trip.own_id:
        return trip.account, trip.own_id, trip.symbol, trip.entry_moment, trip.side
    return repr(trip).replace(trip.place, "")


def _price(name: str, price: float) -> float:
    if price < 0 or 0 < price < SMALLEST:
        raise NotUsable("not above 0", f"{name} is {price:g}")
    return price
