"""From one ledger line to a dataset row, an open trade, or the reason why it is neither.

Rows are checked before they are written and not when a model is trained: the dataset only
grows, so one bad row in it would break training every day from then on, even after the
ledger was mended.
"""

from collections.abc import Collection
from datetime import UTC, datetime
from math import inf, isfinite

from msgspec import UNSET

from afterclose.records import Features, TradeDataRow
from afterclose.trades.excursions import SIDES, planned_stop, realized_pnl_pct
from afterclose.trades.judged import Closed, Open, Reject
from afterclose.trades.leaking_names import known_later
from afterclose.trades.plain import EARLIEST, LATEST, SECONDS_A_DAY, PlainParser
from afterclose.trades.record import LedgerRecord, RawFeatures, Unusable, decode_record
from afterclose.trades.timestamps import TimestampReader

LONGEST_QUOTE = 60
"""Characters of a bad value that a reason repeats."""

OUT_OF_RANGE = "out of range: price times quantity, or the PnL, is no finite number"


class LineParser:
    """Parses the lines of one ledger for one build.

    ``timezone`` is the IANA zone of timestamps that carry no offset, ``excluded_exit_types``
    are upper case, and ``now`` (aware) is what no exit may lie behind.
    """

    def __init__(self, timezone: str, excluded_exit_types: Collection[str], now: datetime) -> None:
        self._excluded, self._now = frozenset(excluded_exit_types), now.astimezone(UTC)
        self._timestamps = TimestampReader(timezone)
        self._plain = PlainParser(timezone, self._excluded, self._now)

    def parse(self, line: bytes) -> Closed | Open | Reject:
        """Judge one line, with or without its line end. Never raises for what is in it."""
        return self._plain.parse(line) or self.parse_carefully(line)

    def parse_carefully(self, line: bytes) -> Closed | Open | Reject:
        """What `parse` says, for any line: with the reasons that `PlainParser` does not know."""
        try:
            record, nonfinite = decode_record(line)
        except Unusable as problem:
            return Reject(problem.trade_id, problem.reason)
        return self.judge(record, nonfinite)

    def judge(self, record: LedgerRecord, nonfinite_features: int = 0) -> Closed | Open | Reject:
        """Judge a record that is decoded already."""
        if not record.trade_id:
            return Reject(None, "missing field: trade_id")
        try:
            if record.exit_timestamp is None:
                self._refuse_impossible_entry(record)
                return Open(record.trade_id)
            row = self._row(record.trade_id, record)
            return Closed(row, nonfinite_features, (record.mae_pct or 0.0) > 0)
        except Unusable as problem:
            return Reject(record.trade_id, problem.reason, problem.usable_from)

    def _refuse_impossible_entry(self, record: LedgerRecord) -> None:
        """Raise Unusable for an open trade of a mistyped year, which would never be closed.

        What is no timestamp at all may still be mended: the rest of an open record may change.
        """
        try:
            entered, text = self._timestamps.read(record.entry_timestamp or "")
        except (ValueError, OverflowError):
            return
        _refuse_mistyped_year((entered, text))

    def _row(self, trade_id: str, record: LedgerRecord) -> TradeDataRow:
        exit_type, mae_pct, mfe_pct = record.exit_type, record.mae_pct, record.mfe_pct
        if exit_type is not None and exit_type.strip().upper() in self._excluded:
            raise Unusable(f"excluded exit type: {_quoted(exit_type)}")
        if not record.symbol:
            raise Unusable("missing field: symbol")
        money = _money_of(record)
        pnl_pct = realized_pnl_pct(*money)
        if not isfinite(pnl_pct):
            raise Unusable(OUT_OF_RANGE)
        side, entry_price, exit_price, quantity, fees = money
        entered, exited, decision_text, exit_text = self._moments(record)
        if mae_pct is not None and abs(mae_pct) > max(1.0, _worst_fall(side, pnl_pct)):
            raise Unusable(f"percent-like MAE: {mae_pct}")
        return TradeDataRow(
            trade_id=trade_id,
            symbol=record.symbol,
            side=side,
            decision_timestamp=decision_text,
            exit_timestamp=exit_text,
            rule_confidence=record.strength,
            rule_features=_usable_features(record.features),
            position_size=quantity,
            entry_price=entry_price,
            exit_price=exit_price,
            fees=fees,
            holding_days=(exited - entered).total_seconds() / SECONDS_A_DAY,
            realized_pnl_pct=pnl_pct,
            mae_pct=None if mae_pct is None else 0.0 - abs(mae_pct),
            mfe_pct=None if mfe_pct is None else max(0.0, mfe_pct),
            exit_type=exit_type,
            source=record.source or "paper",
            strategy=record.strategy or UNSET,
            stop_price=planned_stop(side, entry_price, record.stop_price),
        )

    def _moments(self, record: LedgerRecord) -> tuple[datetime, datetime, str, str]:
        """When it was entered and left (UTC), and the texts of decision and exit."""
        entered, entry_text = self._moment("entry_timestamp", record.entry_timestamp)
        exited, exit_text = self._moment("exit_timestamp", record.exit_timestamp)
        decided, decision_text = entered, entry_text
        if record.decision_timestamp not in (None, record.entry_timestamp):
            decided, decision_text = self._moment("decision_timestamp", record.decision_timestamp)
        _refuse_mistyped_year((decided, decision_text), (entered, entry_text), (exited, exit_text))
        if decided > entered:
            raise Unusable("decision after entry")
        if exited < entered:
            raise Unusable("exit before entry")
        if exited > self._now:
            raise Unusable(f"future timestamp: {exit_text}", usable_from=exited)
        return entered, exited, decision_text, exit_text

    def _moment(self, name: str, text: str | None) -> tuple[datetime, str]:
        if not text:
            raise Unusable(f"missing field: {name}")
        try:
            return self._timestamps.read(text)
        except (ValueError, OverflowError):
            raise Unusable(f"no timestamp in ISO 8601: {name} {_quoted(text)}") from None


