"""freqtrade: the JSON of a backtest, and the database of a bot, with entries and exits rebuilt.

After a partial exit the trade's own amount and rates describe its last piece, so the money is
rebuilt from the filled orders and checked against the stated profit. Fees are stored as
fractions of each side's value and become currency here; funding (paid below 0) is part of
them. ``min_rate`` and ``max_rate`` are prices, so the excursions are computed. A forced exit
says nothing of the strategy, nor does the end of the backtest, which is written as one.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from afterclose.errors import InputError
from afterclose.importing.dates import Dates
from afterclose.importing.parsed import NotUsable, Options, Parsed, Trip, Unused
from afterclose.importing.quotes import quote_of
from afterclose.importing.read_database import Tables
from afterclose.importing.values import (
    excursions,
    is_blank,
    number,
    optional_number,
    price,
    text_of,
)

NAME = "freqtrade"

EXIT_TYPES = {
    "roi": "TAKE_PROFIT",
    "stop_loss": "STOP_LOSS",
    "trailing_stop_loss": "STOP_LOSS",
    "stoploss_on_exchange": "STOP_LOSS",
    "exit_signal": "STRATEGY",
    "sell_signal": "STRATEGY",
    "force_exit": "EXTERNAL_CLOSE",
    "force_sell": "EXTERNAL_CLOSE",
    "liquidation": "LIQUIDATION",
}
"""Exit type by freqtrade's reason; of other reasons it is unknown."""

Raw = Mapping[str, Any]


class Legs(NamedTuple):
    """What was bought and sold: amount, mean entry, mean exit (None while open)."""

    amount: float
    entry_price: float
    exit_price: float | None


def is_backtest(value: object) -> bool:
    """Whether a JSON value looks like a backtest; `of_backtest` says what is wrong with it."""
    return isinstance(value, dict) and "strategy" in value


def is_database(tables: Tables) -> bool:
    """Whether tables are a bot's: its trades are there, and those have rates."""
    return any("open_rate" in row for row in tables.get("trades", [])[:1])


def of_backtest(value: object, options: Options) -> Parsed:
    """All trades of one strategy. Raises InputError for what is no such file."""
    name, raws = _strategy(value, options.strategy)
    return _parsed(raws, options, [name], "backtest", f"trade {{}} of {name}")


def of_database(tables: Tables, options: Options) -> Parsed:
    """All trades of a bot, with their orders; ``STRATEGY=`` chooses among its strategies."""
    orders: dict[object, list[Raw]] = {}
    for order in tables.get("orders", []):
        orders.setdefault(order.get("ft_trade_id"), []).append(order)
    raws = [
        dict(row) | {"orders": orders.get(row.get("id"), [])}
        for row in tables["trades"]
        if options.strategy in (None, row.get("strategy"))
    ]
    names = sorted({str(row.get("strategy") or "") for row in raws} - {""})
    if not raws:
        known = sorted({str(row.get("strategy")) for row in tables["trades"]})
        raise InputError(f"no strategy {options.strategy!r} in it; there is {', '.join(known)}")
    parsed = _parsed(raws, options, names, "live", "trade {}")
    others = sorted(name for name in tables if "_bak" in name)
    if others:
        parsed.notes.append(f"Older copies in the same file are not read: {', '.join(others)}.")
    return parsed


def _parsed(
    raws: Sequence[object], options: Options, names: Sequence[str], source: str, place: str
) -> Parsed:
    dates = Dates(options.timezone if options.zone_given else "UTC")
    trips: list[Trip] = []
    unused: list[Unused] = []
    for count, raw in enumerate(raws, start=1):
        where = place.format(raw.get("id", count) if isinstance(raw, dict) else count)
        try:
            trips.append(_trip(raw, dates, where, names[0] if source == "backtest" else ""))
        except NotUsable as problem:
            unused.append(problem.at(where, _stated(raw)))
    notes = []
    if len(names) > 1:
        notes.append(f"Strategies in it: {', '.join(names)} (STRATEGY= takes one).")
    return Parsed(
        name=NAME, title="freqtrade", source=source, trips=trips, unused=unused, notes=notes,
        records=len(raws), merge=False,
    )  # fmt: skip


def _strategy(value: object, wanted: str | None) -> tuple[str, list[Any]]:
    strategies = value.get("strategy") if isinstance(value, dict) else None
    if not isinstance(strategies, dict) or not strategies:
        raise InputError("no object 'strategy' in it; give the result file of a backtest")
    if wanted is None and len(strategies) > 1:
        raise InputError(
            f"it holds the strategies {', '.join(strategies)}, and a ledger is of one: say which "
            "with --strategy"
        )
    name = next(iter(strategies)) if wanted is None else wanted
    if name not in strategies:
        raise InputError(f"no strategy {name!r} in it; there is {', '.join(strategies)}")
    found = strategies[name]
    trades = found.get("trades") if isinstance(found, dict) else None
    if not isinstance(trades, list):
        raise InputError(f"strategy {name!r} has no list 'trades'; export it with trades")
    return name, trades


