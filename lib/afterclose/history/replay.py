"""Trading days replayed through the production path: signals, filter, paper trades, ledger.

A day is here what it is in production: at the open a fresh filter is loaded, which locks
the session; signals are entered; the day's bars move and end positions; at the close all is
on disk. Nothing is carried from day to day in memory, so three years in one process and
three years in a process a day leave the same files. A vectorised backtest would be faster,
and would test another program than the one that trades.

A signal of one close is entered at the next open, with the features of that close. The
rules hold one position a symbol. A blocked signal is followed as a shadow trade and takes
that place too, so paper and shadow trades together are what the rules alone would make.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Annotated, NamedTuple

import msgspec
import pandas as pd
from msgspec import Meta
from msgspec.structs import replace

from afterclose.disk.sealed_json import decode_sealed, write_sealed
from afterclose.errors import UNREADABLE, IntegrityError, ScopeBusy
from afterclose.ledger import TradeLedger
from afterclose.market.clock import MarketClock
from afterclose.paper_trading_executor import PaperTradingExecutor
from afterclose.records import Bar, Signal, Trade
from afterclose.risk_filter import RiskFilter
from afterclose.scope_files import REPLAY_FILE
from afterclose.settings import Settings
from afterclose.trading.exit_rules import ExitPlan, exit_on_bar

STATE_VERSION = 1

BAR_COLUMNS = ("symbol", "open", "high", "low", "close", "volume")

ENTERED, BLOCKED = "entered", "blocked"
"""What became of a signal; any other word says why the filter was not asked about it."""


class TradingDay(NamedTuple):
    """One session and its bars by symbol. Moments are aware, in UTC."""

    session: str
    previous_open: datetime
    opens_at: datetime
    closes_at: datetime
    bars: dict[str, Bar]


class ReplayState(msgspec.Struct, frozen=True, kw_only=True):
    """`paper_replay.json`: the last session that is on disk whole.

    A second run of the same days therefore changes nothing. To raise STATE_VERSION, let
    `_last_session` read the old number.
    """

    schema_version: Annotated[int, Meta(ge=1, le=STATE_VERSION)] = STATE_VERSION
    session: str


class ReplaySummary(msgspec.Struct, kw_only=True):
    """What a replay did: its ``sessions`` by date, and what became of the ``signals``."""

    sessions: list[str] = []
    signals: Counter[str] = msgspec.field(default_factory=Counter)
    closed: int = 0
    shadow_closed: int = 0


def replay_sessions(
    settings: Settings,
    bars: pd.DataFrame,
    signals: Sequence[Signal],
    *,
    start: str | None = None,
    end: str | None = None,
    on_session: Callable[[TradingDay], None] | None = None,
) -> ReplaySummary:
    """Trade the sessions of ``bars`` dated ``start`` to ``end`` (ISO 8601), both included.

    ``bars`` are those of `afterclose.history.bars.on_sessions`. ``signals`` have aware timestamps,
    the moments of their decisions, and come in that order. Sessions up to the last one that was
    replayed before are left out. ``on_session`` is called after each close. Raises what the
    executor raises, and IntegrityError when the state file cannot be read.
    """
    replay = _Replay(settings, signals)
    done = _last_session(settings.root / REPLAY_FILE)
    for day in trading_days(bars):
        if day.session > done and (start or "") <= day.session <= (end or day.session):
            replay.trade(day)
            if on_session:
                on_session(day)
    return replay.summary


def trading_days(bars: pd.DataFrame) -> Iterator[TradingDay]:
    """The sessions of ``bars``, oldest first."""
    bars = bars.sort_values(["opens_at", "symbol"])
    moments = (pd.DatetimeIndex(bars[name]).to_pydatetime() for name in ("opens_at", "closes_at"))
    columns = (bars[name].tolist() for name in BAR_COLUMNS)
    rows = zip(bars["date"].dt.strftime("%Y-%m-%d"), *moments, *columns, strict=True)
    previous_open = datetime.min.replace(tzinfo=UTC)
    for (session, opens_at, closes_at), found in groupby(rows, key=itemgetter(0, 1, 2)):
        of_symbol = {}
        for _, _, _, *values in found:
            bar = Bar(timestamp=closes_at, **dict(zip(BAR_COLUMNS, values, strict=True)))
            of_symbol[bar.symbol] = bar
        yield TradingDay(session, previous_open, opens_at, closes_at, of_symbol)
        previous_open = opens_at


class _Replay:
    """The days of one scope; it knows nothing that a new process would not find on disk."""

    def __init__(self, settings: Settings, signals: Sequence[Signal]) -> None:
        self.summary = ReplaySummary()
        self._settings = settings
        self._signals = signals
        self._decided = [signal.timestamp for signal in signals]
        self._clock = MarketClock.from_settings(settings, may_build=True)
        self._ledger = TradeLedger(settings.ledger_paths[0], timezone=self._clock.timezone)
        # A replay that was killed within a session repeats it: what it entered is either
        # open still, or in a ledger.
        self._traded = {
            (trade.symbol, trade.entry_timestamp)
            for ledger in (self._ledger, TradeLedger(settings.shadow_ledger_path))
            for trade in ledger
        }

    def trade(self, day: TradingDay) -> None:
        """One session, from its open to its close."""
        self._clock.ensure(day.opens_at)
        with RiskFilter.load(self._settings, day.opens_at) as risk:
            executor = PaperTradingExecutor(self._settings, risk, self._ledger)
            if not executor.owns_book:
                raise ScopeBusy(
                    f"another process trades in {self._settings.root} and owns its paper book; "
                    "end it, then replay."
                )
            for signal in self._due(day):
                if (signal.symbol, day.opens_at.isoformat()) not in self._traded:
                    self.summary.signals[_enter(executor, signal, day)] += 1
            for symbol in sorted({position.symbol for position in executor.positions}):
                if symbol in day.bars:
                    self._count(executor.mark_to_market(day.bars[symbol]))
        self.summary.sessions.append(day.session)
        write_sealed(self._settings.root / REPLAY_FILE, ReplayState(session=day.session))

    def _due(self, day: TradingDay) -> Sequence[Signal]:
        """The signals decided since the open before, and by this one."""
        first, last = (bisect_right(self._decided, at) for at in (day.previous_open, day.opens_at))
        return self._signals[first:last]

    def _count(self, trades: list[Trade]) -> None:
        shadows = sum(trade.source == "shadow" for trade in trades)
        self.summary.shadow_closed += shadows
        self.summary.closed += len(trades) - shadows


def _enter(executor: PaperTradingExecutor, signal: Signal, day: TradingDay) -> str:
    """Enter a signal at the day's open unless the rules would not; say what became of it."""
    bar = day.bars.get(signal.symbol)
    if bar is None:
        return "no bar on the day of entry"
    if any(position.symbol == signal.symbol for position in executor.positions):
        return "a position is open"
    opening = replace(bar, high=bar.open, low=bar.open, close=bar.open)
    plan = ExitPlan(signal.stop_price, signal.target_price)
    if exit_on_bar(signal.side, plan, opening, held_days=0):
        return "opened beyond its stop or target"
    entry = replace(
        signal,
        timestamp=day.opens_at,
        decision_timestamp=signal.decision_timestamp or signal.timestamp,
        price=bar.open,
    )
    executed, _ = executor.execute_signal(entry)
    return ENTERED if executed else BLOCKED


def _last_session(path: Path) -> str:
    try:
        return decode_sealed(path.read_bytes(), ReplayState).session
    except FileNotFoundError:
        return ""
    except (OSError, *UNREADABLE) as error:
        raise IntegrityError(
            path,
            f"it does not say which session was replayed last ({error})",
            'Write {"session": "YYYY-MM-DD"} into it, the last one whose trades are booked.',
        ) from None
