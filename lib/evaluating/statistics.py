"""How sure is a difference between two policies? Paired circular-block bootstrap.

Two policies on the same trades share most of their luck, so they are resampled together
(paired). Trades that overlap in time are not independent, so whole blocks of neighbours
are drawn, on a circle so that each trade is drawn equally often (Politis & Romano, *A
circular block-resampling procedure for stationary data*, 1992). The models stay as they
are in every resample: the intervals say what these models earn on other trades like these,
not what other models would.

Gathering every resampled row is the obvious way and costs one memory access a row. Here
the sums and the equity path of each block are made once and a resample combines n/block of
them: 10,000 resamples of 10,000 trades are a matter of a second.
"""

import math
from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from lib.evaluating.metrics import NO_SPREAD, TAIL_SHARE, Floats, Mask, log_growth

TAILS = (2.5, 97.5)
"""Percentiles that bound a 95 % interval."""

MIN_TRADES = 2
"""Fewer trades than this have no distribution."""

MIN_DEFINED_SHARE = 0.95
"""An interval needs its measure defined in at least this share of the resamples."""

DRAWN_ROWS = 200_000_000
"""Trades drawn behind one set of intervals: 10,000 resamples up to 20,000 trades, then fewer."""

DRAWN_TAIL_ROWS = 20_000_000
"""The same for expected shortfall, which has to order every resample."""

TAIL_RESAMPLES = 1000
"""Resamples behind an interval of expected shortfall, at most."""

FEWEST_RESAMPLES = 200
"""However many trades there are: the ends of an interval are its extreme twentieths."""

TAIL_POOL = 2000
"""Worst trades among which a resample's tail is looked for: this many, or a quarter of all."""

CHUNK_CELLS = 500_000
"""Numbers in one array while resampling: 4 MB stays in the processor's cache."""

Draw = npt.NDArray[np.intp]
"""Block starts, one row a block, one column a resample."""


class Interval(msgspec.Struct, frozen=True, kw_only=True):
    """95 % percentile interval of a difference: second policy less first.

    Both ends are None when the measure is undefined in too many of the resamples.
    """

    low: float | None
    high: float | None
    resamples: int


def default_block(rows: int) -> int:
    """Block length in trades: the rate n^(1/3) (Hall, Horowitz & Jing, 1995), at least 1."""
    return max(1, round(math.cbrt(rows)))


def paired_bootstrap(
    pnl: Floats,
    bad: Mask,
    keep_first: Mask,
    keep_second: Mask,
    *,
    resamples: int,
    seed: int,
    block: int | None = None,
) -> dict[str, Interval]:
    """Intervals of the differences of the measures in `metrics.TradeMetrics`, by name.

    Rows in exit order: ``pnl`` float64[n] without NaN, the others bool[n]. ``block`` is the
    block length in trades, `default_block` when None; 1 is the ordinary bootstrap. The same
    arguments give the same intervals. Fewer than `MIN_TRADES` rows give an empty dict. Each
    interval says how many ``resamples`` it had: fewer than asked for when rows are many.
    """
    rows = len(pnl)
    if rows < MIN_TRADES:
        return {}
    circle = _Circle(rows, min(block or default_block(rows), rows))
    policies = [_Policy(pnl, bad, keep, circle) for keep in (keep_first, keep_second)]
    rng = np.random.default_rng(seed)
    differences: dict[str, list[Floats]] = {}
    for size in _chunks(min(resamples, _affordable(DRAWN_ROWS, rows)), circle.draws):
        starts = rng.integers(0, rows, (circle.draws, size))
        first, second = (policy.measures(starts) for policy in policies)
        for name in first:
            differences.setdefault(name, []).append(second[name] - first[name])
    tails = differences["expected_shortfall_5"] = []
    tail_resamples = min(TAIL_RESAMPLES, _affordable(DRAWN_TAIL_ROWS, rows))
    for size in _chunks(min(resamples, tail_resamples), 2 * rows):
        starts = rng.integers(0, rows, (circle.draws, size))
        drawn = circle.counts(starts)
        first_tail, second_tail = (policy.tail_mean(starts, drawn) for policy in policies)
        tails.append(second_tail - first_tail)
    return {name: _interval(np.concatenate(parts)) for name, parts in differences.items()}