def _refuse_mistyped_year(*moments: tuple[datetime, str]) -> None:
    for moment, text in moments:
        if moment < EARLIEST:
            raise Unusable(f"timestamp before {EARLIEST.year}: {text}")
        if moment >= LATEST:
            raise Unusable(f"timestamp after {LATEST.year - 1}: {text}")


def _worst_fall(side: str, pnl_pct: float) -> float:
    """How far below 0 a MAE may be.

    A short that lost more than it was worth proves a fraction; it may have been down by twice
    that on the way.
    """
    return 2 * -pnl_pct if side == "short" and pnl_pct < -1 else 1.0


def _money_of(record: LedgerRecord) -> tuple[str, float, float, float, float]:
    """Side, entry price, exit price, quantity and fees: what makes up the PnL."""
    entry_price = _above_0("entry_price", record.entry_price)
    # what expires worthless is left at 0, and is the worst loss that there is
    exit_price = 0.0 if record.exit_price == 0 else _above_0("exit_price", record.exit_price)
    quantity = _above_0("quantity", record.size)
    fees = record.fees or 0.0
    if not 0 <= fees < inf:
        raise Unusable(f"not finite and at least 0: fees {fees}")
    side = "long" if record.side is None else record.side
    if side not in SIDES:
        raise Unusable(f"unknown side: {_quoted(side)}")
    if not 0 < entry_price * quantity < inf:
        raise Unusable(OUT_OF_RANGE)
    return side, entry_price, exit_price, quantity, fees


def _above_0(name: str, value: float | None) -> float:
    if value is None:
        raise Unusable(f"missing field: {name}")
    if not 0 < value < inf:
        raise Unusable(f"not finite and above 0: {name} {value}")
    return value


def _usable_features(features: RawFeatures | None) -> Features:
    if not features:
        raise Unusable("no features")
    for name in features:
        if known_later(name):
            raise Unusable(f"feature known only later: {name}")
    if all(value is None for value in features.values()):
        raise Unusable("no finite feature")
    return {name: None if value is None else float(value) for name, value in features.items()}


def _quoted(text: str) -> str:
    return repr(text if len(text) <= LONGEST_QUOTE else text[:LONGEST_QUOTE] + "...")
