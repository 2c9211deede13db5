"""Made-up trades whose truth is known: what the gates are calibrated on.

Only where one knows that there is nothing to find can one count how often it is found. Sizes
are those of swing trades: winners earn 2.2 % on average, three of four bad trades lose 3.3 %,
the fourth goes more than 3 % under water and recovers. Four more features are noise.
"""

import math
from datetime import timedelta
from typing import Final, NamedTuple

import numpy as np

from afterclose.arrays import Floats, Integers, Mask
from afterclose.dataset.columns import MICROSECOND, Dataset

ONE_IN_THREE: Final = -0.75
"""Log-odds of being bad for a trade whose features are average."""

NOISE_FEATURES: Final = 4
TRADES_A_DAY: Final = (2, 4)
DAYS_HELD: Final = (1, 6)
NOTIONAL: Final = 10_000.0
LOSING_SHARE_OF_BAD: Final = 0.75
USUAL_LOSS_PCT: Final = 0.011
GAIN_SHAPE, GAIN_PCT = 2, 0.011
RECOVERED_SHAPE, RECOVERED_PCT = 1.5, 0.010
LOSS_SHAPE: Final = 3
"""Gamma distributions: of a good trade's gain, of a bad one's that recovered, and of a loss."""

NODES: Final = 64
"""Of the Gauss-Hermite sum over the feature."""

WITHIN_MAE_PCT: Final = 0.029
BEYOND_MAE_PCT: Final = 0.0301
"""The adverse excursions of good trades end, and those of bad ones begin, around 3 %."""

MARKET_SHARE: Final = 0.3
"""Of a trade's variance in `volatile_trades`: what all trades of its day share."""

DAY_US: Final = timedelta(days=1) // MICROSECOND

FIRST_DECISION_US: Final = 20_000 * DAY_US + DAY_US * 5 // 8
"""15:00 UTC on a day in 2024."""


Days = Integers


class _Outcomes(NamedTuple):
    pnl: Floats
    mae: Floats


def planted_trades(
    count: int,
    seed: int,
    *,
    odds_ratio: float,
    bad_log_odds: float = ONE_IN_THREE,
    flip_at: int | None = None,
    loss_pct: float = USUAL_LOSS_PCT,
) -> Dataset:
    """``count`` trades with one feature, ``edge``, that knows which will be bad.

    Each of its standard deviations multiplies the odds of that by ``odds_ratio``; at 1 there
    is nothing to learn. From trade ``flip_at`` on it divides them: the regime has turned.
    A trade whose features are average has ``bad_log_odds``. A loss is ``loss_pct`` times three
    on average.
    """
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(count, 1 + NOISE_FEATURES))
    slope = np.full(count, math.log(odds_ratio))
    slope[count if flip_at is None else flip_at :] *= -1
    bad = rng.random(count) < 1 / (1 + np.exp(-bad_log_odds - slope * features[:, 0]))
    return _dataset(rng, _days(rng, count), features, _swing_outcomes(rng, bad, loss_pct))


def break_even_loss_pct(odds_ratio: float, bad_log_odds: float = ONE_IN_THREE) -> float:
    """The ``loss_pct`` with which the rules of `planted_trades` earn nothing on average.

    Where they earn, a small edge has nothing that is worth blocking.
    """
    at, weight = np.polynomial.hermite_e.hermegauss(NODES)
    bad = weight @ (1 / (1 + np.exp(-bad_log_odds - math.log(odds_ratio) * at))) / weight.sum()
    good_gains = (1 - bad) * GAIN_SHAPE * GAIN_PCT
    recovered = bad * (1 - LOSING_SHARE_OF_BAD) * RECOVERED_SHAPE * RECOVERED_PCT
    return float((good_gains + recovered) / (bad * LOSING_SHARE_OF_BAD * LOSS_SHAPE))


def volatile_trades(count: int, seed: int) -> Dataset:
    """Trades whose feature ``edge`` knows how far they will go and not in which direction.

    It tells bad trades well, since a fixed excursion is mostly a measure of volatility, and
    is worth nothing: all have the same expectancy. The trades of a day share a market.
    """
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(count, 1 + NOISE_FEATURES))
    day = _days(rng, count)
    market, own = rng.normal(size=count)[day], rng.normal(size=count)
    size_pct = 0.02 * np.exp(0.5 * features[:, 0])
    shock = math.sqrt(MARKET_SHARE) * market + math.sqrt(1 - MARKET_SHARE) * own
    pnl = 0.002 + size_pct * shock
    mae = np.minimum(pnl, 0) - size_pct * np.abs(rng.normal(size=count)) / 2
    return _dataset(rng, day, features, _Outcomes(pnl, mae))


def _days(rng: np.random.Generator, count: int) -> Days:
    """The day on which each trade is decided, from 0."""
    low, high = TRADES_A_DAY
    return np.repeat(np.arange(count), rng.integers(low, high + 1, count))[:count]


def _swing_outcomes(rng: np.random.Generator, bad: Mask, loss_pct: float) -> _Outcomes:
    count = len(bad)
    lost = bad & (rng.random(count) < LOSING_SHARE_OF_BAD)
    recovered = rng.gamma(RECOVERED_SHAPE, RECOVERED_PCT, count)
    gain = np.where(bad, recovered, rng.gamma(GAIN_SHAPE, GAIN_PCT, count))
    pnl = np.where(lost, -rng.gamma(LOSS_SHAPE, loss_pct, count), gain)
    beyond = np.minimum(pnl, -BEYOND_MAE_PCT) - rng.exponential(0.008, count)
    return _Outcomes(pnl, np.where(bad, beyond, -rng.uniform(0, WITHIN_MAE_PCT, count)))


def _dataset(rng: np.random.Generator, day: Days, features: Floats, outcomes: _Outcomes) -> Dataset:
    count = len(features)
    decision_us = FIRST_DECISION_US + day * DAY_US
    low, high = DAYS_HELD
    return Dataset(
        trade_id=[f"P{number:06d}" for number in range(count)],
        symbol=[f"S{number:06d}" for number in range(count)],
        side=["long"] * count,
        source=["simulation"] * count,
        strategy=[""] * count,
        decision_us=decision_us,
        exit_us=decision_us + rng.integers(low, high + 1, count) * DAY_US,
        realized_pnl_pct=outcomes.pnl,
        mae_pct=outcomes.mae,
        mfe_pct=np.maximum(outcomes.pnl, 0),
        fees_pct=np.zeros(count),
        quantity=np.ones(count),
        notional=np.full(count, NOTIONAL),
        stop_pct=np.full(count, np.nan),
        feature_names=("edge", *(f"noise_{number}" for number in range(NOISE_FEATURES))),
        features=features,
        version=f"v{count:08d}-planted",
        sha256="",
    )
