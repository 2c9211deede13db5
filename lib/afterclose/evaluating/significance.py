"""Could luck alone have done this? Random blocking, and the price of many tries.

Any filter that blocks losers by chance looks useful on the trades it was lucky with, and
among many candidates one is always lucky (PEER: pure noise promoted 96 % of the time at
n=20). So a filter is compared with blocking the same number at random, and the answer is
corrected for how many candidates were tried before.
"""

import math
from collections.abc import Callable
from functools import partial
from statistics import NormalDist

import msgspec
import numpy as np

from afterclose.arrays import Floats, Indices, Mask
from afterclose.measures.metrics import RunAll, has_spread

PERMUTED_ROWS = 20_000_000
"""Trades shuffled in all: 10,000 permutations up to 2,000 trades, then fewer."""

MIN_PERMUTATIONS = 100

CHUNK_CELLS = 200_000
"""Numbers shuffled at once."""

EULER_GAMMA = 0.5772156649015329

MIN_ROWS_FOR_MOMENTS = 4
"""A kurtosis of fewer values says nothing."""


class Significance(msgspec.Struct, frozen=True, kw_only=True):
    """How surprising a filter's result is; None where nothing, or everything, was blocked.

    `p_value` is the chance that blocking as many trades at random keeps an expectancy as
    good; `p_value_deflated` the chance that the best of `candidates_tried` such filters
    does; `deflated_sharpe` the probability that the filter's true gain per signal is above
    that of the luckiest of as many useless ones.
    """

    p_value: float | None
    permuted_draws: int
    candidates_tried: int
    p_value_deflated: float | None
    deflated_sharpe: float | None


def significance(
    pnl: Floats,
    keep: Mask,
    *,
    candidates_tried: int,
    draws: int,
    seed: int,
    run_all: RunAll = map,
) -> Significance:
    """All figures for the trades that ``keep`` lets through, against trading them all.

    ``pnl`` float64[n] without NaN, ``keep`` bool[n], ``candidates_tried`` at least 1.
    """
    p_value, done = random_blocking(pnl, keep, draws=draws, seed=seed, run_all=run_all)
    return Significance(
        p_value=p_value,
        permuted_draws=done,
        candidates_tried=candidates_tried,
        p_value_deflated=None if p_value is None else sidak(p_value, candidates_tried),
        deflated_sharpe=deflated_sharpe(np.where(keep, 0.0, -pnl), candidates_tried),
    )


