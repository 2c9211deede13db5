"""The quick way from a ledger line to a dataset row, for lines with nothing wrong in them.

Nearly every line is such a line. msgspec checks types and bounds while it parses, and what is
left to check is a few comparisons. A line that fails any of it is judged again by
`afterclose.trades.parser`, which knows the reasons. Where both give a row, it is the same.
Without it a build of 100,000 trades takes a third longer, beyond its bound (`bench_build`).
"""

from datetime import UTC, datetime, timedelta
from math import inf
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta

from afterclose.records import Features, TradeDataRow
from afterclose.trades.excursions import planned_stop, realized_pnl_pct
from afterclose.trades.judged import Closed, Open
from afterclose.trades.leaking_names import known_later
from afterclose.trades.timestamps import LENGTHS_WITH_OFFSET, TimestampReader

fromisoformat = datetime.fromisoformat

SECONDS_A_DAY = 86_400
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
"""A trade before it is a mistyped year, and no market calendar reaches back to it."""

LATEST = datetime(2200, 1, 1, tzinfo=UTC)
"""A trade from then on is one too, open or closed; no calendar reaches so far ahead."""

Text = Annotated[str, Meta(min_length=1)]
Positive = Annotated[float, Meta(gt=0)]


class PlainTrade(msgspec.Struct, frozen=True, gc=False):
    """One line of a ledger that can be used as it stands (see `LedgerRecord`)."""

    trade_id: Text
    symbol: Text
    entry_timestamp: Text
    entry_price: Positive
    side: Literal["long", "short"] | None = None
    exit_timestamp: str | None = None
    decision_timestamp: str | None = None
    exit_price: Positive | None = None
    quantity: Positive | None = None
    entry_quantity: Positive | None = None
    fees: Annotated[float, Meta(ge=0)] | None = None
    rule_confidence: float | None = None
    confidence: float | None = None
    rule_features: Features | None = None
    entry_features: Features | None = None
    mae_pct: Annotated[float, Meta(ge=-1, le=1)] | None = None
    mfe_pct: float | None = None
    exit_type: str | None = None
    source: str | None = None
    strategy: str | None = None
    stop_price: float | None = None
    exit_reason: str | None = None  # no part of a row, but a wrong type is a reject


class PlainParser:
    """Parses the lines of one ledger for one build (see `LineParser`)."""

    def __init__(self, timezone: str, excluded_exit_types: frozenset[str], now: datetime) -> None:
        self._read_timestamp = TimestampReader(timezone).read
        self._excluded = excluded_exit_types
        self._now = min(now, LATEST - timedelta(microseconds=1))
        self._decoder = msgspec.json.Decoder(PlainTrade)
        self._innocent_names: set[str] = set()
        self._innocent_exits: set[str | None] = {None}

    def parse(self, line: bytes) -> Closed | Open | None:
        """A closed trade or an open one; None when it is not that plain."""
        try:
            trade = self._decoder.decode(line)
            if trade.exit_timestamp is None:
                entered, _ = self._read_timestamp(trade.entry_timestamp)
                return Open(trade.trade_id) if EARLIEST <= entered < LATEST else None
            row = self._row(trade)
        except (ValueError, OverflowError, RecursionError):
            return None
        if row is None:
            return None
        mae_pct = trade.mae_pct
        return Closed(row, 0, mae_pct is not None and mae_pct > 0)

    def _row(self, trade: PlainTrade) -> TradeDataRow | None:
        (
            trade_id,
            symbol,
            entry_text,
            entry_price,
            side,
            exit_text,
            decision_text,
            exit_price,
            quantity,
            entry_quantity,
            fees,
            rule_confidence,
            confidence,
            features,
            entry_features,
            mae_pct,
            mfe_pct,
            exit_type,
            source,
            strategy,
            stop_price,
            _,
        ) = msgspec.structs.astuple(trade)  # at a third of the time of as many attributes
        side = side or "long"
        quantity = entry_quantity if quantity is None else quantity
        features = entry_features if features is None else features
        fees = fees or 0.0
        if not (
            exit_price
            and quantity
            and 0 < entry_price * quantity < inf
            and features
            and any(features.values())
            and (features.keys() <= self._innocent_names or self._are_innocent(features))
            and (exit_type in self._innocent_exits or self._is_innocent(exit_type))
        ):
            return None
        pnl_pct = realized_pnl_pct(side, entry_price, exit_price, quantity, fees)
        # As `TimestampReader.read` does, without its call where a text is good as it stands.
        entered, exited = fromisoformat(entry_text), fromisoformat(exit_text)
        if entered.tzinfo is not UTC or len(entry_text) not in LENGTHS_WITH_OFFSET:
            entered, entry_text = self._read_timestamp(entry_text)
        if exited.tzinfo is not UTC or len(exit_text) not in LENGTHS_WITH_OFFSET:
            exited, exit_text = self._read_timestamp(exit_text)
        decided, decided_text = entered, entry_text
        if decision_text is not None and decision_text != entry_text:
            decided, decided_text = fromisoformat(decision_text), decision_text
            if decided.tzinfo is not UTC or len(decision_text) not in LENGTHS_WITH_OFFSET:
                decided, decided_text = self._read_timestamp(decision_text)
        if not (EARLIEST <= decided <= entered <= exited <= self._now and -inf < pnl_pct < inf):
            return None
        if mae_pct is not None:
            mae_pct = 0.0 - abs(mae_pct)
        # In the order of the fields: naming them takes a sixth of the time of a whole build.
        return TradeDataRow(
            trade_id,
            symbol,
            side,
            decided_text,
            exit_text,
            confidence if rule_confidence is None else rule_confidence,
            features,
            quantity,
            entry_price,
            exit_price,
            fees,
            (exited - entered).total_seconds() / SECONDS_A_DAY,
            pnl_pct,
            mae_pct,
            mfe_pct if mfe_pct is None or mfe_pct > 0 else 0.0,
            exit_type,
            source or "paper",
            strategy or UNSET,
            UNSET if stop_price is None else planned_stop(side, entry_price, stop_price),
        )

    def _are_innocent(self, features: Features) -> bool:
        if any(map(known_later, features)):
            return False
        self._innocent_names.update(features)
        return True

    def _is_innocent(self, exit_type: str) -> bool:
        if exit_type.strip().upper() in self._excluded:
            return False
        self._innocent_exits.add(exit_type)
        return True
