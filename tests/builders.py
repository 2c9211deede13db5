"""Builders for tests: the shortest valid trade, a ledger file, and a ledger with an effect."""

import json
import random
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

FIRST_ENTRY = datetime(2024, 1, 2, 15, 0, tzinfo=UTC)
"""10:00 in New York on the first session of 2024."""

LONGEST_HISTORY = timedelta(days=730)

FEATURES = ("atr_pct", "rsi", "trend", "volume_ratio")


def make_trade(**overrides: Any) -> dict[str, Any]:
    """The shortest valid closed ledger record; overrides replace or add fields.

    Bought at 100 on 2 January 2024, sold at 110 a day later without fees: +10 %.
    """
    return {
        "trade_id": "T1",
        "symbol": "AAPL",
        "entry_timestamp": "2024-01-02T10:00:00-05:00",
        "exit_timestamp": "2024-01-03T10:00:00-05:00",
        "entry_price": 100.0,
        "exit_price": 110.0,
        "quantity": 10.0,
        "rule_features": {"rsi": 50.0},
    } | overrides


def write_ledger(path: Path, records: Iterable[Mapping[str, Any] | str | bytes]) -> Path:
    """Write one line a record; text and bytes are written as they are, for damaged lines."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(_line(record) for record in records))
    return path


def append_ledger(path: Path, records: Iterable[Mapping[str, Any] | str | bytes]) -> Path:
    """Append one line a record to a ledger."""
    with path.open("ab") as file:
        file.writelines(_line(record) for record in records)
    return path


def synthetic_records(
    count: int,
    seed: int = 0,
    *,
    effect: float = 0.8,
    extra_features: int = 0,
    apart: timedelta = timedelta(hours=1),
) -> list[dict[str, Any]]:
    """``count`` valid closed records, ``apart`` from each other, with four features and an effect.

    A high ``atr_pct`` and a low ``trend`` make a trade bad more often; ``effect`` 0 makes
    every feature noise. About one trade in four is a short, and trades last one to nine
    days, so outcomes overlap; the last ends in January 2026 or before. ``extra_features`` adds
    features of pure noise.
    """
    random_source = random.Random(seed)  # noqa: S311 - a repeatable series, not a secret
    step = min(apart, LONGEST_HISTORY / max(count, 1))
    return [
        _record(random_source, number, FIRST_ENTRY + number * step, effect, extra_features)
        for number in range(count)
    ]


def _record(
    random_source: random.Random,
    number: int,
    entry: datetime,
    effect: float,
    extra_features: int,
) -> dict[str, Any]:
    gauss, uniform = random_source.gauss, random_source.uniform
    volatility, trend = gauss(0, 1), gauss(0, 1)
    side = "short" if random_source.random() < 0.25 else "long"
    move = 0.004 + 0.02 * gauss(0, 1) - 0.02 * effect * (volatility - trend) / 2
    price = round(uniform(20, 400), 2)
    mae = min(0.0, move) - abs(gauss(0, 0.008)) * (1 + effect * max(volatility, 0))
    return {
        "trade_id": f"S{number:07d}",
        "symbol": random_source.choice(("AAPL", "MSFT", "NVDA", "XOM")),
        "side": side,
        "entry_timestamp": entry.isoformat(),
        "exit_timestamp": (entry + timedelta(days=uniform(1, 9))).isoformat(),
        "decision_timestamp": (entry - timedelta(minutes=5)).isoformat(),
        "entry_price": price,
        "exit_price": round(price * (1 + (move if side == "long" else -move)), 4),
        "quantity": float(random_source.randint(1, 200)),
        "fees": 1.0,
        "rule_confidence": round(uniform(0.4, 0.9), 3),
        "rule_features": {
            "atr_pct": round(0.02 * 1.5**volatility, 6),
            "rsi": round(uniform(20, 80), 3),
            "trend": round(trend, 6),
            "volume_ratio": round(uniform(0.5, 2.5), 4),
        }
        | {f"noise_{index}": round(gauss(0, 1), 5) for index in range(extra_features)},
        "mae_pct": round(mae, 6),
        "mfe_pct": round(max(0.0, move) + abs(gauss(0, 0.008)), 6),
        "exit_type": "STRATEGY",
        "source": "paper",
    }


def _line(record: Mapping[str, Any] | str | bytes) -> bytes:
    if isinstance(record, bytes):
        return record + b"\n"
    text = record if isinstance(record, str) else json.dumps(record)
    return text.encode() + b"\n"
