"""A paper trade: what was decided at entry, what it has lived through, its ledger record.

A position is a value: each price and each exit makes a new one, so that nothing decided at
entry (features, confidence, plan) can change afterwards. Where positions are kept is
`afterclose.trading.position_store`.
"""

import math
from datetime import datetime
from typing import Literal, Self

import msgspec
from msgspec.structs import replace

from afterclose.records import Trade
from afterclose.trades.excursions import excursion_pct
from afterclose.trading.costs import Costs
from afterclose.trading.exit_rules import Exit, ExitPlan

WORST_MAE_PCT = -1.0
"""Where a ledger's scale ends: beyond it stand percents. A short can lose more than that."""

ROUNDING = 1e-9
"""Share of a quantity that is taken for the rounding of earlier partial exits."""


class Fill(msgspec.Struct, frozen=True):
    """A part of a position that was closed: price paid or received, and shares or units."""

    price: float
    quantity: float


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """One trade from its entry on. Prices are in currency, ``fees`` in currency so far.

    ``low_price`` and ``high_price`` are the extremes it has lived through, its own fills
    included, so that MAE and MFE always enclose its return before fees.
    """

    trade_id: str
    symbol: str
    side: Literal["long", "short"]
    source: Literal["paper", "shadow"]
    decision_timestamp: str
    entry_timestamp: str
    entry_price: float
    quantity: float
    fees: float
    rule_confidence: float | None
    rule_features: dict[str, float | bool | None]
    plan: ExitPlan
    low_price: float
    high_price: float
    exits: tuple[Fill, ...] = ()
    strategy: str | None = None

    @property
    def open_quantity(self) -> float:
        """Shares or units not closed yet; exactly 0 once only rounding is left."""
        left = self.quantity - math.fsum(part.quantity for part in self.exits)
        return left if left > self.quantity * ROUNDING else 0.0

    def seeing(self, *prices: float) -> Self:
        """The position after the market traded at ``prices``."""
        return replace(
            self,
            low_price=min(self.low_price, *prices),
            high_price=max(self.high_price, *prices),
        )

    def closing(self, part: Fill, fees: float) -> Self:
        """The position after ``part`` of it was closed for ``fees``."""
        return replace(self.seeing(part.price), exits=(*self.exits, part), fees=self.fees + fees)

    def left(self, leave: Exit, costs: Costs, quantity: float | None = None) -> Self:
        """The position after an exit at the market's price, of all that is open by default."""
        part = self.open_quantity if quantity is None else quantity
        price = costs.slipped(leave.price, buying=self.side == "short")
        fees = costs.fees(price, part)
        return self.seeing(*leave.seen_prices).closing(Fill(price, part), fees)

    def closed(self, leave: Exit, moment: datetime) -> "ClosedPosition":
        """It, once its last part was closed by ``leave``."""
        return ClosedPosition(self, moment.isoformat(), leave.exit_type, leave.exit_reason)

    @property
    def exit_price(self) -> float:
        """The quantity-weighted price of its exits; a single one keeps it to the last digit."""
        if len(self.exits) == 1:
            return self.exits[0].price
        value = math.fsum(part.price * part.quantity for part in self.exits)
        return value / math.fsum(part.quantity for part in self.exits)


class ClosedPosition(msgspec.Struct, frozen=True):
    """A position of which nothing is open any more; its last exit says when and why."""

    position: Position
    exit_timestamp: str
    exit_type: str
    exit_reason: str | None

    def trade(self) -> Trade:
        """Its ledger record: one, however many exits there were."""
        position = self.position
        extremes = [
            excursion_pct(position.side, position.entry_price, price)
            for price in (position.low_price, position.high_price)
        ]
        return Trade(
            trade_id=position.trade_id,
            symbol=position.symbol,
            side=position.side,
            entry_timestamp=position.entry_timestamp,
            exit_timestamp=self.exit_timestamp,
            decision_timestamp=position.decision_timestamp,
            entry_price=position.entry_price,
            exit_price=position.exit_price,
            quantity=position.quantity,
            fees=position.fees,
            rule_confidence=position.rule_confidence,
            rule_features=position.rule_features,
            mae_pct=max(WORST_MAE_PCT, min(0.0, *extremes)),
            mfe_pct=max(0.0, *extremes),
            exit_type=self.exit_type,
            exit_reason=self.exit_reason,
            source=position.source,
            strategy=position.strategy,
            stop_price=position.plan.stop_price,
        )
