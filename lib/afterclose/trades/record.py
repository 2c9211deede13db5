"""One ledger line decoded as it stands there, before anybody judges it.

msgspec checks types while it parses, which is four times as fast as `json` and a loop over
dictionaries. What it refuses takes the slow way round: NaN, Infinity and 1e999 are no JSON,
but other writers produce them, and one of them in a feature must not cost the whole trade.

Of a key that is written twice in one object the last one counts, on both ways.
"""

import json
from datetime import datetime
from math import isfinite
from typing import Any

import msgspec

from afterclose.records import Trade

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
NOT_JSON = "not JSON"
NOT_UTF8 = "not UTF-8"

OPTIONAL_NUMBERS = ("rule_confidence", "confidence", "mae_pct", "mfe_pct", "stop_price")
"""Numbers that may be unknown: one that is not finite is unknown."""

Number = float | None
"""A number; None when the field is absent or null."""

RawFeatures = dict[str, float | bool | None]
"""Features as a ledger has them, before booleans become 1 and 0."""


class LedgerRecord(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One line of a ledger (docs/design.md, section 4); absent and null are both None."""

    trade_id: str | None = None
    symbol: str | None = None
    side: str | None = None
    entry_timestamp: str | None = None
    exit_timestamp: str | None = None
    decision_timestamp: str | None = None
    entry_price: Number = None
    exit_price: Number = None
    quantity: Number = None
    entry_quantity: Number = None
    fees: Number = None
    rule_confidence: Number = None
    confidence: Number = None
    rule_features: RawFeatures | None = None
    entry_features: RawFeatures | None = None
    mae_pct: Number = None
    mfe_pct: Number = None
    exit_type: str | None = None
    exit_reason: str | None = None
    source: str | None = None
    strategy: str | None = None
    stop_price: Number = None

    @property
    def size(self) -> Number:
        """The quantity, under either of its names."""
        return self.entry_quantity if self.quantity is None else self.quantity

    @property
    def strength(self) -> Number:
        """The rules' confidence, under either of its names."""
        return self.confidence if self.rule_confidence is None else self.rule_confidence

    @property
    def features(self) -> RawFeatures | None:
        """The features, under either of their names."""
        return self.entry_features if self.rule_features is None else self.rule_features

    def trade(self) -> Trade | None:
        """The record as a trade; None when a field that every trade has is missing."""
        if not (self.trade_id and self.symbol and self.entry_timestamp):
            return None
        if self.entry_price is None or self.size is None:
            return None
        return Trade(
            trade_id=self.trade_id,
            symbol=self.symbol,
            side="long" if self.side is None else self.side,
            entry_timestamp=self.entry_timestamp,
            exit_timestamp=self.exit_timestamp,
            decision_timestamp=self.decision_timestamp,
            entry_price=self.entry_price,
            exit_price=self.exit_price,
            quantity=self.size,
            fees=self.fees or 0.0,
            rule_confidence=self.strength,
            rule_features=self.features or {},
            mae_pct=self.mae_pct,
            mfe_pct=self.mfe_pct,
            exit_type=self.exit_type,
            exit_reason=self.exit_reason,
            source=self.source or "paper",
            strategy=self.strategy,
            stop_price=self.stop_price,
        )


class Unusable(Exception):
    """Why a line cannot be used: ``reason`` reads ``kind`` or ``kind: detail``.

    ``usable_from`` (UTC) is when a timestamp that now lies in the future will have passed.
    """

    def __init__(
        self, reason: str, *, trade_id: str | None = None, usable_from: datetime | None = None
    ) -> None:
        self.reason, self.trade_id, self.usable_from = reason, trade_id, usable_from
        super().__init__(reason)


_decode = msgspec.json.Decoder(LedgerRecord).decode


def decode_record(line: bytes) -> tuple[LedgerRecord, int]:
    """Decode one line; also return how many of its features were no finite number.

    Those features are None in the record. Raises Unusable for a line that is no JSON object
    or has a wrong type in a field, unless the trade is open: then the rest may still change.
    """
    try:
        return _decode(line), 0
    except (ValueError, RecursionError):
        return _decode_leniently(line)


def _decode_leniently(line: bytes) -> tuple[LedgerRecord, int]:
    value = _parse(line)
    nonfinite = _clear_nonfinite(value)
    try:
        return msgspec.convert(value, LedgerRecord), nonfinite
    except msgspec.ValidationError as error:
        trade_id = value.get("trade_id")
        if not isinstance(trade_id, str):
            raise Unusable(f"wrong type: {error}") from None
        if value.get("exit_timestamp") is None:
            return LedgerRecord(trade_id=trade_id), 0
        raise Unusable(f"wrong type: {error}", trade_id=trade_id) from None


def _parse(line: bytes) -> dict[str, Any]:
    try:
        # parse_int: an integer of 5000 digits is infinite, not an error
        value = json.loads(line.decode(), parse_int=float)
        json.dumps(value, ensure_ascii=False).encode()  # half a surrogate pair is no text
    except UnicodeError:
        raise Unusable(NOT_UTF8) from None
    except (ValueError, RecursionError):
        raise Unusable(NOT_JSON) from None
    if not isinstance(value, dict):
        raise Unusable(f"{NOT_JSON} object")
    return value


def _clear_nonfinite(value: dict[str, Any]) -> int:
    for name in OPTIONAL_NUMBERS:
        if _is_nonfinite(value.get(name)):
            value[name] = None
    for name in ("rule_features", "entry_features"):
        features = value.get(name)
        if isinstance(features, dict):
            bad = [feature for feature, number in features.items() if _is_nonfinite(number)]
            features |= dict.fromkeys(bad)
            return len(bad)
    return 0


def _is_nonfinite(value: object) -> bool:
    return isinstance(value, float) and not isfinite(value)
