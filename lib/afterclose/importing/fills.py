"""A CSV of fills: one execution a row, as pyfolio's transactions or a broker's export has them.

Columns: a time (``timestamp``, ``datetime``, ``date``, ``time``, or a first column without a
name), ``symbol``, ``price``, ``quantity`` or ``amount`` (below 0 for a sale, or with a column
``side``), and ``fees`` or ``commission`` in currency, if any. Behind a fill that cannot be
used nothing of its symbol is matched: which lot a later sale closes is not known any more.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction

from afterclose.errors import InputError
from afterclose.importing.fifo import Execution
from afterclose.importing.identity import with_digests
from afterclose.importing.parsed import Asked, NotUsable, Parsed, Unused
from afterclose.importing.round_trips import round_trips
from afterclose.importing.table import Row, read_table
from afterclose.importing.values import Moments, exact, is_blank, price, text_of

NAME = "fills"

NAMES = {
    "timestamp": ("timestamp", "datetime", "date", "time", ""),
    "symbol": ("symbol", "ticker"),
    "price": ("price",),
    "quantity": ("quantity", "amount", "qty"),
    "side": ("side",),
    "fees": ("fees", "fee", "commission"),
}
REQUIRED = ("timestamp", "symbol", "price", "quantity")
SIGNS = {"buy": 1, "b": 1, "bot": 1, "sell": -1, "s": -1, "sld": -1}

ZERO = "quantity is 0"
"""The reason of a fill that changes no position."""


def recognises(columns: Sequence[str]) -> bool:
    """Whether a table with these columns is of this format."""
    return _columns(columns).keys() >= set(REQUIRED)


def parse(text: str, asked: Asked) -> Parsed:
    """Round trips of a text. Raises InputError for one that is no table of fills."""
    table = read_table(text)
    columns = _columns(table.columns)
    if missing := [name for name in REQUIRED if name not in columns]:
        known = "; ".join(f"{name}: {' or '.join(filter(None, NAMES[name]))}" for name in missing)
        raise InputError(f"line 1: no column for {', '.join(missing)}; name them so ({known})")
    moments = Moments(asked.timezone)
    executions: list[Execution] = []
    unused = list(table.unused)
    stopped: dict[str, str] = {}
    for row in table.rows:
        cells = {name: row.cells[column] for name, column in columns.items()}
        symbol = cells["symbol"].strip()
        try:
            _refuse_behind(stopped.get(symbol))
            executions.append(_execution(cells, row, moments))
        except NotUsable as problem:
            if problem.reason != ZERO:
                stopped.setdefault(symbol, row.place)
            unused.append(problem.at(row.place))
    found, left_open, unmatched = round_trips(executions, NAME, "paper")
    found, _ = with_digests(found, NAME, may_be_equal=True)
    unused = [*unused, *unmatched]
    return Parsed(found=found, unused=unused, left_open=left_open, notes=_notes(columns, unused))


def _columns(columns: Sequence[str]) -> dict[str, str]:
    """What each column is used for; the first known name wins."""
    plain = {name.lower(): name for name in reversed(columns)}
    found = {
        name: next((plain[known] for known in known_names if known in plain), None)
        for name, known_names in NAMES.items()
    }
    return {name: column for name, column in found.items() if column is not None}


def _refuse_behind(hole: str | None) -> None:
    if hole is not None:
        what = f"{hole} could not be used, so the position is not known"
        raise NotUsable("behind a fill that is missing", what)


def _execution(cells: Mapping[str, str], row: Row, moments: Moments) -> Execution:
    symbol = text_of("symbol", cells["symbol"])
    moment, timestamp = moments.read("timestamp", cells["timestamp"])
    quantity = _signed(exact("quantity", cells["quantity"]), cells.get("side", ""))
    fees = Fraction(0) if is_blank(cells.get("fees")) else exact("fees", cells["fees"])
    if fees < 0:
        raise NotUsable("fees below 0", f"fees are {cells['fees'].strip()}")
    at = price("price", cells["price"])
    return Execution(symbol, symbol, moment, timestamp, at, quantity, fees, row.place)


def _signed(quantity: Fraction, side: str) -> Fraction:
    if not quantity:
        raise NotUsable(ZERO, "nothing was traded")
    if is_blank(side):
        return quantity
    sign = SIGNS.get(side.strip().lower())
    if sign is None or (quantity < 0 and sign > 0):
        what = f"side is {side.strip()[:20]!r} and the quantity {float(quantity):g}"
        raise NotUsable("unknown side", f"{what}; write buy or sell, and the quantity above 0")
    return abs(quantity) * sign


def _notes(columns: Mapping[str, str], unused: Sequence[Unused]) -> list[str]:
    notes = [] if "fees" in columns else ["There is no column fees: fees are taken as 0."]
    if any(each.reason == "wrong number of cells" for each in unused):
        notes.append("Lines with a wrong number of cells may be fills that positions miss.")
    return notes
