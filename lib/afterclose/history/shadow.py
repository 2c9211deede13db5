"""What blocked entries would have done: followed at night through daily bars, each once.

The paper executor follows what it blocks by itself. Any other bot only has the decision log,
so each blocked entry in it is walked through the bars by the exits that its rules had planned
(`Subject`), or by those of the settings, with the same rules that end paper trades
(`afterclose.trading.exit_rules`). Without this the next model learns only from what the last
one let through.

Within the session of its entry, only the close surely came after it: the day's high and low
may have come before. What cannot be followed is counted by reason, never guessed.
"""

from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pandas as pd
from msgspec.structs import replace

from afterclose.errors import InputError
from afterclose.history.bars import on_sessions, read_ohlcv
from afterclose.history.blocked_entries import BlockedEntry, blocked_entries
from afterclose.ledger import TradeLedger
from afterclose.market.clock import market_timezone
from afterclose.nightly.work import Workplace
from afterclose.records import Bar, Outcome, Trade
from afterclose.scope_files import DECISIONS_FILE, POSITIONS_FILE
from afterclose.settings import Settings
from afterclose.trading.costs import Costs
from afterclose.trading.decision_log import read_decisions
from afterclose.trading.exit_rules import ExitPlan, exit_on_bar
from afterclose.trading.position_store import PositionBook
from afterclose.trading.positions import ClosedPosition, Position

STALE = timedelta(days=10)
"""An entry is made this soon after its decision, or not at all: a longer gap is the file's."""

PRICE_SLACK = 0.001
"""How far a price may lie outside its day's bar, as a fraction: prices are rounded."""

WAITING, GOING_ON = "waits for its first bar", "still open at the last bar"
NO_BARS, GAP = "the bars do not have the symbol", "no bar within 10 days of the decision"
NO_PLAN = "neither its subject nor the settings plan an exit"
OTHER_PRICES = "its price does not lie in its day's bar"
BEYOND = "entered at or beyond its stop or target"
ONE_OPEN = "one of its symbol, side and strategy was open"
BY_EXECUTOR = "the paper executor follows it"
DAMAGED = "lines of the log that are damaged"


def follow_files(settings: Settings, now: datetime, bars_path: str) -> Outcome:
    """The job `shadow`. Raises InputError for bars that cannot be read, ScopeBusy."""
    with Workplace.from_settings(settings).run("shadow", now) as end:
        return end(follow_blocked(settings, now, bars_path))


def follow_blocked(settings: Settings, now: datetime, bars_path: str) -> Outcome:
    """Write the outcome of each blocked entry that has ended by ``now`` to the shadow ledger.

    Done again it writes none twice. Raises InputError for bars that cannot be read.
    """
    if not settings.shadow_blocked:
        return _nothing("ML_SHADOW_BLOCKED is off")
    log = settings.root / DECISIONS_FILE
    if not log.exists():
        return _nothing("nothing was asked of the filter yet")
    if not bars_path:
        raise InputError("no daily bars to follow by: set ML_BARS_FILE, or name them with --bars")
    timezone = market_timezone(settings)
    ledger = TradeLedger(settings.shadow_ledger_path, timezone=timezone)
    counted: Counter[str] = Counter()
    damaged: list[int] = []
    entries = blocked_entries(read_decisions(log, damaged), ZoneInfo(timezone), counted)
    counted[DAMAGED] = len(damaged)
    bars = on_sessions(read_ohlcv(Path(bars_path)), settings).frame
    walk = _Walk(settings, bars[bars["closes_at"] <= now], ZoneInfo(timezone), ledger)
    trades = [trade for entry in entries if (trade := walk.outcome(entry, counted))]
    ledger.add_trades(trades)
    left_out = {reason: number for reason, number in sorted(counted.items()) if number}
    words = "".join(f"\nNot followed, {reason}: {number}" for reason, number in left_out.items())
    return Outcome(
        job="shadow",
        status="done" if trades else "unchanged",
        reason=f"{len(trades)} blocked entries have ended",
        details={"added": len(trades), "not_followed": left_out},
        text=f"Outcomes of blocked entries added: {len(trades)}{words}",
    )


def _nothing(reason: str) -> Outcome:
    return Outcome(job="shadow", status="nothing_due", reason=reason)


class _Day(msgspec.Struct, frozen=True):
    """One session of one symbol."""

    opens_at: datetime
    closes_at: datetime
    bar: Bar


