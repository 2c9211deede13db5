"""The JSON of a freqtrade backtest: ``strategy`` → name → ``trades``.

Fees are stored as fractions of each side's value and become currency here; funding (paid
below 0) is part of them. ``min_rate`` and ``max_rate`` are prices, so the excursions are
computed. What is tagged (enter_tag) is text and no feature. A forced exit says nothing of
the strategy, nor does the end of the backtest, which is written as one: EXTERNAL_CLOSE.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from afterclose.errors import UNREADABLE, InputError
from afterclose.importing.identity import with_digests
from afterclose.importing.parsed import Asked, Found, NotUsable, Parsed
from afterclose.importing.values import (
    Moments,
    excursions,
    is_blank,
    number,
    optional_number,
    price,
    text_of,
)
from afterclose.records import Trade

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


def recognises(text: str) -> bool:
    """Whether a text looks like such a file; `parse` says what is wrong with it."""
    return text.lstrip().startswith("{") and '"strategy"' in text


def parse(text: str, asked: Asked) -> Parsed:
    """All trades of one strategy. Raises InputError for a text that is no such file."""
    name, trades = _strategy(text, asked.strategy)
    moments = Moments(asked.timezone)
    found: list[Found] = []
    unused = []
    for count, trade in enumerate(trades, start=1):
        place = f"trade {count} of {name}"
        try:
            found.append(Found(_trade(trade, moments), place))
        except NotUsable as problem:
            unused.append(problem.at(place))
    found, repeated = with_digests(found, NAME, name)
    return Parsed(found=found, unused=unused + repeated)


def _strategy(text: str, wanted: str | None) -> tuple[str, list[Any]]:
    try:
        # parse_int: an integer of 5000 digits is infinite, not an error
        value = json.loads(text, parse_int=float)
    except UNREADABLE as error:
        raise InputError(f"not JSON: {error}; export the backtest again") from None
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


def _trade(raw: object, moments: Moments) -> Trade:
    if not isinstance(raw, dict):
        raise NotUsable("not a trade", "it is no JSON object")
    is_open = raw.get("is_open") is True
    side = "short" if raw.get("is_short") is True else "long"
    entry_price = price("open_rate", raw.get("open_rate"))
    exit_price = None if is_open else price("close_rate", raw.get("close_rate"))
    amount = price("amount", raw.get("amount"))
    reason = raw.get("exit_reason") or raw.get("sell_reason")
    reason = None if is_open or not reason else text_of("exit_reason", reason)
    mae_pct, mfe_pct = (None, None) if is_open else _excursions(raw, side, entry_price)
    return Trade(
        trade_id="",
        symbol=text_of("pair", raw.get("pair")),
        side=side,
        entry_timestamp=_moment(raw, "open", moments),
        exit_timestamp=None if is_open else _moment(raw, "close", moments),
        entry_price=entry_price,
        exit_price=exit_price,
        quantity=amount,
        fees=_fees(raw, amount, entry_price, exit_price),
        mae_pct=mae_pct,
        mfe_pct=mfe_pct,
        exit_type=EXIT_TYPES.get(reason) if reason else None,
        exit_reason=reason,
        source="backtest",
    )


def _fees(
    raw: Mapping[str, Any], amount: float, entry_price: float, exit_price: float | None
) -> float:
    """In the currency of the stake: both sides, and the funding paid less that received."""
    opened = (optional_number("fee_open", raw.get("fee_open")) or 0.0) * entry_price
    closed = (optional_number("fee_close", raw.get("fee_close")) or 0.0) * (exit_price or 0.0)
    return amount * (opened + closed) - (optional_number("", raw.get("funding_fees")) or 0.0)


def _excursions(
    raw: Mapping[str, Any], side: str, entry_price: float
) -> tuple[float | None, float | None]:
    """MAE and MFE, fractions; both unknown where the rates are no prices."""
    try:
        low, high = (price(name, raw.get(name)) for name in ("min_rate", "max_rate"))
    except NotUsable:
        return None, None
    if low > high:
        return None, None
    return excursions(side, entry_price, (low, high))


def _moment(raw: Mapping[str, Any], which: str, moments: Moments) -> str:
    """The date with its offset; where it has none, freqtrade's milliseconds are UTC."""
    text, name = raw.get(f"{which}_date"), f"{which}_timestamp"
    if isinstance(text, str) and not is_blank(text):
        moment = moments.read(f"{which}_date", text)[1]
        if _has_offset(text) or raw.get(name) is None:
            return moment
    try:
        return datetime.fromtimestamp(number(name, raw.get(name)) / 1000, UTC).isoformat()
    except (ValueError, OverflowError, OSError):
        raise NotUsable("not a timestamp", f"{name} is no time in milliseconds") from None


def _has_offset(text: str) -> bool:
    return datetime.fromisoformat(text.strip()).tzinfo is not None
