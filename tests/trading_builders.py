"""Builders for the trading side: signals, bars, fixed filters, active models, a calendar."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from afterclose.disk.files import write_atomic
from afterclose.learning.artifacts import ModelStore
from afterclose.learning.scorecard import Scorecard
from afterclose.market.sessions import Session, SessionTable
from afterclose.model_registry import ModelRegistry
from afterclose.records import Bar, Decision, Signal
from afterclose.scope_files import SESSIONS_FILE
from afterclose.settings import Settings

BEFORE_THE_OPEN = datetime(2026, 1, 27, 14, tzinfo=UTC)
"""9:00 in New York, half an hour before the session of Tuesday, 27 January 2026."""

DURING_THE_SESSION = datetime(2026, 1, 27, 18, tzinfo=UTC)
CLOSE = datetime(2026, 1, 27, 21, tzinfo=UTC)

ALLOWED = Decision(
    allowed=True, risk_score=0.2, size_multiplier=1.0, reason="low_risk", model_id="M"
)
BLOCKED = Decision(
    allowed=False, risk_score=0.9, size_multiplier=0.0, reason="high_risk", model_id="M"
)


class FixedFilter:
    """Gives ``decision`` to every entry, and remembers what it was asked."""

    def __init__(self, decision: Any = ALLOWED) -> None:
        self.decision = decision
        self.asked: list[object] = []

    def check(self, features: object) -> Any:
        self.asked.append(features)
        return self.decision


class BrokenFilter:
    """Fails on every entry."""

    def check(self, features: object) -> Decision:
        raise RuntimeError("the model is gone")


def make_signal(**overrides: Any) -> Signal:
    """A long of 10 AAPL at 100, at the close of 27 January 2026 in New York."""
    return Signal(
        **{
            "symbol": "AAPL",
            "timestamp": "2026-01-27T16:00:00-05:00",
            "price": 100.0,
            "quantity": 10.0,
            "rule_confidence": 0.7,
            "features": {"rsi": 55.0},
        }
        | overrides
    )


def make_bar(day: int, prices: tuple[float, float, float, float], **overrides: Any) -> Bar:
    """The bar of AAPL at the close of that day of January 2026: open, high, low, close."""
    opened, high, low, close = prices
    return Bar(
        **{
            "symbol": "AAPL",
            "timestamp": f"2026-01-{day:02d}T16:00:00-05:00",
            "open": opened,
            "high": high,
            "low": low,
            "close": close,
        }
        | overrides
    )


def ledger_lines(path: Path) -> list[dict[str, Any]]:
    """The records of a ledger file as plain values; none when there is no file."""
    if not path.exists():
        return []
    return [msgspec.json.decode(line) for line in path.read_bytes().splitlines()]


def shadow_lines(settings: Settings) -> list[dict[str, Any]]:
    """The records of the scope's shadow ledger."""
    return ledger_lines(settings.shadow_ledger_path)


def make_scorecard(**overrides: Any) -> Scorecard:
    """Two features of mean 0 and spread 1; the log-odds of a bad trade are their sum."""
    return Scorecard(
        **{
            "feature_names": ("atr_pct", "rsi"),
            "imputation_values": (0.0, 0.0),
            "weights": (1.0, 1.0),
            "intercept": 0.0,
            "log_odds_at_mean": 0.0,
            "threshold": 0.5,
            "train_min": (-3.0, -3.0),
            "train_max": (3.0, 3.0),
            "train_mean": (0.0, 0.0),
            "train_std": (1.0, 1.0),
        }
        | overrides
    )


def promote_model(
    settings: Settings, now: datetime = BEFORE_THE_OPEN, card: Scorecard | None = None
) -> str:
    """Publish a linear model, register it with an evaluation and make it active."""
    return promote_files(
        settings,
        {
            "model.joblib": b"is never opened for a linear model",
            "scorecard.json": (card or make_scorecard()).to_bytes(),
        },
        now,
    )


def promote_files(
    settings: Settings,
    files: dict[str, bytes],
    now: datetime = BEFORE_THE_OPEN,
    metadata: dict[str, Any] | None = None,
) -> str:
    """Publish a model of these files, register it with an evaluation and make it active."""
    registry = ModelRegistry.from_settings(settings)
    store = ModelStore(settings.model_dir)
    model_id = store.free_id(now - timedelta(days=1))
    store.create(model_id, files, metadata or {}, settings.signing_key)
    registry.register_candidate(model_id, {"auc": 0.6}, {"expectancy": 0.01}, now=now)
    registry.promote_candidate(model_id, reason="test", now=now)
    return model_id


def write_sessions(settings: Settings, next_open: datetime | None = None) -> None:
    """A market calendar for January and February 2026: weekdays, 9:30 to 16:00 in New York.

    ``next_open`` is when the session of 28 January opens, if not at 9:30.
    """
    first = datetime(2026, 1, 1, tzinfo=UTC)
    days = [first + timedelta(days=number) for number in range(59)]
    sessions = tuple(
        Session(
            f"{day:%Y-%m-%d}",
            next_open
            if next_open and day.day == 28 and day.month == 1
            else day + timedelta(hours=14.5),
            day + timedelta(hours=21),
        )
        for day in days
        if day.weekday() < 5
    )
    table = SessionTable(
        calendar=settings.calendar_name,
        library_version="a test's",
        overrides_sha256="",
        timezone="America/New_York",
        built_for=BEFORE_THE_OPEN,
        first="2026-01-01",
        last="2026-02-28",
        covers_from=first,
        covers_until=days[-1] + timedelta(days=1),
        sessions=sessions,
    )
    write_atomic(settings.root / SESSIONS_FILE, msgspec.json.encode(table))


def write_signals(path: Path, signals: Iterable[Signal]) -> None:
    """One line a signal, as a strategy writes them."""
    path.write_bytes(b"".join(msgspec.json.encode(signal) + b"\n" for signal in signals))


def untimed(log: bytes) -> bytes:
    """A decision log without what a clock measured: how long each verdict took, and the seal."""
    return re.sub(rb'"latency_us":[^,]+,|,"crc32":"[0-9a-f]+"', b"", log)
