"""From one ledger line to a dataset row, an open trade, or the reason why it is neither.

Rows are checked before they are written and not when a model is trained: the dataset only
grows, so one bad row in it would break training every day from then on, even after the
ledger was mended.
"""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from math import inf, isfinite
from typing import NoReturn
from zoneinfo import ZoneInfo

import msgspec

from lib.dataset.excursions import SIDES, realized_pnl_pct
from lib.dataset.leaking_names import known_later
from lib.dataset.ledger_record import LedgerRecord, Unusable, decode_record
from lib.records import Features, TradeDataRow

SECONDS_A_DAY = 86_400
LONGEST_QUOTE = 60
"""Characters of a bad value that a reason repeats."""

OFFSETS = {
    f"{'-' if sign < 0 else '+'}{hours:02d}:{minutes:02d}": sign
    * timedelta(hours=hours, minutes=minutes)
    for sign in (1, -1)
    for hours in range(15)
    for minutes in (0, 15, 30, 45)
}
"""Every offset from UTC in use, as ISO 8601 writes it."""

LENGTHS_WITH_OFFSET = (25, 32)
"""Characters of ``2024-01-02T10:00:00-05:00``, without and with microseconds."""

FLOATS_ONLY = frozenset({float})


class Closed(msgspec.Struct, frozen=True, gc=False):
    """A closed trade that can be learned from, and what was changed in it on the way."""

    row: TradeDataRow
    nonfinite_features: int
    mae_sign_flipped: bool


class Open(msgspec.Struct, frozen=True):
    """A trade without an exit yet: neither a row nor a reject."""

    trade_id: str


class Reject(msgspec.Struct, frozen=True):
    """A line that cannot be used, and why (see `Unusable`)."""

    trade_id: str | None
    reason: str
    usable_from: datetime | None = None


