"""Signals, bars and prices as the paper executor may trust them.

Callers build the records themselves, from pandas rows as often as not, so a type in a record
proves nothing: a NaN or a NumPy number that got in here would end in an append-only ledger,
or make the file of open positions unwritable. They are parsed, not merely looked at.
"""

import math
from datetime import datetime, tzinfo
from typing import Any, Literal

import msgspec

from afterclose.errors import InputError
from afterclose.records import Bar, Signal
from afterclose.trades.excursions import SIDES
from afterclose.trading.exit_rules import ExitPlan


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """A signal that can be traded: plain numbers, aware moments.

    ``price`` is the market's, before slippage, ``quantity`` what the rules want.
    """

    symbol: str
    side: Literal["long", "short"]
    decided: datetime
    entered: datetime
    price: float
    quantity: float
    rule_confidence: float | None
    features: object
    plan: ExitPlan
    strategy: str | None = None


def order_of(signal: Signal, zone: tzinfo) -> Order:
    """The order that ``signal`` asks for; naive moments are the local time of ``zone``.

    Raises InputError naming the field and its value.
    """
    if signal.side not in SIDES:
        raise InputError(f"side={signal.side!r}: must be one of {', '.join(SIDES)}")
    if not isinstance(signal.symbol, str) or not signal.symbol:
        raise InputError(f"symbol={signal.symbol!r}: must be a name")
    entered = moment_of("timestamp", signal.timestamp, zone)
    decided = moment_of("decision_timestamp", signal.decision_timestamp or entered, zone)
    if decided > entered:
        raise InputError(f"decision_timestamp={decided}: after the entry {entered}")
    confidence = signal.rule_confidence
    return Order(
        symbol=str(signal.symbol),
        side="long" if signal.side == "long" else "short",
        decided=decided,
        entered=entered,
        price=above_0("price", signal.price),
        quantity=above_0("quantity", signal.quantity),
        rule_confidence=None if confidence is None else _finite("rule_confidence", confidence),
        features=signal.features,
        plan=ExitPlan(
            _above_0_or_none("stop_price", signal.stop_price),
            _above_0_or_none("target_price", signal.target_price),
            _above_0_or_none("max_holding_days", signal.max_holding_days),
        ),
        strategy=signal.strategy and str(signal.strategy),
    )


def bar_of(bar: Bar, zone: tzinfo) -> tuple[Bar, datetime]:
    """``bar`` in plain numbers, and its moment.

    Raises InputError for prices that are not above 0, or a high below the low. An open or
    close a little outside of them, as data vendors' rounding makes, is let through.
    """
    moment = moment_of("timestamp", bar.timestamp, zone)
    prices = [above_0(name, getattr(bar, name)) for name in ("open", "high", "low", "close")]
    opened, high, low, closed = prices
    if high < low:
        raise InputError(f"bar {bar.symbol} {bar.timestamp}: high {high} is below low {low}")
    plain = Bar(symbol=bar.symbol, timestamp=moment, open=opened, high=high, low=low, close=closed)
    return plain, moment


def moment_of(name: str, value: object, zone: tzinfo) -> datetime:
    """An aware moment from a datetime or ISO 8601 text. Raises InputError naming ``name``."""
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        raise InputError(f"{name}={value!r}: must be a moment in ISO 8601") from None
    return moment if moment.utcoffset() is not None else moment.replace(tzinfo=zone)


def above_0(name: str, value: Any) -> float:
    """``value`` as a plain float. Raises InputError unless it is a number above 0."""
    number = _finite(name, value)
    if number <= 0:
        raise InputError(f"{name}={value!r}: must be above 0")
    return number


def _above_0_or_none(name: str, value: Any) -> float | None:
    return None if value is None else above_0(name, value)


def _finite(name: str, value: Any) -> float:
    """``value`` as a plain float; neither text nor a boolean is a number here."""
    try:
        number = math.nan if isinstance(value, str | bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise InputError(f"{name}={value!r}: must be a finite number")
    return number
