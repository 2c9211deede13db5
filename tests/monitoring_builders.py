"""Histories of verdicts for the monitor: entries decided by a model, and what came of them."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import msgspec
import numpy as np

from afterclose.disk.seal import seal
from afterclose.settings import Settings
from trading_builders import make_scorecard

FIRST_MONDAY = datetime(2024, 1, 1, 15, tzinfo=UTC)

NAMES = tuple(f"f{number:02d}" for number in range(12))


class Entry(NamedTuple):
    """One decision of the rules: its verdict's line, and its trade."""

    verdict: dict[str, Any]
    trade: dict[str, Any]


def card(features: int = 12) -> Any:
    """A linear model whose log-odds are half of the first feature; above 0.6 is blocked."""
    many = (0.0,) * features
    return make_scorecard(
        feature_names=NAMES[:features],
        imputation_values=many,
        weights=(0.5, *many[1:]),
        threshold=0.6,
        threshold_mode="share",
        train_min=(-5.0,) * features,
        train_max=(5.0,) * features,
        train_mean=many,
        train_std=(1.0,) * features,
    )


def entries(
    seed: int,
    weeks: range,
    a_week: int,
    *,
    model_id: str | None,
    shift: float = 0.0,
    worse: float = 0.0,
    blocked_gain: float = 0.0,
    features: int = 12,
) -> list[Entry]:
    """``a_week`` decisions in each of ``weeks`` (counted from `FIRST_MONDAY`), the truth known.

    A trade is bad by the model's own probability and ``worse``; three features are moved by
    ``shift``, and blocked decisions make ``blocked_gain`` units of risk more. Trades last three
    days. Without a ``model_id`` no model decided.
    """
    random = np.random.default_rng(seed)
    made = []
    for week in weeks:
        for number in range(a_week):
            at = FIRST_MONDAY + timedelta(weeks=week, minutes=number * 6000 // a_week)
            made.append(
                _entry(
                    random,
                    at,
                    number,
                    model_id=model_id,
                    shift=shift,
                    worse=worse,
                    blocked_gain=blocked_gain,
                    features=features,
                )
            )
    return made


def _entry(
    random: np.random.Generator,
    at: datetime,
    number: int,
    *,
    model_id: str | None,
    shift: float,
    worse: float,
    blocked_gain: float,
    features: int,
) -> Entry:
    values = random.normal(size=features)
    values[1:4] += shift
    risk = float(1 / (1 + np.exp(-0.5 * values[0])))
    blocked = model_id is not None and risk > 0.6
    bad = random.random() < risk + worse
    units = abs(random.normal()) * (-1 if bad else 1) + blocked_gain * blocked
    name = f"T{at:%Y%m%d}-{number}"
    named = dict(zip(NAMES, map(float, values), strict=False)) | {"atr_pct": 0.02}
    verdict = {
        "schema_version": 2,
        "at": at.isoformat(),
        "session": f"{at:%Y-%m-%d}",
        "trade_id": name,
        "symbol": "AAPL",
        "side": "long",
        "mode": "ml" if model_id else "rules-only",
        "model_id": model_id,
        "digest": "0" * 64,
        "features": named,
        "risk_score": risk if model_id else None,
        "threshold": 0.6,
        "allowed": not blocked,
        "size_multiplier": 0.0 if blocked else 1.0,
        "reason": ("high_risk" if blocked else "low_risk") if model_id else "no_active_model",
    }
    trade = {
        "trade_id": f"shadow-{name}" if blocked else name,
        "symbol": "AAPL",
        "side": "long",
        "entry_timestamp": at.isoformat(),
        "exit_timestamp": (at + timedelta(days=3)).isoformat(),
        "entry_price": 100.0,
        "exit_price": 100.0 * (1 + 0.04 * units),
        "quantity": 10.0,
        "rule_features": named,
        "source": "shadow" if blocked else "paper",
    }
    return Entry(verdict, trade)


def append_verdicts(settings: Settings, made: Iterable[Entry]) -> None:
    """Write the verdicts' lines to the decision log."""
    settings.root.mkdir(parents=True, exist_ok=True)
    with (settings.root / "ml_decisions.jsonl").open("ab") as log:
        log.writelines(seal(msgspec.json.encode(entry.verdict)) + b"\n" for entry in made)


def append_outcomes(settings: Settings, made: Iterable[Entry]) -> None:
    """Write the trades that have closed to the ledgers, blocked ones to the shadow ledger."""
    for entry in made:
        is_shadow = entry.trade["source"] == "shadow"
        path = settings.shadow_ledger_path if is_shadow else settings.ledger_paths[0]
        with path.open("ab") as ledger:
            ledger.write(msgspec.json.encode(entry.trade) + b"\n")
