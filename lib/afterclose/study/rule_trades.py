"""All trades of the rules in one symbol, at once and in memory.

`afterclose.history.replay` goes day by day through files, as production does, and syncs each of
them to the disk: for thousands of trades in hundreds of symbols that is most of an hour, spent on
proving what a test proves as well. The rules hold one position a symbol and a blocked signal takes
that place too, so which trades there are depends neither on the filter nor on the other symbols.
The exits, excursions and records are those of the paper executor; a test replays the same bars day
by day and finds the same trades.
"""

from bisect import bisect_left
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pandas as pd
from msgspec.structs import replace

from afterclose.history.indicators import FEATURES
from afterclose.records import Bar, Signal, Trade
from afterclose.study.strategy import find_signals
from afterclose.trading.costs import Costs
from afterclose.trading.exit_rules import ExitPlan, exit_on_bar
from afterclose.trading.feature_values import ledger_features
from afterclose.trading.orders import moment_of
from afterclose.trading.positions import ClosedPosition, Position

BAR_COLUMNS = ("symbol", "open", "high", "low", "close", "volume")


def rule_trades(
    bars: pd.DataFrame,
    *,
    market_opens: Sequence[datetime],
    timezone: str,
    costs: Costs,
    names: Sequence[str] = FEATURES,
) -> list[Trade]:
    """The closed trades of `study.strategy` in the ``bars`` of one symbol, oldest first.

    ``bars`` are those of `afterclose.history.bars.on_sessions`. A signal enters at the next of
    ``market_opens`` (ascending, of all sessions that any symbol has), or not at all. What is
    open at the end is left out. Market context among the features ``names`` is a column already.
    """
    zone = ZoneInfo(timezone)
    days = _days(bars)
    number_of = {day.opens_at: number for number, day in enumerate(days)}
    trades: list[Trade] = []
    next_free = 0
    for signal in find_signals(bars, names=names):
        due = bisect_left(market_opens, moment_of("timestamp", signal.timestamp, zone))
        entry = number_of.get(market_opens[due]) if due < len(market_opens) else None
        if entry is None or entry < next_free:
            continue
        plan = ExitPlan(signal.stop_price, signal.target_price)
        if exit_on_bar(signal.side, plan, days[entry].opening, held_days=0):
            continue
        position = _entered(signal, days[entry], costs)
        closed, next_free = _closed(position, days, entry, zone, costs)
        if closed is None:
            break
        trades.append(closed.trade())
    return trades


class _Day(NamedTuple):
    """A symbol's bar of one session, known at ``closes_at``."""

    opens_at: datetime
    closes_at: datetime
    bar: Bar

    @property
    def opening(self) -> Bar:
        """What is known of it at the open."""
        opened = self.bar.open
        return replace(self.bar, high=opened, low=opened, close=opened)


def _days(bars: pd.DataFrame) -> list[_Day]:
    opens, closes = (
        pd.DatetimeIndex(bars[name]).to_pydatetime() for name in ("opens_at", "closes_at")
    )
    rows = zip(*(bars[name].tolist() for name in BAR_COLUMNS), strict=True)
    return [
        _Day(
            opens_at,
            closes_at,
            Bar(timestamp=closes_at, **dict(zip(BAR_COLUMNS, row, strict=True))),
        )
        for opens_at, closes_at, row in zip(opens, closes, rows, strict=True)
    ]


def _entered(signal: Signal, day: _Day, costs: Costs) -> Position:
    price = costs.slipped(day.bar.open, buying=True)
    return Position(
        trade_id=f"{signal.symbol}-{day.opens_at.astimezone(UTC):%Y%m%dT%H%M%SZ}-{signal.side}",
        symbol=signal.symbol,
        side="long",
        source="paper",
        decision_timestamp=moment_of("timestamp", signal.timestamp, UTC).isoformat(),
        entry_timestamp=day.opens_at.isoformat(),
        entry_price=price,
        quantity=signal.quantity,
        fees=costs.fees(price, signal.quantity),
        rule_confidence=signal.rule_confidence,
        rule_features=ledger_features(signal.features),
        plan=ExitPlan(signal.stop_price, signal.target_price, signal.max_holding_days),
        low_price=price,
        high_price=price,
    )


def _closed(
    position: Position, days: Sequence[_Day], entry: int, zone: ZoneInfo, costs: Costs
) -> tuple[ClosedPosition | None, int]:
    """The position at its end, and the number of the day from which the symbol is free."""
    entered = days[entry].opens_at.astimezone(zone)
    for number in range(entry, len(days)):
        _, closes_at, bar = days[number]
        held_days = (closes_at.astimezone(zone) - entered) / timedelta(days=1)
        leave = exit_on_bar(position.side, position.plan, bar, held_days)
        if leave is not None:
            return position.left(leave, costs).closed(leave, closes_at), number + 1
        position = position.seeing(bar.low, bar.high)
    return None, len(days)
