"""What a set of trades earned, lost and risked: the measures of docs/design.md, section 7.

PnL is a fraction of the trade's own notional, net of fees. A measure that has no value (a
mean of no trades, a ratio to no losses) is None, never NaN or infinity: NaN passes every
comparison with False and would slip through a gate, and JSON cannot hold it.
"""

import math
from collections.abc import Callable, Iterable
from typing import Any

import msgspec
import numpy as np

from afterclose.arrays import Floats, Integers, Mask

RunAll = Callable[[Callable[[Any], Any], Iterable[Any]], Iterable[Any]]
"""Applies a function to all items, in order: `map`, or something that does it in parallel."""

TAIL_SHARE = 0.05
"""Share of the worst trades that expected shortfall averages."""

NO_SPREAD = 1e-12
"""Squares around the mean that are less than this share of the squares are rounding."""


class TradeMetrics(msgspec.Struct, frozen=True, kw_only=True):
    """Measures of one policy's trades; fractions, not percent.

    `win_rate` is the share with PnL above zero, which is not the share of not-bad trades.
    `max_drawdown` and `expected_shortfall_5` are at most 0 when they are losses.
    """

    trades: int
    bad_trades: int
    bad_share: float | None
    win_rate: float | None
    expectancy: float | None
    total_pnl: float
    profit_factor: float | None
    max_drawdown: float
    expected_shortfall_5: float | None
    sharpe_per_trade: float | None


class FilterEffect(msgspec.Struct, frozen=True, kw_only=True):
    """What blocking changed: trades and PnL on either side of the choice.

    `pnl_avoided` is the (negative) sum of the blocked losers, `pnl_forgone` the (positive)
    sum of the blocked winners; kept total less rules-only total is minus both together.
    """

    blocked: int
    kept_share: float | None
    bad_trades_avoided: int
    good_trades_lost: int
    pnl_avoided: float
    pnl_forgone: float


def trade_metrics(
    pnl: Floats, bad: Mask, exit_us: Integers, keep: Mask | None = None
) -> TradeMetrics:
    """Measure the trades that ``keep`` selects (all when None); none at all is allowed.

    ``pnl`` float64[n] without NaN, ``bad`` bool[n], ``exit_us`` int64[n]. Trades that exit
    together follow each other in the order given.
    """
    if keep is not None:
        pnl, bad, exit_us = pnl[keep], bad[keep], exit_us[keep]
    count = len(pnl)
    return TradeMetrics(
        trades=count,
        bad_trades=int(bad.sum()),
        bad_share=share(int(bad.sum()), count),
        win_rate=share(int((pnl > 0).sum()), count),
        expectancy=float(pnl.mean()) if count else None,
        total_pnl=float(pnl.sum()),
        profit_factor=profit_factor(pnl),
        max_drawdown=max_drawdown(pnl[np.argsort(exit_us, kind="stable")]),
        expected_shortfall_5=expected_shortfall(pnl),
        sharpe_per_trade=sharpe_per_trade(pnl),
    )


def filter_effect(pnl: Floats, bad: Mask, keep: Mask) -> FilterEffect:
    """Compare the trades that ``keep`` lets through with all of them."""
    blocked = pnl[~keep]
    return FilterEffect(
        blocked=len(blocked),
        kept_share=share(int(keep.sum()), len(keep)),
        bad_trades_avoided=int(bad[~keep].sum()),
        good_trades_lost=int((~bad[~keep]).sum()),
        pnl_avoided=float(blocked[blocked < 0].sum()),
        pnl_forgone=float(blocked[blocked > 0].sum()),
    )


def share(part: int, whole: int) -> float | None:
    """``part / whole``, None when there is no whole."""
    return part / whole if whole else None


def profit_factor(pnl: Floats) -> float | None:
    """Sum of the gains over the sum of the losses; None without a loss."""
    losses = float(pnl[pnl < 0].sum())
    return float(pnl[pnl > 0].sum()) / -losses if losses else None


def max_drawdown(pnl_in_exit_order: Floats) -> float:
    """Deepest fall of the equity curve from its peak so far: a fraction, 0 to -1.

    The curve compounds one trade after the other with all capital in each, and its first
    peak is the starting capital, so an immediate loss counts. Thirty times -1 %, then ten
    times +2 %, is -26.0 %. Capital that is gone stays gone: a loss of 100 % or more (a
    short) gives -1. Logarithms, because the product over 100,000 trades overflows.
    """
    if not len(pnl_in_exit_order):
        return 0.0
    log_equity = np.cumsum(log_growth(pnl_in_exit_order))
    peak = np.maximum(np.maximum.accumulate(log_equity), 0.0)
    return math.expm1(float(np.min(log_equity - peak)))


def log_growth(pnl: Floats) -> Floats:
    """`log(1 + pnl)`, minus infinity where the capital is lost."""
    with np.errstate(divide="ignore"):
        return np.log1p(np.maximum(pnl, -1.0))


def expected_shortfall(pnl: Floats, tail_share: float = TAIL_SHARE) -> float | None:
    """Mean PnL of the worst ``tail_share`` of the trades; None for no trades.

    The trade on the edge of the tail counts with the fraction of it that lies inside, so
    the measure moves smoothly with the number of trades; below 20 trades it is the worst
    one (Acerbi & Tasche, *On the coherence of expected shortfall*, 2002, eq. 12).
    """
    if not len(pnl):
        return None
    tail = tail_share * len(pnl)
    inside = max(math.ceil(tail) - 1, 0)
    worst = np.partition(pnl, inside)[: inside + 1]
    if inside == 0:
        return float(worst[0])
    return float((worst[:inside].sum() + worst[inside] * (tail - inside)) / tail)


def sharpe_per_trade(pnl: Floats) -> float | None:
    """Mean over standard deviation (ddof 1) of the trades' PnL, not annualised.

    None for fewer than two trades, or when they are equal but for rounding.
    """
    return float(pnl.mean() / pnl.std(ddof=1)) if has_spread(pnl) else None


def has_spread(values: Floats) -> bool:
    """Whether there are two values that differ by more than rounding may explain."""
    if not len(values):
        return False
    spread = float(np.sum((values - values.mean()) ** 2))
    return spread > NO_SPREAD * float(np.sum(values**2))
