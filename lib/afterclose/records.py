"""The records that pass between floors: trades, dataset rows, signals, bars, verdicts, outcomes.

Frozen msgspec structs: typed, validated while they are parsed, and cheap to import for the
trading process. Prices are in currency, names ending in ``_pct`` are fractions (0.01 is
1 %), timestamps are ISO 8601 text with an offset once they are in the dataset.
"""

from datetime import datetime
from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

Features = dict[str, float | None]
"""Feature name to value; None stands for missing (never NaN)."""

Reason = Literal[
    "low_risk",
    "high_risk",
    "no_active_model",
    "model_load_failed",
    "model_expired",
    "features_missing",
    "features_invalid",
    "out_of_distribution",
    "scoring_failed",
    "switched_off",
    "session_over",
]
"""Why the filter answered as it did. Every code but high_risk allows the trade."""


class Subject(msgspec.Struct, frozen=True):
    """What a verdict is about, for its line in the log; no part of it need be known.

    ``trade_id`` is the id that the trade has in the ledger, or would have. ``at`` is the
    moment of the decision, by default now; without an offset it is the market's local time.
    ``side`` is long or short.

    The rest is the plan, by which a blocked entry is followed at night
    (`afterclose.history.shadow`): ``price`` to enter at, None for the next open; ``quantity``
    that the rules wanted; ``stop_price``, ``target_price`` and ``max_holding_days``.
    """

    trade_id: str | None = None
    symbol: str | None = None
    side: str | None = None
    at: str | datetime | None = None
    strategy: str | None = None
    price: float | None = None
    quantity: float | None = None
    stop_price: float | None = None
    target_price: float | None = None
    max_holding_days: float | None = None


class Trade(msgspec.Struct, frozen=True, kw_only=True):
    """One ledger record (docs/design.md, section 4); while it is open its exit is None."""

    trade_id: str
    symbol: str
    side: str = "long"
    entry_timestamp: str | datetime
    exit_timestamp: str | datetime | None = None
    decision_timestamp: str | datetime | None = None
    entry_price: float
    exit_price: float | None = None
    quantity: float
    fees: float = 0.0
    rule_confidence: float | None = None
    rule_features: dict[str, float | bool | None] = {}
    mae_pct: float | None = None
    mfe_pct: float | None = None
    exit_type: str | None = None
    exit_reason: str | None = None
    source: str = "paper"
    strategy: str | None = None
    stop_price: float | None = None


class TradeDataRow(msgspec.Struct, frozen=True, gc=False):
    """One closed trade in the dataset (docs/design.md, section 5).

    ``realized_pnl_pct`` is a fraction net of fees; ``position_size`` is the quantity, in
    shares or units; ``holding_days`` is elapsed time in days; ``mae_pct`` is a fraction
    at most 0, None when unknown. ``strategy`` and ``stop_price`` (planned at the entry, on
    its losing side) are absent where the record does not say them.
    """

    trade_id: str
    symbol: str
    side: str
    decision_timestamp: str
    exit_timestamp: str
    rule_confidence: float | None
    rule_features: Features
    position_size: float
    entry_price: float
    exit_price: float
    fees: float
    holding_days: float
    realized_pnl_pct: float
    mae_pct: float | None
    mfe_pct: float | None
    exit_type: str | None
    source: str
    strategy: str | UnsetType = UNSET
    stop_price: float | UnsetType = UNSET


class Signal(msgspec.Struct, frozen=True, kw_only=True):
    """An entry that the rules found: to be made at ``timestamp``, for ``price``.

    ``decision_timestamp`` is when the rules decided, None for at once: a signal of one
    close that is entered at the next open has both. Stop and target are prices;
    ``features`` hold only what was known at the decision.
    """

    symbol: str
    side: str = "long"
    timestamp: str | datetime
    decision_timestamp: str | datetime | None = None
    price: float
    quantity: float
    rule_confidence: float | None = None
    features: dict[str, Any] = {}
    stop_price: float | None = None
    target_price: float | None = None
    max_holding_days: float | None = None
    strategy: str | None = None


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """One price bar of one symbol, known at ``timestamp``."""

    symbol: str
    timestamp: str | datetime
    open: float
    high: float
    low: float
    close: float
    volume: float = 0.0


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """The filter's verdict on one entry.

    ``risk_score`` is a probability of a bad trade, None when there is none;
    ``size_multiplier`` is between 0 (blocked) and 1.
    """

    allowed: bool
    risk_score: float | None
    size_multiplier: float
    reason: Reason
    model_id: str | None


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What a job did: ``details`` for machines, ``text`` for people.

    ``status`` is done, unchanged (it was so already), skipped (it could not be done yet, and
    ``reason`` says why) or nothing_due; where a check is the job, what it came to: healthy or
    unhealthy (``status --health``), damaged (``verify``), refused (an import that needs an
    answer first). A failure is an exception, not an outcome. ``exit_code`` is 0 but for such a
    check's bad end, and for a fleet or a backup, which has the ``status`` and code of the worst of
    its scopes.
    """

    job: str
    status: str
    reason: str = ""
    details: dict[str, Any] = {}
    text: str = ""
    exit_code: int = 0


class ScopeResult(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one scope of a fleet; ``status`` and ``exit_code`` are those of its job."""

    scope: str
    session: str | None
    status: str
    reason: str
    exit_code: int
    seconds: float


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Something wrong with a file of the scope, as ``verify`` reports it.

    ``file`` is a path inside the scope, ``where`` a place in it (line, byte, field; empty
    for the whole file), ``what`` a sentence without a full stop.
    """

    file: str
    where: str = ""
    what: str


class Repair(msgspec.Struct, frozen=True, kw_only=True):
    """What a repair has done, and what is left for a person; sentences without a full stop."""

    done: tuple[str, ...]
    left: tuple[str, ...]
