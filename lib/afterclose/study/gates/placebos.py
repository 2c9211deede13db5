"""Features that know nothing of the outcomes, each built to fool a naive test in its own way.

What is replaced are the features alone: PnL, excursions, sessions and holding periods stay as
they are, so whatever hangs together in a history still does. A gate that lets one of these
through has been fooled by luck (docs/evidence.md).
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import numpy as np

from afterclose.arrays import Floats
from afterclose.dataset.columns import Dataset
from afterclose.evaluating.sessions import DAY_US

FEATURES: Final = 4
FILLS: Final = 10
"""Rows into which a decision is repeated."""

SHIFT: Final = (0.25, 0.75)
"""Share of the whole time by which features are moved."""

Generator = np.random.Generator
Placebo = Callable[[Dataset, Generator], Dataset]


def independent(history: Dataset, rng: Generator) -> Dataset:
    """Every decision has features of its own."""
    return _with(history, rng.normal(size=(len(history), FEATURES)))


def market_wide(history: Dataset, rng: Generator, *, persistence: float) -> Dataset:
    """All decisions of a session share the features, which follow an AR(1) by session."""
    _, session = np.unique(history.decision_us // DAY_US, return_inverse=True)
    steps = rng.normal(size=(int(session.max()) + 1, FEATURES))
    for number in range(1, len(steps)):
        steps[number] += persistence * steps[number - 1]
    return _with(history, steps[session.reshape(-1)])


def per_symbol(history: Dataset, rng: Generator) -> Dataset:
    """A symbol has the same features for ever."""
    _, number = np.unique(history.symbol, return_inverse=True)
    values = rng.normal(size=(int(number.max()) + 1, FEATURES))
    return _with(history, values[number.reshape(-1)])


def someone_elses(history: Dataset, rng: Generator) -> Dataset:
    """The history's own features, each symbol's taken from another one and at another time.

    Volatility, beta and whatever else there is stay as clustered and as persistent as they
    are, and belong to other trades. Time is a circle; of one symbol only the time moves.
    """
    symbols = np.array(history.symbol)
    order = rng.permutation(np.unique(symbols))
    first, last = int(history.decision_us[0]), int(history.decision_us[-1])
    span = max(last - first, 1)
    shift = int(span * rng.uniform(*SHIFT))
    values = np.empty_like(history.features)
    for symbol, other in zip(order, np.roll(order, 1), strict=True):
        rows, others = np.flatnonzero(symbols == symbol), np.flatnonzero(symbols == other)
        moved = first + (history.decision_us[rows] - first + shift) % span
        at = np.searchsorted(history.decision_us[others], moved) % len(others)
        values[rows] = history.features[others[at]]
    names = tuple(f"{name} of another" for name in history.feature_names)
    return replace(history, feature_names=names, features=values)


def as_fills(history: Dataset, rng: Generator) -> Dataset:
    """A market-wide feature, and each decision booked as ten fills of a tenth."""
    placebo = market_wide(history, rng, persistence=0.97)
    many = placebo.take(np.repeat(np.arange(len(placebo)), FILLS))
    return replace(many, quantity=many.quantity / FILLS, notional=many.notional / FILLS)


def _with(history: Dataset, values: Floats) -> Dataset:
    names = tuple(f"placebo_{number}" for number in range(values.shape[1]))
    return replace(history, feature_names=names, features=values)
