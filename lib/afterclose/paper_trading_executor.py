"""Paper trading with the filter in front: signals become trades, bars end them, a ledger learns.

The rules decide every entry and exit. The filter may only keep an entry out or make it
smaller, and this module holds that promise itself, whatever filter it is given. A blocked
signal is followed by the same code as a shadow trade, so that the next model learns from
what the last one prevented.

A bar is known at its timestamp, so a trade sees only bars later than its entry. Feeding a
bar twice changes nothing; there is no clock in here, so a replay gives the same trades.
"""

import logging
from datetime import UTC, datetime, timedelta
from typing import Literal, Protocol
from zoneinfo import ZoneInfo

import msgspec

from afterclose.errors import InputError
from afterclose.ledger import TradeLedger
from afterclose.market.clock import market_timezone
from afterclose.records import Bar, Decision, Signal, Subject, Trade
from afterclose.scope_files import POSITIONS_FILE
from afterclose.settings import Settings
from afterclose.trading.costs import Costs
from afterclose.trading.decision_log import deciding_about
from afterclose.trading.exit_rules import MANUAL, Exit, exit_on_bar
from afterclose.trading.feature_values import ledger_features
from afterclose.trading.orders import Order, above_0, bar_of, moment_of, order_of
from afterclose.trading.position_store import PositionStore
from afterclose.trading.positions import ROUNDING, Position

SHADOW_PREFIX = "shadow-"

RULES_ALONE = Decision(
    allowed=True, risk_score=None, size_multiplier=1.0, reason="scoring_failed", model_id=None
)
"""The answer for a filter that failed, or asked for more than the rules do, and without a book."""

_logger = logging.getLogger(__name__)


class EntryFilter(Protocol):
    """What the executor asks of a filter; `afterclose.risk_filter.RiskFilter` is one."""

    def check(self, features: object) -> Decision:
        """The verdict on one entry."""


