"""Builders for tests of learning: datasets in memory, and a builder that holds them."""

import hashlib
from datetime import UTC, datetime
from typing import Any

import numpy as np

from afterclose.dataset.columns import Dataset
from afterclose.errors import InputError

HOUR_US = 3_600_000_000
FIRST_DECISION_US = int(datetime(2024, 1, 2, 15, tzinfo=UTC).timestamp()) * 1_000_000

Columns = dict[str, list[float] | np.ndarray]


def dataset_of(
    features: Columns,
    *,
    pnl_pct: Any = None,
    mae_pct: Any = None,
    notional: Any = None,
    stop_pct: Any = None,
    hours_between: float = 24,
    hours_held: float = 30,
) -> Dataset:
    """A dataset of these feature columns; by default nobody wins, loses, or has an MAE."""
    names = tuple(sorted(features))
    values = np.array([features[name] for name in names], dtype=float).T
    rows = len(values)
    unknown = np.full(rows, np.nan)
    decision_us = FIRST_DECISION_US + (np.arange(rows) * hours_between * HOUR_US).astype(np.int64)
    pnl = np.zeros(rows) if pnl_pct is None else np.asarray(pnl_pct, dtype=float)
    mae = unknown if mae_pct is None else np.asarray(mae_pct, dtype=float)
    exit_us = decision_us + int(hours_held * HOUR_US)
    content = b"".join(part.tobytes() for part in (values, decision_us, exit_us, pnl, mae))
    sha256 = hashlib.sha256(content).hexdigest()
    return Dataset(
        trade_id=[f"T{row:05d}" for row in range(rows)],
        symbol=["AAPL"] * rows,
        side=["long"] * rows,
        source=["paper"] * rows,
        strategy=[""] * rows,
        decision_us=decision_us,
        exit_us=exit_us,
        realized_pnl_pct=pnl,
        mae_pct=mae,
        mfe_pct=unknown,
        fees_pct=np.zeros(rows),
        quantity=np.ones(rows),
        notional=np.full(rows, 1000.0) if notional is None else np.asarray(notional, dtype=float),
        stop_pct=unknown if stop_pct is None else np.asarray(stop_pct, dtype=float),
        feature_names=names,
        features=values,
        version=f"v{rows:08d}-{sha256[:12]}",
        sha256=sha256,
    )


def learnable(rows: int = 120, seed: int = 0, **times: float) -> Dataset:
    """One trade a day; a high ``heat`` loses more often. ``gappy`` is missing now and then,
    ``flat`` never changes and ``rare`` is mostly missing."""
    random = np.random.default_rng(seed)
    heat = random.normal(size=rows)
    gappy = np.where(random.random(rows) < 0.2, np.nan, 100 + random.normal(size=rows))
    rare = np.where(random.random(rows) < 0.8, np.nan, random.normal(size=rows))
    pnl_pct = 0.01 * (0.5 - heat + random.normal(size=rows))
    features: Columns = {
        "heat": heat,
        "gappy": gappy,
        "rare": rare,
        "flat": np.full(rows, 7.0),
        "noise": random.normal(size=rows),
    }
    return dataset_of(features, pnl_pct=pnl_pct, **times)


class MemoryBuilder:
    """Stands in for a DatasetBuilder: the last of its datasets is the present one."""

    def __init__(self, *datasets: Dataset) -> None:
        self.datasets = {dataset.version: dataset for dataset in datasets}

    def load(self, version: str | None = None) -> Dataset:
        """As `DatasetBuilder.load`."""
        if version is None:
            return list(self.datasets.values())[-1]
        if version not in self.datasets:
            raise InputError(f"there is no dataset version {version}")
        return self.datasets[version]
