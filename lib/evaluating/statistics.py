"""How sure is a difference between two policies? Paired circular-block bootstrap.

Two policies on the same trades share most of their luck, so they are resampled together
(paired). Trades that overlap in time are not independent, so whole blocks of neighbours
are drawn, on a circle so that each trade is drawn equally often (Politis & Romano, *A
circular block-resampling procedure for stationary data*, 1992). The models stay as they
are in every resample: the intervals say what these models earn on other trades like these,
not what other models would.

Gathering every resampled row is the obvious way and costs one memory access a row. Here
the sums and the equity path of each block are made once and a resample combines n/block of
them: 10,000 resamples of 100,000 trades are a matter of a second. Expected shortfall has no
such sums, since its tail is another one in every resample; with many trades its interval
rests on fewer resamples, and says so.

Many resamples are drawn in groups, each by its own generator, so that groups may run at the
same time: the answer is the same for any number of workers.
"""

import math
from functools import lru_cache, partial
from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from lib.evaluating.metrics import NO_SPREAD, TAIL_SHARE, Floats, Mask, RunAll, log_growth

TAILS = (2.5, 97.5)
"""Percentiles that bound a 95 % interval."""

MIN_TRADES = 2
"""Fewer trades than this have no distribution."""

MIN_DEFINED_SHARE = 0.95
"""An interval needs its measure defined in at least this share of the resamples."""

DRAWN_TAIL_ROWS = 20_000_000
"""Trades drawn behind an interval of expected shortfall, which looks at each resample's rows."""

TAIL_RESAMPLES = 1000
"""Resamples behind an interval of expected shortfall, at most."""

FEWEST_RESAMPLES = 200
"""However many trades there are: the ends of an interval are its extreme twentieths."""

_INT32 = 2**31
"""Rows that the smaller integers can count, which halve the memory read."""

TAIL_POOL = 2000
"""Worst trades among which a resample's tail is looked for: this many, or a tenth of all."""

CHUNK_CELLS = 500_000
"""Block starts drawn at once; another number would be another series of draws."""

GROUP_CELLS = 2_000_000
"""Block starts measured at once, 16 MB: long rows, since each row costs a few calls."""

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
    run_all: RunAll = map,
) -> dict[str, Interval]:
    """Intervals of the differences of the measures in `metrics.TradeMetrics`, by name.

    Rows in exit order: ``pnl`` float64[n] without NaN, the others bool[n]. ``block`` is the
    block length in trades, `default_block` when None; 1 is the ordinary bootstrap. The same
    arguments give the same intervals. Fewer than `MIN_TRADES` rows give an empty dict. Each
    interval says how many ``resamples`` it had: for expected shortfall fewer than asked for
    when rows are many. ``run_all`` is used where there is more than one group of resamples.
    """
    rows = len(pnl)
    if rows < MIN_TRADES:
        return {}
    circle = _Circle(rows, min(block or default_block(rows), rows))
    policies = [_Policy(pnl, bad, keep, circle) for keep in (keep_first, keep_second)]
    rng = np.random.default_rng(seed)
    sizes = _parts(resamples, circle.draws, GROUP_CELLS)
    measured = partial(_differences, circle=circle, policies=policies)
    if len(sizes) == 1:
        found = [measured((rng, _parts(resamples, circle.draws, CHUNK_CELLS)))]
    else:
        generators = rng.spawn(len(sizes))
        groups = [(generator, [size]) for generator, size in zip(generators, sizes, strict=True)]
        found = list(run_all(measured, groups))
    differences = {name: [group[name] for group in found] for name in found[0]}
    tails = differences["expected_shortfall_5"] = []
    tail_resamples = min(resamples, TAIL_RESAMPLES, _affordable(DRAWN_TAIL_ROWS, rows))
    for size in _parts(tail_resamples, 2 * rows, CHUNK_CELLS):
        starts = rng.integers(0, rows, (circle.draws, size))
        drawn = circle.counts(starts)
        first_tail, second_tail = (policy.tail_mean(starts, drawn) for policy in policies)
        tails.append(second_tail - first_tail)
    return {name: _interval(np.concatenate(parts)) for name, parts in differences.items()}