class PaperTradingExecutor:
    """Executes signals on paper in one scope and writes closed trades to ``ledger``.

    Fees and slippage come from ``settings``, in basis points a side. Positions of an
    earlier process are taken up again. Raises IntegrityError when their file is damaged,
    StorageError when it cannot be read.

    One process owns the scope's book. A second is told so by a warning and `owns_book`: it
    asks no filter, trades by the rules alone, and keeps its trades in memory.

    A disk that fails never stops trading: what could not be stored stays in memory, is said
    once, and is stored by the next call. Wrong arguments raise InputError and change nothing.
    """

    def __init__(self, settings: Settings, risk_filter: EntryFilter, ledger: TradeLedger) -> None:
        self._settings, self._costs = settings, Costs.from_settings(settings)
        self._filter = risk_filter
        timezone = market_timezone(settings)
        self._zone = ZoneInfo(timezone)
        shadow = TradeLedger(settings.shadow_ledger_path, timezone=timezone)
        ledgers = {"paper": ledger, "shadow": shadow}
        self._store = PositionStore.shared(settings.root / POSITIONS_FILE, ledgers)

    @property
    def owns_book(self) -> bool:
        """Whether this process owns the scope's book; another one does where it is False."""
        return self._store.owned

    @property
    def positions(self) -> tuple[Position, ...]:
        """All open positions, oldest first; shadow trades are those of source ``shadow``."""
        return self._store.positions

    def execute_signal(self, signal: Signal) -> tuple[bool, str | None]:
        """Ask the filter and open a trade: ``(True, trade_id)``, or ``(False, None)`` if blocked.

        Entry is at ``signal.price`` with slippage against the trade; the verdict's
        multiplier scales ``signal.quantity``. Ids are made of symbol, entry time, side and
        the number of the signal, and are the same with any filter; a shadow trade's starts
        with `SHADOW_PREFIX`. Raises InputError for a signal that cannot be traded.
        """
        order = order_of(signal, self._zone)
        number = self._store.next_signal()
        trade_id = (
            f"{order.symbol}-{order.entered.astimezone(UTC):%Y%m%dT%H%M%SZ}-{order.side}-{number}"
        )
        verdict = self._verdict(order, trade_id)
        quantity = order.quantity * verdict.size_multiplier
        taken = verdict.allowed and quantity > 0
        if taken:
            self._enter(order, trade_id, quantity, "paper")
        elif self._settings.shadow_blocked:
            self._enter(order, SHADOW_PREFIX + trade_id, order.quantity, "shadow")
        self._store.save()
        return (True, trade_id) if taken else (False, None)

    def mark_to_market(self, *bars: Bar) -> list[Trade]:
        """Let ``bars`` move the open positions of their symbols; return the trades they closed.

        Tracks MAE and MFE from highs and lows, and exits by `afterclose.trading.exit_rules`.
        Positions entered at or after a bar's timestamp are not touched by it. All bars of one close
        may be passed at once: then they are stored at once. Raises InputError for prices that are
        not above 0, or a high below the low.
        """
        plain = [bar_of(bar, self._zone) for bar in bars]
        closed = [
            trade
            for bar, moment in plain
            for position in self.positions
            if position.symbol == bar.symbol
            and (trade := self._mark(position, bar, moment)) is not None
        ]
        self._store.save()
        return closed

    def close_position(
        self,
        trade_id: str,
        price: float,
        timestamp: str | datetime,
        exit_type: str = MANUAL,
        exit_reason: str | None = None,
        *,
        quantity: float | None = None,
    ) -> Trade | None:
        """Close a position, or ``quantity`` of it, at the market's ``price`` before slippage.

        Returns the trade once nothing is open; several exits make one trade, at their
        quantity-weighted price. Raises InputError for an unknown id, a price or quantity
        not above 0, more than is open, or a time before the entry.
        """
        position = self._store.find(trade_id)
        if position is None:
            known = ", ".join(other.trade_id for other in self.positions) or "none"
            raise InputError(f"no open position {trade_id!r}; open: {known}")
        held = position.open_quantity
        part = held if quantity is None else above_0("quantity", quantity)
        if part > held + position.quantity * ROUNDING:
            raise InputError(f"quantity={part}: only {held} of {trade_id} is open")
        moment = moment_of("timestamp", timestamp, self._zone)
        if moment < datetime.fromisoformat(position.entry_timestamp):
            raise InputError(f"timestamp={timestamp}: before the entry {position.entry_timestamp}")
        market_price = above_0("price", price)
        leave = Exit(market_price, exit_type, exit_reason, seen_prices=(market_price,))
        trade = self._close(position, leave, part, moment)
        self._store.save()
        return trade

    def _verdict(self, order: Order, trade_id: str) -> Decision:
        """The filter's verdict, made harmless: a multiplier in [0, 1], and no exception."""
        if not self.owns_book:
            return RULES_ALONE
        about = Subject(
            trade_id=trade_id,
            symbol=order.symbol,
            side=order.side,
            strategy=order.strategy,
            at=order.decided.astimezone(UTC).isoformat(),
            price=order.price,
            quantity=order.quantity,
            **msgspec.structs.asdict(order.plan),
        )
        try:
            with deciding_about(about):
                return _reducing(self._filter.check(order.features))
        except Exception:  # any filter may be given; what it raises never stops a trade
            _logger.exception("the filter failed on %s; the rules decide alone", order.symbol)
            return RULES_ALONE

    def _enter(
        self, order: Order, trade_id: str, quantity: float, source: Literal["paper", "shadow"]
    ) -> None:
        price = self._costs.slipped(order.price, buying=order.side == "long")
        position = Position(
            trade_id=trade_id,
            symbol=order.symbol,
            side=order.side,
            source=source,
            decision_timestamp=order.decided.isoformat(),
            entry_timestamp=order.entered.isoformat(),
            entry_price=price,
            quantity=quantity,
            fees=self._costs.fees(price, quantity),
            rule_confidence=order.rule_confidence,
            rule_features=ledger_features(order.features),
            plan=order.plan,
            low_price=price,
            high_price=price,
            strategy=order.strategy,
        )
        self._store.put(position)

    def _mark(self, position: Position, bar: Bar, moment: datetime) -> Trade | None:
        entry = datetime.fromisoformat(position.entry_timestamp)
        if moment <= entry:
            return None
        held = moment.astimezone(self._zone) - entry.astimezone(self._zone)  # by the wall clock
        leave = exit_on_bar(position.side, position.plan, bar, held / timedelta(days=1))
        if leave is not None:
            return self._close(position, leave, position.open_quantity, moment)
        self._store.put(position.seeing(bar.low, bar.high))
        return None

    def _close(
        self, position: Position, leave: Exit, quantity: float, moment: datetime
    ) -> Trade | None:
        left = position.left(leave, self._costs, quantity)
        if left.open_quantity > 0:
            self._store.put(left)
            return None
        closed = left.closed(leave, moment)
        self._store.finish(closed)
        return closed.trade()


def _reducing(verdict: Decision) -> Decision:
    return verdict if 0.0 <= verdict.size_multiplier <= 1.0 else RULES_ALONE