def random_blocking(
    pnl: Floats, keep: Mask, *, draws: int, seed: int, run_all: RunAll = map
) -> tuple[float | None, int]:
    """One-sided p-value of the kept trades' expectancy, and the random choices behind it.

    Each random choice is a window, of as many trades as were kept, in a random order of all
    trades; beyond 2,000 trades one order serves several windows, evenly spaced, which keeps
    each window a fair draw, and orders are combined out of fewer ones (`_count_in_pairs`).
    p = (1 + as good or better) / (1 + draws) is never 0 (Phipson & Smyth, 2010). The null takes
    trades as exchangeable; clustered luck is the bootstrap's matter. (None, 0) when nothing or
    everything was blocked. ``run_all`` is for many trades; the answer does not depend on it.
    """
    rows, kept = len(pnl), int(keep.sum())
    if kept in (0, rows):
        return None, 0
    orders = min(draws, max(MIN_PERMUTATIONS, PERMUTED_ROWS // rows))
    in_pairs = orders < draws
    side = math.ceil(math.sqrt(orders))
    orders = side**2 if in_pairs else orders
    windows = _Windows(rows, kept, min(rows, -(-draws // orders)))
    observed = float(pnl[keep].sum())
    # A choice that ties with the observed one must count, whatever the order of summing.
    as_good = observed - 1e-12 * float(np.abs(pnl).sum())
    rng = np.random.default_rng(seed)
    if in_pairs:
        count = partial(windows.count, as_good=as_good)
        better = _count_in_pairs(rng, pnl, side, count, run_all)
    else:
        better = 0
        chunk = max(1, CHUNK_CELLS // rows)
        for done in range(0, orders, chunk):
            order = np.tile(pnl, (min(chunk, orders - done), 1))
            rng.permuted(order, axis=1, out=order)
            better += windows.count(order, as_good)
    return (1 + better) / (1 + orders * windows.many), orders * windows.many


class _Windows:
    """Windows of ``kept`` of the rows, ``many`` of them evenly spaced on a circle."""

    def __init__(self, rows: int, kept: int, many: int) -> None:
        self.many = many
        starts = np.arange(many) * rows // many
        ends, around = (starts + kept) % rows, starts + kept >= rows
        self._edges = np.unique(np.concatenate([[0], starts, ends]))
        self._first, self._last = (np.searchsorted(self._edges, at) for at in (starts, ends))
        self._around = around

    def count(self, orders: Floats, as_good: float) -> int:
        """How many windows of orders float64[m, rows] sum to ``as_good`` or more."""
        pieces = np.add.reduceat(orders, self._edges, axis=1)
        running = np.pad(np.cumsum(pieces, axis=1), ((0, 0), (1, 0)))
        sums = running[:, self._last] - running[:, self._first] + self._around * running[:, -1:]
        return int(np.count_nonzero(sums >= as_good))


def _count_in_pairs(
    rng: np.random.Generator,
    pnl: Floats,
    side: int,
    count: Callable[[Floats], int],
    run_all: RunAll,
) -> int:
    """What ``count`` finds in the orders that ``side`` shuffles make, shuffled by as many others.

    Each of these orders is a uniformly random one, and any two of them are independent, so
    their share that is as good varies as that of independent ones would; but a shuffle costs
    five times what applying one does.
    """
    shuffles = np.tile(np.arange(len(pnl)), (side, 1))
    rng.permuted(shuffles, axis=1, out=shuffles)
    shuffled = [rng.permutation(pnl) for _ in range(side)]
    return sum(run_all(partial(_count_shuffled, shuffles=shuffles, count=count), shuffled))


def _count_shuffled(order: Floats, shuffles: Indices, count: Callable[[Floats], int]) -> int:
    return count(order.take(shuffles))


def sidak(p_value: float, tries: int) -> float:
    """Chance that the best of ``tries`` independent p-values is this small (Šidák, 1967)."""
    if p_value >= 1:
        return 1.0
    return max(p_value, -math.expm1(tries * math.log1p(-p_value)))


def deflated_sharpe(gains: Floats, tries: int) -> float | None:
    """Probability that the true Sharpe ratio of ``gains`` is above luck's best of ``tries``.

    Bailey & López de Prado, *The Deflated Sharpe Ratio*, 2014, eq. 1 and 2. The spread of
    the tried Sharpe ratios is taken as what useless candidates would show, 1 / (n - 1),
    since discarded candidates leave no track record on these rows. None for fewer than
    `MIN_ROWS_FOR_MOMENTS` rows, equal gains, or moments too wild for the formula.
    """
    rows = len(gains)
    if rows < MIN_ROWS_FOR_MOMENTS or not has_spread(gains):
        return None
    normal = NormalDist()
    luck = 0.0
    if tries > 1:
        luck = (1 - EULER_GAMMA) * normal.inv_cdf(1 - 1 / tries)
        luck += EULER_GAMMA * normal.inv_cdf(1 - 1 / (tries * math.e))
    standard = (gains - gains.mean()) / gains.std()
    sharpe = float(gains.mean() / gains.std())
    skew, kurtosis = float(np.mean(standard**3)), float(np.mean(standard**4))
    spread = 1 - skew * sharpe + (kurtosis - 1) / 4 * sharpe**2
    if spread <= 0:
        return None
    return normal.cdf((sharpe * math.sqrt(rows - 1) - luck) / math.sqrt(spread))