class LineParser:
    """Parses the lines of one ledger for one build.

    ``timezone`` is the IANA zone of timestamps that carry no offset, ``excluded_exit_types``
    are upper case, and ``now`` (aware) is what no exit may lie behind.
    """

    def __init__(self, timezone: str, excluded_exit_types: Collection[str], now: datetime) -> None:
        self._zone = ZoneInfo(timezone)
        self._excluded = frozenset(excluded_exit_types)
        self._now = now.astimezone(UTC).replace(tzinfo=None)
        self._innocent_names: set[str] = set()

    def parse(self, line: bytes) -> Closed | Open | Reject:
        """Judge one line, with or without its line end. Never raises for what is in it."""
        try:
            record, nonfinite = decode_record(line)
        except Unusable as problem:
            return Reject(problem.trade_id, problem.reason)
        return self.judge(record, nonfinite)

    def judge(self, record: LedgerRecord, nonfinite_features: int = 0) -> Closed | Open | Reject:
        """Judge a record that is decoded already."""
        if not record.trade_id:
            return Reject(None, "missing field: trade_id")
        if record.exit_timestamp is None:
            return Open(record.trade_id)
        try:
            row = self._row(record.trade_id, record)
            return Closed(row, nonfinite_features, (record.mae_pct or 0.0) > 0)
        except Unusable as problem:
            return Reject(record.trade_id, problem.reason, problem.usable_from)

    def _row(self, trade_id: str, record: LedgerRecord) -> TradeDataRow:
        exit_type, mae_pct, mfe_pct = record.exit_type, record.mae_pct, record.mfe_pct
        if exit_type is not None and exit_type.strip().upper() in self._excluded:
            raise Unusable(f"excluded exit type: {_quoted(exit_type)}")
        if not record.symbol:
            raise Unusable("missing field: symbol")
        side = "long" if record.side is None else record.side
        entry_price, exit_price = record.entry_price, record.exit_price
        quantity = record.quantity or record.size  # the property only where it is needed
        fees = record.fees or 0.0
        if (
            not (entry_price and exit_price and quantity)
            or side not in SIDES
            or entry_price < 0
            or exit_price < 0
            or quantity < 0
            or not 0 <= fees < inf
            or not 0 < entry_price * quantity < inf
        ):
            _raise_for_money(record)
        pnl_pct = realized_pnl_pct(side, entry_price, exit_price, quantity, fees)
        if not isfinite(pnl_pct):
            _raise_for_money(record)
        entered, entry_text = self._moment("entry_timestamp", record.entry_timestamp)
        exited, exit_text = self._moment("exit_timestamp", record.exit_timestamp)
        decided, decision_text = entered, entry_text
        if record.decision_timestamp not in (None, record.entry_timestamp):
            decided, decision_text = self._moment("decision_timestamp", record.decision_timestamp)
        if decided > entered:
            raise Unusable("decision after entry")
        if exited < entered:
            raise Unusable("exit before entry")
        if exited > self._now:
            raise Unusable(f"future timestamp: {exit_text}", usable_from=exited.replace(tzinfo=UTC))
        if mae_pct is not None and abs(mae_pct) > 1:
            raise Unusable(f"percent-like MAE: {mae_pct}")
        # In the order of the fields: naming them takes a sixth of the time of a whole build.
        return TradeDataRow(
            trade_id,
            record.symbol,
            side,
            decision_text,
            exit_text,
            record.rule_confidence or record.strength,
            self._features(record),
            quantity,
            entry_price,
            exit_price,
            fees,
            (exited - entered).total_seconds() / SECONDS_A_DAY,
            pnl_pct,
            None if mae_pct is None else 0.0 - abs(mae_pct),
            None if mfe_pct is None else max(0.0, mfe_pct),
            exit_type,
            record.source or "paper",
        )

    def _features(self, record: LedgerRecord) -> Features:
        features = record.rule_features or record.features
        if not features:
            raise Unusable("no features")
        if not features.keys() <= self._innocent_names:
            for name in features:
                if known_later(name):
                    raise Unusable(f"feature known only later: {name}")
            self._innocent_names.update(features)
        if FLOATS_ONLY.issuperset(map(type, features.values())):
            return features
        if all(value is None for value in features.values()):
            raise Unusable("no finite feature")
        return {name: None if value is None else float(value) for name, value in features.items()}

    def _moment(self, name: str, text: str | None) -> tuple[datetime, str]:
        """The moment as naive UTC, and its text with an offset; a local hour twice is the first.

        Naive, because aware datetimes compare and subtract at a third of the speed, and by
        the clock on the wall when both are in one zone: a day too short in March.
        """
        if not text:
            raise Unusable(f"missing field: {name}")
        try:
            offset = OFFSETS.get(text[-6:])
            if offset is not None and len(text) in LENGTHS_WITH_OFFSET:
                moment = datetime.fromisoformat(text[:-6])
                if moment.tzinfo is None:
                    return moment - offset, text
            moment = datetime.fromisoformat(text)
            if moment.tzinfo is None:
                moment = moment.replace(tzinfo=self._zone)
            return moment.astimezone(UTC).replace(tzinfo=None), moment.isoformat()
        except (ValueError, OverflowError):
            raise Unusable(f"no timestamp in ISO 8601: {name} {_quoted(text)}") from None


def _raise_for_money(record: LedgerRecord) -> NoReturn:
    """Say which of the fields that make up the PnL cannot be used."""
    for name, value in (
        ("entry_price", record.entry_price),
        ("exit_price", record.exit_price),
        ("quantity", record.size),
    ):
        if value is None:
            raise Unusable(f"missing field: {name}")
        if not 0 < value < inf:
            raise Unusable(f"not finite and above 0: {name} {value}")
    if not 0 <= (record.fees or 0.0) < inf:
        raise Unusable(f"not finite and at least 0: fees {record.fees}")
    if record.side not in (None, *SIDES):
        raise Unusable(f"unknown side: {_quoted(record.side)}")
    raise Unusable("out of range: price times quantity, or the PnL, is no finite number")


def _quoted(text: str) -> str:
    return repr(text if len(text) <= LONGEST_QUOTE else text[:LONGEST_QUOTE] + "...")
