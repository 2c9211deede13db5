"""What one source's columns mean: a small TOML file, ours in `mappings/` or the user's own.

A new broker is data and not code. A mapping names for each field the headings that may hold
it (`*` stands for anything, upper and lower case make no difference), the words for sides,
which rows count, and what is known of the source's money and times.
"""

import tomllib
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Literal

import msgspec

from afterclose.errors import UNREADABLE, InputError

FILL_FIELDS = (
    "time", "clock", "symbol", "side", "quantity", "price", "multiplier", "fill_id", "order_id",
    "account", "status", "currency", "fee_currency", "effect", "amount", "pnl",
)  # fmt: skip
TRIP_FIELDS = (
    "symbol", "side", "quantity", "entry_time", "entry_price", "exit_time", "exit_price",
    "decision_time", "multiplier", "own_id", "account", "status", "currency", "fee_currency",
    "pnl", "mae", "mfe", "exit_type", "exit_reason", "confidence", "origin", "stop", "target",
)  # fmt: skip


class Fees(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which columns cost money.

    ``sign`` is that of a payment: cost (above 0), amount (below 0), or either. ``currency``
    "unknown": one that the file does not state.
    """

    columns: list[str] = []
    sign: Literal["cost", "amount", "either"] = "either"
    currency: Literal["trade", "unknown"] = "trade"


class Money(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the PnL column is good for beside being compared.

    ``multiplier``: symbol (one a contract, PnL over the price move), trade (one a trade, where
    the PnL is in another currency than the prices), or no. ``fees``: what the PnL lacks is the
    commission, where it is one share of the turnover in all trades.
    """

    multiplier: Literal["no", "symbol", "trade"] = "no"
    fees: bool = False


class Text(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A column that tells a trade in words: the named groups of the pattern become columns."""

    column: str | list[str]
    pattern: str

    @property
    def headings(self) -> list[str]:
        """The headings that the column may have, best first."""
        return [self.column] if isinstance(self.column, str) else self.column


class FeeRows(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Fees that stand in rows of their own, joined to a fill by the order's id.

    ``words`` are what the text column begins with in such a row; a cost is below 0 there. The
    column ``order`` joins, fills too, and is no part of an id: as ``order_id`` it would give trades
    that were imported before other ones.
    """

    words: list[str]
    order: list[str]
    amount: str
    currency: list[str]


class LeftOut(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Rows that are trades of a kind without prices: their money is summed when left out."""

    column: str
    rows: dict[str, list[str]]


class Mapping(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One source.

    ``rows``: fills (one execution a row), trips (one trade a row) or pairs (one row for the
    entry and one for the exit of a trade, joined by the column ``pair``). ``recognise`` are
    headings that tell this source from others, ``without`` are not there; ``keep`` and ``drop``
    choose rows by the words in a column; ``spot``: nothing can be sold short there; ``pairs``:
    its symbols are pairs of currencies in one word. ``contract`` finds the name of a derivative
    in a column, where the symbol is that of what it is of; ``scale``: an amount that is a whole
    number of times price and quantity is a multiplier's.
    """

    name: str
    title: str
    rows: Literal["fills", "trips", "pairs"]
    columns: dict[str, list[str] | str]
    recognise: list[str] = []
    without: list[str] = []
    table: str = "*"
    left_out: LeftOut | None = None
    source: Literal["live", "paper", "backtest"] = "live"
    words: dict[str, list[str]] = {}
    keep: dict[str, list[str]] = {}
    drop: dict[str, list[str]] = {}
    text: Text | None = None
    contract: Text | None = None
    fee_rows: FeeRows | None = None
    scale: bool = False
    pair: str | None = None
    fees: Fees = Fees()
    money: Money = Money()
    timezone: str | None = None
    date_order: Literal["ymd", "mdy", "dmy"] | None = None
    opening: Literal["ask", "flat"] = "ask"
    spot: bool = False
    pairs: bool = False
    orders: bool = False
    merge: bool = True
    percent: bool = False
    features: list[str] = []
    notes: list[str] = []

    def headings(self, field: str) -> list[str]:
        """The headings that may hold a field, best first."""
        named = self.columns.get(field, [])
        return [named] if isinstance(named, str) else named


def read_mapping(text: str, where: str) -> Mapping:
    """A mapping from TOML. Raises InputError naming what is wrong in ``where``."""
    try:
        mapping = msgspec.convert(tomllib.loads(text), Mapping)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, *UNREADABLE) as error:
        raise InputError(f"{where}: {error}") from None
    known = FILL_FIELDS if mapping.rows == "fills" else TRIP_FIELDS
    if unknown := sorted(mapping.columns.keys() - set(known)):
        raise InputError(f"{where}: no field {unknown[0]!r}; columns has {', '.join(known)}")
    return mapping


def own_mapping(path: str) -> Mapping:
    """The user's mapping file (MAP=). Raises InputError."""
    try:
        return read_mapping(Path(path).read_text(encoding="utf-8"), path)
    except OSError as error:
        raise InputError(f"--map {path}: cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise InputError(f"--map {path}: cannot be read: {error}") from None


@cache
def mappings() -> tuple[Mapping, ...]:
    """All that the package brings, those with most headings of their own first."""
    folder = resources.files("afterclose.importing") / "mappings"
    found = [
        read_mapping(file.read_text(encoding="utf-8"), file.name)
        for file in folder.iterdir()
        if file.name.endswith(".toml")
    ]
    return tuple(sorted(found, key=lambda each: (-len(each.recognise), each.name)))
