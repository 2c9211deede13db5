"""Could luck alone have done this? What luck makes of sessions, and the price of many tries.

Any filter that blocks losers by chance looks useful on the trades it was lucky with, and
among many candidates one is always lucky (PEER: pure noise promoted 96 % of the time at
n=20). So what blocking gained is compared with what luck makes of it, and the answer is
corrected for how many candidates were tried before. Blocking as many *trades* at random is the
obvious comparison and a wrong one: a filter that blocks whole sessions is right or wrong about
one market and not about twenty trades, and called noise significant in up to half of the tries.
"""

import math
from statistics import NormalDist

import msgspec
import numpy as np

from afterclose.arrays import Floats, Indices
from afterclose.evaluating.sessions import in_chunks
from afterclose.measures.metrics import has_spread

CHUNK_CELLS = 2_000_000
"""Signs drawn at once."""

ROUNDING = 1e-12
"""Sums of the same PnL in another order differ by less, as a share of all of it."""

EULER_GAMMA = 0.5772156649015329

MIN_ROWS_FOR_MOMENTS = 4
"""A kurtosis of fewer values says nothing."""


class Significance(msgspec.Struct, frozen=True, kw_only=True):
    """How surprising a filter's result is; None where all were traded in one size, or none.

    `p_value` is the chance that luck, block of sessions by block, gains as much by blocking as
    many trades, and making as many smaller; `p_value_deflated` the chance that the best of
    `candidates_tried` such filters does; `deflated_sharpe` the probability that the filter's
    true gain per signal is above that of the luckiest of as many useless ones.
    """

    p_value: float | None
    permuted_draws: int
    candidates_tried: int
    p_value_deflated: float | None
    deflated_sharpe: float | None


def significance(
    pnl: Floats,
    size: Floats,
    *,
    block: Indices,
    stretch: Indices,
    candidates_tried: int,
    draws: int,
    seed: int,
) -> Significance:
    """All figures for trades in the sizes of a filter, against trading them all whole.

    ``pnl`` float64[n] without NaN, ``size`` float64[n] in [0, 1], ``block`` and ``stretch`` int[n]
    those of each trade's session (`sessions.Sessions`), ``candidates_tried`` at least 1.
    """
    p_value, done = luck_of_blocking(pnl, size, block, stretch, draws=draws, seed=seed)
    return Significance(
        p_value=p_value,
        permuted_draws=done,
        candidates_tried=candidates_tried,
        p_value_deflated=None if p_value is None else sidak(p_value, candidates_tried),
        deflated_sharpe=deflated_sharpe((1.0 - size) * -pnl, candidates_tried),
    )


def luck_of_blocking(
    pnl: Floats, size: Floats, block: Indices, stretch: Indices, *, draws: int, seed: int
) -> tuple[float | None, int]:
    """One-sided p-value of what blocking gained, and the draws behind it.

    ``size`` float64[n] is what the filter trades of each: 0 is blocked, 1 whole. What is compared
    is the sum of (taken away - mean taken away) x (mean PnL - PnL), the means
    being those of the ``stretch`` int[n] of time (one model blocks more than the next, and that
    one year was better than another is a single piece of luck), cut into the blocks of sessions
    that ``block`` int[n] numbers from 0. Where luck alone rules, each
    block's part is as likely as its opposite, so each draw gives every part a sign at random
    (a wild bootstrap of blocks: Shao, *The dependent wild bootstrap*, JASA, 2010), and nothing
    has to be assumed of the trades inside a block. Where a filter blocks whole blocks, the means
    of a stretch of m blocks take a part of each block's own away, and the parts look smaller than
    their sum varies by the root of m / (m - 1): draws are made that much wider, as for any mean
    that was estimated (without it, market-wide noise passed 8 to 9 % instead of 5 on US stocks).
    p = (1 + as good or better) / (1 + draws) is never 0 (Phipson & Smyth, 2010); with few blocks
    it cannot be small. (None, 0) when all sizes are equal: nothing was chosen.
    """
    away = 1.0 - size
    if not len(pnl) or np.ptp(away) == 0:
        return None, 0
    gains = np.bincount(block, -_centred(away, stretch) * _centred(pnl, stretch))
    blocks, means = len(gains), int(stretch.max()) + 1
    gains_drawn = gains * math.sqrt(blocks / max(blocks - means, 1))
    # A draw that ties with what was observed must count, whatever the order of summing.
    as_good = float(gains.sum()) - ROUNDING * float(np.abs(pnl).sum())
    rng = np.random.default_rng(seed)
    better = 0
    for drawn in in_chunks(draws, len(gains), CHUNK_CELLS):
        signs = 2.0 * rng.integers(0, 2, (drawn, len(gains))) - 1.0
        better += int(np.count_nonzero(signs @ gains_drawn >= as_good))
    return (1 + better) / (1 + draws), draws


def _centred(values: Floats, group: Indices) -> Floats:
    mean = np.bincount(group, values) / np.maximum(np.bincount(group), 1)
    centred: Floats = values - mean[group]
    return centred


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
