"""The ``_trades`` table of backtesting.py, written by ``to_csv``.

It names no symbol, so the user or the file's name does. Commission is a column from version
0.6 on; before, it was part of the prices. The columns ``Entry_…`` hold indicators at the end
of the bar that was entered at its open: the decision did not know them, so they are no
features. The table has no excursions, and ReturnPct and PnL are computed anew.
"""

from collections.abc import Mapping, Sequence

from afterclose.errors import InputError
from afterclose.importing.identity import with_digests
from afterclose.importing.parsed import Asked, Found, NotUsable, Parsed
from afterclose.importing.table import read_table
from afterclose.importing.values import (
    Moments,
    is_blank,
    number,
    optional_number,
    price,
    quoted,
    text_of,
)
from afterclose.records import Trade

NAME = "backtesting"
REQUIRED = ("Size", "EntryPrice", "ExitPrice", "EntryTime", "ExitTime")
SYMBOL = "Symbol"


def recognises(columns: Sequence[str]) -> bool:
    """Whether a table with these columns is of this format."""
    return {"Size", "EntryPrice", "EntryTime"} <= set(columns)


def parse(text: str, asked: Asked) -> Parsed:
    """All trades of a text. Raises InputError for one that is no such table."""
    table = read_table(text)
    if missing := [name for name in REQUIRED if name not in table.columns]:
        raise InputError(
            f"line 1: no column {', '.join(missing)}; write the table with "
            "stats['_trades'].to_csv(...)"
        )
    moments = Moments(asked.timezone)
    found: list[Found] = []
    unused = list(table.unused)
    for row in table.rows:
        try:
            found.append(Found(_trade(row.cells, moments, asked.symbol), row.place))
        except NotUsable as problem:
            unused.append(problem.at(row.place))
    found, repeated = with_digests(found, NAME)
    return Parsed(found=found, unused=unused + repeated, notes=_notes(table.columns, asked))


def _trade(cells: Mapping[str, str], moments: Moments, symbol: str) -> Trade:
    size = number("Size", cells["Size"])
    if not size:
        raise NotUsable("quantity is 0", "Size is 0")
    exited = not is_blank(cells["ExitTime"])
    exit_price = price("ExitPrice", cells["ExitPrice"]) if exited else None
    return Trade(
        trade_id="",
        symbol=text_of(SYMBOL, cells[SYMBOL]) if SYMBOL in cells else symbol,
        side="long" if size > 0 else "short",
        entry_timestamp=moments.read("EntryTime", cells["EntryTime"])[1],
        exit_timestamp=moments.read("ExitTime", cells["ExitTime"])[1] if exited else None,
        entry_price=price("EntryPrice", cells["EntryPrice"]),
        exit_price=exit_price,
        quantity=abs(size),
        fees=optional_number("Commission", cells.get("Commission")) or 0.0,
        exit_type=_exit_type(cells, exit_price),
        source="backtest",
    )


def _exit_type(cells: Mapping[str, str], exit_price: float | None) -> str | None:
    """Known where the exit is at the very price of the stop or of the target."""
    for column, exit_type in (("SL", "STOP_LOSS"), ("TP", "TAKE_PROFIT")):
        level = optional_number(column, cells.get(column))
        if level is not None and level == exit_price:
            return exit_type
    return None


def _notes(columns: Sequence[str], asked: Asked) -> list[str]:
    notes = []
    if SYMBOL not in columns:
        notes.append(f"The file names no symbol: {quoted(asked.symbol)} is taken (--symbol).")
    if "Commission" not in columns:
        notes.append("There is no column Commission: fees are taken as 0.")
    if entry := [name for name in columns if name.startswith("Entry_")]:
        notes.append(
            f"{len(entry)} columns Entry_… are left out: they are values at the end of the bar "
            "that was entered, which the decision did not know."
        )
    return notes
