"""What one line of a ledger turns out to be: a closed trade, an open one, or a reject."""

from datetime import datetime

import msgspec

from afterclose.records import TradeDataRow


class Closed(msgspec.Struct, frozen=True, gc=False):
    """A closed trade that can be learned from, and what was changed in it on the way."""

    row: TradeDataRow
    nonfinite_features: int
    mae_sign_flipped: bool


class Open(msgspec.Struct, frozen=True, gc=False):
    """A trade without an exit yet: neither a row nor a reject."""

    trade_id: str


class Reject(msgspec.Struct, frozen=True, gc=False):
    """A line that cannot be used, and why (see `trades.record.Unusable`)."""

    trade_id: str | None
    reason: str
    usable_from: datetime | None = None