class _Circle:
    """The rows on a circle, and how blocks of them make up a resample.

    All blocks have length ``block`` but the last of a resample, which is cut so that every
    resample has as many rows as the original.
    """

    def __init__(self, rows: int, block: int) -> None:
        self.rows, self.block = rows, block
        self.draws = -(-rows // block)
        self.last_block = rows - (self.draws - 1) * block

    def windows(self, values: Floats) -> tuple[Floats, Floats]:
        """The block that starts at each row, (rows, block), and the same for last blocks."""
        circle = np.concatenate([values, values[: self.block - 1]])
        whole = np.lib.stride_tricks.sliding_window_view(circle, self.block)
        return whole, whole[:, : self.last_block]

    def counts(self, starts: Draw) -> npt.NDArray[np.int64]:
        """How often each row is drawn: int64 (resamples, rows)."""
        size, two_turns = starts.shape[1], 2 * self.rows
        lengths = np.full((self.draws, 1), self.block)
        lengths[-1] = self.last_block
        opened = starts + np.arange(size) * two_turns
        opened_count, closed_count = (
            np.bincount(at.ravel(), minlength=size * two_turns) for at in (opened, opened + lengths)
        )
        drawn = np.cumsum((opened_count - closed_count).reshape(size, two_turns), axis=1)
        return drawn[:, : self.rows] + drawn[:, self.rows :]


class _Path(NamedTuple):
    """Equity along the block that starts at each row, as logarithms relative to its start.

    ``end`` is the whole change, ``high`` (>= 0) and ``low`` the extremes on the way, and
    ``fall`` (<= 0) the deepest drop from a peak inside the block. Two blocks' paths combine
    from these four, so a resample never needs its rows.
    """

    end: Floats
    high: Floats
    low: Floats
    fall: Floats


class _Policy:
    """One policy's trades, ready to be measured over any draw of blocks."""

    def __init__(self, pnl: Floats, bad: Mask, keep: Mask, circle: _Circle) -> None:
        kept = np.where(keep, pnl, 0.0)
        columns = {
            "trades": keep,
            "squares": kept**2,
            "wins": kept > 0,
            "gains": np.maximum(kept, 0),
            "losses": -np.minimum(kept, 0),
            "bad": bad & keep,
        }
        # Each block is summed on its own, not by a running total: a block without losses
        # must sum to exactly 0, or its profit factor would be a huge number.
        self._sums = {
            name: tuple(part.sum(axis=1) for part in circle.windows(values.astype(np.float64)))
            for name, values in columns.items()
        }
        whole, last = circle.windows(log_growth(kept))
        self._path, self._last_path = _path(whole), _path(last)
        worst_first = np.flatnonzero(keep)[np.argsort(pnl[keep], kind="stable")]
        self._pool = worst_first[: max(TAIL_POOL, len(worst_first) // 4)]
        self._pool_pnl = pnl[self._pool]

    def measures(self, starts: Draw) -> dict[str, Floats]:
        """Each measure over each resample, float64[resamples]; not finite where undefined."""
        total = {name: self._sum(name, starts) for name in self._sums}
        trades, pnl = total["trades"], total["gains"] - total["losses"]
        losses = np.where(total["losses"] > 0, total["losses"], np.nan)
        with np.errstate(divide="ignore", invalid="ignore"):
            spread = total["squares"] - pnl**2 / trades
            spread[spread <= NO_SPREAD * total["squares"]] = np.nan
            return {
                "expectancy": pnl / trades,
                "total_pnl": pnl,
                "win_rate": total["wins"] / trades,
                "bad_share": total["bad"] / trades,
                "profit_factor": total["gains"] / losses,
                "sharpe_per_trade": pnl / trades / np.sqrt(spread / (trades - 1)),
                "max_drawdown": self._max_drawdown(starts),
            }

    def tail_mean(self, starts: Draw, drawn: npt.NDArray[np.int64]) -> Floats:
        """`metrics.expected_shortfall` of each resample; NaN where the pool does not reach."""
        tail = TAIL_SHARE * self._sum("trades", starts)[:, None]
        pooled = drawn[:, self._pool]
        below = np.cumsum(pooled, axis=1)
        inside = np.clip(tail - below + pooled, 0, pooled)
        with np.errstate(invalid="ignore"):
            mean: Floats = inside @ self._pool_pnl / tail[:, 0]
        mean[pooled.sum(axis=1) < tail[:, 0]] = np.nan
        return mean

    def _sum(self, name: str, starts: Draw) -> Floats:
        whole, last = self._sums[name]
        total: Floats = whole.take(starts[:-1]).sum(axis=0) + last.take(starts[-1])
        return total

    def _max_drawdown(self, starts: Draw) -> Floats:
        equity, peak, worst = np.zeros((3, starts.shape[1]))
        paths = [self._path] * (len(starts) - 1) + [self._last_path]
        for path, start in zip(paths, starts, strict=True):
            worst = np.minimum(worst, path.fall.take(start))
            worst = np.minimum(worst, equity - peak + path.low.take(start))
            peak = np.maximum(peak, equity + path.high.take(start))
            equity = equity + path.end.take(start)
        return np.expm1(worst)


def _path(windows: Floats) -> _Path:
    equity = np.cumsum(windows, axis=1)
    peak = np.maximum(np.maximum.accumulate(equity, axis=1), 0.0)
    fall = (equity - peak).min(axis=1)
    # Copies: `take` from a strided column would copy the column at each call.
    return _Path(equity[:, -1].copy(), peak[:, -1].copy(), equity.min(axis=1), fall)


def _interval(differences: Floats) -> Interval:
    defined = differences[np.isfinite(differences)]
    if len(defined) < MIN_DEFINED_SHARE * len(differences):
        return Interval(low=None, high=None, resamples=len(differences))
    low, high = np.percentile(defined, TAILS)
    return Interval(low=float(low), high=float(high), resamples=len(differences))


def _affordable(drawn_rows: int, rows: int) -> int:
    return max(FEWEST_RESAMPLES, drawn_rows // rows)


def _chunks(resamples: int, cells_each: int) -> list[int]:
    size = max(1, CHUNK_CELLS // cells_each)
    return [min(size, resamples - done) for done in range(0, resamples, size)]