def _differences(
    group: tuple[np.random.Generator, list[int]], circle: "_Circle", policies: list["_Policy"]
) -> dict[str, Floats]:
    """Each measure of the second policy less the first's, in a group of resamples.

    ``group`` is what draws them and how many at a time.
    """
    rng, sizes = group
    chunks = [rng.integers(0, circle.rows, (circle.draws, size)) for size in sizes]
    starts = chunks[0] if len(chunks) == 1 else np.concatenate(chunks, axis=1)
    choice = _choice(starts[:-1], circle.rows)
    first, second = (policy.measures(starts, choice) for policy in policies)
    return {name: second[name] - first[name] for name in first}


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
        size, rows = starts.shape[1], self.rows
        lengths = np.full((self.draws, 1), self.block)
        lengths[-1] = self.last_block
        ends = starts + lengths
        around = ends >= rows
        first = np.arange(size) * rows
        opened, closed = (
            np.bincount(at.ravel(), minlength=size * rows)
            for at in (starts + first, np.where(around, ends - rows, ends) + first)
        )
        change = (opened - closed).reshape(size, rows)
        change[:, 0] += around.sum(axis=0)  # blocks that go round begin at the end
        return np.cumsum(change, axis=1)


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
        sums = [
            [part.sum(axis=1) for part in circle.windows(values.astype(np.float64))]
            for values in columns.values()
        ]
        self._names = tuple(columns)
        self.sums, self._last_sums = (np.column_stack(parts) for parts in zip(*sums, strict=True))
        self._path, self._last_path = _paths(log_growth(kept), circle)
        worst_first = np.flatnonzero(keep)[np.argsort(pnl[keep], kind="stable")]
        self._pool = worst_first[: max(TAIL_POOL, len(worst_first) // 10)]
        self._pool_pnl = pnl[self._pool]

    def measures(self, starts: Draw, choice: csr_array) -> dict[str, Floats]:
        """Each measure over each resample, float64[resamples]; not finite where undefined.

        ``choice`` is that of the whole blocks.
        """
        sums = choice @ self.sums + self._last_sums[starts[-1]]
        total = dict(zip(self._names, np.ascontiguousarray(sums.T), strict=True))
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
        trades, last_trades = self.sums[:, 0].copy(), self._last_sums[:, 0]
        tail = trades.take(starts[:-1]).sum(axis=0) + last_trades[starts[-1]]
        tail = TAIL_SHARE * tail[:, None]
        pooled = drawn[:, self._pool]
        below = np.cumsum(pooled, axis=1)
        inside = np.clip(tail - below + pooled, 0, pooled)
        with np.errstate(invalid="ignore"):
            mean: Floats = inside @ self._pool_pnl / tail[:, 0]
        mean[pooled.sum(axis=1) < tail[:, 0]] = np.nan
        return mean

    def _max_drawdown(self, starts: Draw) -> Floats:
        equity, peak, worst = np.zeros((3, starts.shape[1]))
        at, fall = np.empty((2, starts.shape[1]))
        paths = [self._path] * (len(starts) - 1) + [self._last_path]
        for path, start in zip(paths, starts, strict=True):
            # Into the same arrays each time, which stay in the cache; "clip" only spares a
            # buffer, since no start lies outside.
            path.fall.take(start, out=fall, mode="clip")
            np.minimum(worst, fall, out=worst)
            np.subtract(equity, peak, out=fall)
            fall += path.low.take(start, out=at, mode="clip")
            np.minimum(worst, fall, out=worst)
            path.high.take(start, out=at, mode="clip")
            at += equity
            np.maximum(peak, at, out=peak)
            equity += path.end.take(start, out=at, mode="clip")
        return np.expm1(worst)


def _choice(starts: Draw, rows: int) -> csr_array:
    """A matrix (resamples, rows) of how often one of these blocks begins where.

    Times a table of the blocks' sums it makes the sums over each resample, all columns in
    one pass over the starts, and adds the blocks in the order in which they were drawn.
    """
    draws, size = starts.shape
    kind = np.int32 if max(rows, starts.size) < _INT32 else np.int64
    columns = starts.T.astype(kind, order="C").ravel()
    bounds = np.arange(size + 1, dtype=kind) * draws
    return csr_array((_ones(len(columns)), columns, bounds), shape=(size, rows))


@lru_cache(maxsize=2)
def _ones(count: int) -> Floats:
    """The same 16 MB for one group as for the next, which only read them."""
    return np.ones(count)


def _paths(growth: Floats, circle: _Circle) -> tuple[_Path, _Path]:
    """The path of the block that starts at each row, and of the last block that does.

    One step of all blocks at a time: the last block is where a whole one is on the way.
    """
    around = np.concatenate([growth, growth[: circle.block - 1]])
    equity, high = np.zeros((2, circle.rows))
    low, fall = np.full((2, circle.rows), np.inf)
    last = None
    for step in range(circle.block):
        equity = equity + around[step : step + circle.rows]
        high = np.maximum(high, equity)
        low = np.minimum(low, equity)
        fall = np.minimum(fall, equity - high)
        if step + 1 == circle.last_block:
            last = _Path(equity, high, low, fall)
    path = _Path(equity, high, low, fall)
    return path, last or path


def _interval(differences: Floats) -> Interval:
    defined = differences[np.isfinite(differences)]
    if len(defined) < MIN_DEFINED_SHARE * len(differences):
        return Interval(low=None, high=None, resamples=len(differences))
    low, high = np.percentile(defined, TAILS)
    return Interval(low=float(low), high=float(high), resamples=len(differences))


def _affordable(drawn_rows: int, rows: int) -> int:
    return max(FEWEST_RESAMPLES, drawn_rows // rows)


def _parts(resamples: int, cells_each: int, cells: int) -> list[int]:
    """How many resamples at a time, of ``cells_each`` numbers, make no more than ``cells``."""
    size = max(1, cells // cells_each)
    return [min(size, resamples - done) for done in range(0, resamples, size)]