def _stated(raw: object) -> float | None:
    """The trade's own profit, in the currency of the stake."""
    if not isinstance(raw, dict) or raw.get("is_open") in (True, 1):
        return None
    for name in ("profit_abs", "close_profit_abs"):
        try:
            if (found := optional_number(name, raw.get(name))) is not None:
                return found
        except NotUsable:
            pass
    return None


def _trip(raw: object, dates: Dates, place: str, account: str) -> Trip:
    if not isinstance(raw, dict):
        raise NotUsable("not a trade", "it is no JSON object")
    is_open = raw.get("is_open") in (True, 1)
    side = "short" if raw.get("is_short") in (True, 1) else "long"
    stated = _stated(raw)
    legs = _best_legs(raw, side, is_open, stated)
    reason = raw.get("exit_reason") or raw.get("sell_reason")
    reason = None if is_open or not reason else text_of("exit_reason", reason)
    mae_pct, mfe_pct = (None, None) if is_open else _excursions(raw, side, legs.entry_price)
    return Trip(
        symbol=text_of("pair", raw.get("pair")),
        currency=quote_of(text_of("pair", raw.get("pair")), one_word=False),
        side=side,
        quantity=legs.amount,
        entry_moment=_moment(raw, "open", dates),
        entry_price=legs.entry_price,
        exit_moment=None if is_open else _moment(raw, "close", dates),
        exit_price=legs.exit_price,
        fees=_fees(raw, legs),
        place=place,
        account=account or text_of("exchange", raw.get("exchange") or "-"),
        pnl=stated,
        mae_pct=mae_pct,
        mfe_pct=mfe_pct,
        exit_type=EXIT_TYPES.get(reason) if reason else None,
        exit_reason=reason,
    )


def _best_legs(raw: Raw, side: str, is_open: bool, stated: float | None) -> Legs:
    """The trade's own amount and rates, or those of its orders where these fit the profit."""
    own = Legs(
        price("amount", raw.get("amount")),
        price("open_rate", raw.get("open_rate")),
        None if is_open else price("close_rate", raw.get("close_rate")),
    )
    rebuilt = _legs_of_orders(raw, side, is_open)
    if rebuilt is None:
        return own
    if stated is None:
        return rebuilt if abs(rebuilt.amount / own.amount - 1) > 0.01 else own
    return min((own, rebuilt), key=lambda legs: abs(_money(raw, side, legs) - stated))


def _legs_of_orders(raw: Raw, side: str, is_open: bool) -> Legs | None:
    entering = "sell" if side == "short" else "buy"
    sums = {True: [0.0, 0.0], False: [0.0, 0.0]}
    for order in raw.get("orders") or []:
        try:
            amount = _filled(order)
            rate = _rate(order) if amount else 0.0
        except (NotUsable, AttributeError):
            return None
        entry = order.get("ft_is_entry")
        entry = order.get("ft_order_side") == entering if entry is None else bool(entry)
        sums[entry][0] += amount
        sums[entry][1] += amount * rate
    (bought, paid), (sold, got) = sums[True], sums[False]
    if not bought or (not is_open and abs(sold / bought - 1) > 0.01):
        return None
    return Legs(bought, paid / bought, None if is_open else got / sold)


def _filled(order: Raw) -> float:
    if order.get("status") in ("canceled", "cancelled", "expired", "rejected", "open"):
        return optional_number("filled", order.get("filled")) or 0.0
    filled = order.get("filled")
    return number("amount", order.get("amount") if filled is None else filled)


def _rate(order: Raw) -> float:
    for name in ("safe_price", "average", "price"):
        if order.get(name):
            return price(name, order[name])
    raise NotUsable("missing value", "the order has no price")


def _money(raw: Raw, side: str, legs: Legs) -> float:
    sign = 1 if side == "long" else -1
    move = sign * ((legs.exit_price or 0.0) - legs.entry_price)
    return move * legs.amount - _fees(raw, legs)


def _fees(raw: Raw, legs: Legs) -> float:
    """In the currency of the stake: both sides, and the funding paid less that received."""
    opened = (optional_number("fee_open", raw.get("fee_open")) or 0.0) * legs.entry_price
    closed = (optional_number("fee_close", raw.get("fee_close")) or 0.0) * (legs.exit_price or 0.0)
    funding = optional_number("funding_fees", raw.get("funding_fees")) or 0.0
    return legs.amount * (opened + closed) - funding


def _excursions(raw: Raw, side: str, entry_price: float) -> tuple[float | None, float | None]:
    """MAE and MFE, fractions; both unknown where the rates are no prices."""
    try:
        low, high = (price(name, raw.get(name)) for name in ("min_rate", "max_rate"))
    except NotUsable:
        return None, None
    if low > high:
        return None, None
    return excursions(side, entry_price, (low, high))


def _moment(raw: Raw, which: str, dates: Dates) -> datetime:
    """The date with its offset; where it has none, freqtrade's own are UTC."""
    text, name = raw.get(f"{which}_date"), f"{which}_timestamp"
    if isinstance(text, datetime):
        return text if text.tzinfo else text.replace(tzinfo=UTC)
    if isinstance(text, str) and not is_blank(text):
        return dates.read(f"{which}_date", text)
    try:
        return datetime.fromtimestamp(number(name, raw.get(name)) / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        raise NotUsable("not a timestamp", f"{name} is no time in milliseconds") from None