class _Walk:
    """Blocked entries through the bars of their symbols."""

    def __init__(
        self, settings: Settings, bars: pd.DataFrame, zone: ZoneInfo, ledger: TradeLedger
    ) -> None:
        self._settings, self._zone = settings, zone
        self._costs = Costs.from_settings(settings)
        self._days = {str(symbol): _days(frame) for symbol, frame in bars.groupby("symbol")}
        self._ended = {
            trade.trade_id: datetime.fromisoformat(str(trade.exit_timestamp)) for trade in ledger
        }
        book = PositionBook.load(settings.root / POSITIONS_FILE)
        self._followed_by_executor = {
            *book.positions, *(closed.position.trade_id for closed in book.finished)
        }  # fmt: skip
        self._open_until: dict[tuple[str, ...], datetime] = {}

    def outcome(self, entry: BlockedEntry, counted: Counter[str]) -> Trade | None:
        """The shadow trade of an entry that has ended; else None, and it is counted why."""
        if entry.shadow_id in self._followed_by_executor:
            counted[BY_EXECUTOR] += 1
            return None
        place = (entry.symbol, entry.side, entry.strategy, entry.shadow_id * entry.has_id)
        if entry.decided < self._open_until.get(place, entry.decided):
            counted[ONE_OPEN] += 1
            return None
        if entry.shadow_id in self._ended:
            self._open_until[place] = self._ended[entry.shadow_id]
            return None
        found = self._followed(entry)
        if isinstance(found, str):
            counted[found] += 1
            if found == GOING_ON:
                self._open_until[place] = datetime.max.replace(tzinfo=entry.decided.tzinfo)
            return None
        trade = found.trade()
        self._open_until[place] = datetime.fromisoformat(found.exit_timestamp)
        return trade

    def _followed(self, entry: BlockedEntry) -> ClosedPosition | str:
        days = self._days.get(entry.symbol)
        if not days:
            return NO_BARS
        days = [day for day in days if day.closes_at > entry.decided]
        if not days:
            return WAITING
        inside = entry.price is not None and days[0].opens_at < entry.decided
        if not inside:  # entered at an open: of this session, or of the next if it runs already
            days = [day for day in days if day.opens_at >= entry.decided]
            if not days:
                return WAITING
        return self._from_entry(entry, days, inside=inside)

    def _from_entry(
        self, entry: BlockedEntry, days: list[_Day], *, inside: bool
    ) -> ClosedPosition | str:
        first = days[0]
        entered = entry.decided if inside else first.opens_at
        if entered - entry.decided > STALE:
            return GAP
        price = entry.price if inside and entry.price is not None else first.bar.open
        low, high = first.bar.low * (1 - PRICE_SLACK), first.bar.high * (1 + PRICE_SLACK)
        if not low <= price <= high:
            return OTHER_PRICES
        plan = self._plan(entry, price)
        if plan == ExitPlan():
            return NO_PLAN
        at_entry = replace(first.bar, open=price, high=price, low=price, close=price)
        if exit_on_bar(entry.side, plan, at_entry, held_days=0):
            return BEYOND
        seen = [day.bar for day in days]
        if inside:
            close = first.bar.close
            seen[0] = replace(first.bar, open=close, high=close, low=close)
        return self._until_exit(self._position(entry, entered, price, plan), seen)

    def _until_exit(self, position: Position, bars: list[Bar]) -> ClosedPosition | str:
        entered = datetime.fromisoformat(position.entry_timestamp).astimezone(self._zone)
        for bar in bars:
            moment = datetime.fromisoformat(str(bar.timestamp))
            held = moment.astimezone(self._zone) - entered
            leave = exit_on_bar(position.side, position.plan, bar, held / timedelta(days=1))
            if leave is not None:
                return position.left(leave, self._costs).closed(leave, moment)
            position = position.seeing(bar.low, bar.high)
        return GOING_ON

    def _position(
        self, entry: BlockedEntry, entered: datetime, price: float, plan: ExitPlan
    ) -> Position:
        paid = self._costs.slipped(price, buying=entry.side == "long")
        return Position(
            trade_id=entry.shadow_id,
            symbol=entry.symbol,
            side=entry.side,
            source="shadow",
            decision_timestamp=entry.decided.isoformat(),
            entry_timestamp=entered.isoformat(),
            entry_price=paid,
            quantity=entry.quantity,
            fees=self._costs.fees(paid, entry.quantity),
            rule_confidence=None,
            rule_features=entry.features,
            plan=plan,
            low_price=paid,
            high_price=paid,
        )

    def _plan(self, entry: BlockedEntry, price: float) -> ExitPlan:
        """The subject's exits; where it has none, those of the settings."""
        if entry.plan != ExitPlan():
            return entry.plan
        settings, gain = self._settings, 1 if entry.side == "long" else -1
        stop, target = settings.shadow_stop_pct, settings.shadow_target_pct
        return ExitPlan(
            stop_price=price * (1 - gain * stop) if stop else None,
            target_price=price * (1 + gain * target) if target else None,
            max_holding_days=settings.shadow_holding_days or None,
        )


def _days(frame: pd.DataFrame) -> list[_Day]:
    moments = [pd.DatetimeIndex(frame[name]).to_pydatetime() for name in ("opens_at", "closes_at")]
    prices = (frame[name].tolist() for name in ("open", "high", "low", "close"))
    return [
        _Day(
            opens_at,
            closes_at,
            Bar(symbol="", timestamp=closes_at, open=opened, high=high, low=low, close=close),
        )
        for opens_at, closes_at, opened, high, low, close in zip(*moments, *prices, strict=True)
    ]
