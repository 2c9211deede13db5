"""Blocks of sessions, summed once, of which any number of resamples are put together.

Gathering every resampled row is the obvious way and costs one memory access a row. Here
the sums and the equity path of each block are made once and a resample combines
sessions/block of them: 10,000 resamples of 100,000 trades are a matter of a second. Expected
shortfall has no such sums, since its tail is another one in every resample.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array

from afterclose.arrays import Floats, Indices, Integers, Mask
from afterclose.measures.metrics import NO_SPREAD, TAIL_SHARE, log_growth

TAIL_POOL = 2000
"""Worst trades among which a resample's tail is looked for: this many, or a tenth of all."""

ALL_IS_LOST = -700.0
"""Logarithm of what is left of a capital that is lost: as good as minus infinity, and it sums."""

Draw = Indices
"""Block starts, one row a block, one column a resample."""

_INT32 = 2**31
"""Rows that the smaller integers can count, which halve the memory read."""


class Circle:
    """The sessions on a circle, and how blocks of them make up a resample.

    All blocks have length ``block`` but the last of a resample, which is cut so that every
    resample has as many sessions as the original.
    """

    def __init__(self, sessions: int, block: int) -> None:
        self.sessions, self.block = sessions, block
        self.draws = -(-sessions // block)
        self.last_block = sessions - (self.draws - 1) * block

    def windows(self, sums: Floats) -> tuple[Floats, Floats]:
        """The block that starts at each session, (sessions, block), and the same for last ones."""
        circle = np.concatenate([sums, sums[: self.block - 1]])
        whole = np.lib.stride_tricks.sliding_window_view(circle, self.block)
        return whole, whole[:, : self.last_block]

    def counts(self, starts: Draw) -> Integers:
        """How often each session is drawn: int64 (resamples, sessions)."""
        size, sessions = starts.shape[1], self.sessions
        lengths = np.full((self.draws, 1), self.block)
        lengths[-1] = self.last_block
        ends = starts + lengths
        around = ends >= sessions
        first = np.arange(size) * sessions
        opened, closed = (
            np.bincount(at.ravel(), minlength=size * sessions)
            for at in (starts + first, np.where(around, ends - sessions, ends) + first)
        )
        change = (opened - closed).reshape(size, sessions)
        change[:, 0] += around.sum(axis=0)  # blocks that go round begin at the end
        return np.cumsum(change, axis=1)


class _Path(NamedTuple):
    """Equity along each session, or block of sessions, as logarithms relative to its start.

    ``end`` is the whole change, ``high`` (>= 0) and ``low`` the extremes on the way, and
    ``fall`` (<= 0) the deepest drop from a peak inside. Two paths combine from these four, so
    a resample never needs its rows.
    """

    end: Floats
    high: Floats
    low: Floats
    fall: Floats


class PolicyBlocks:
    """One policy's trades, ready to be measured over any draw of blocks.

    Rows in exit order; ``session`` int[n] numbers the session of each from 0, without gaps.
    """

    def __init__(
        self, pnl: Floats, bad: Mask, keep: Mask, session: Indices, circle: Circle
    ) -> None:
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
            [
                part.sum(axis=1)
                for part in circle.windows(np.bincount(session, values).astype(float))
            ]
            for values in columns.values()
        ]
        self._names = tuple(columns)
        self.sums, self._last_sums = (np.column_stack(parts) for parts in zip(*sums, strict=True))
        self._path, self._last_path = _paths(_along_sessions(log_growth(kept), session), circle)
        worst_first = np.flatnonzero(keep)[np.argsort(pnl[keep], kind="stable")]
        pool = worst_first[: max(TAIL_POOL, len(worst_first) // 10)]
        self._pool_pnl, self._pool_session = pnl[pool], session[pool]

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

    def tail_mean(self, starts: Draw, drawn: Integers) -> Floats:
        """`metrics.expected_shortfall` of each resample; NaN where the pool does not reach."""
        trades, last_trades = self.sums[:, 0].copy(), self._last_sums[:, 0]
        tail = trades.take(starts[:-1]).sum(axis=0) + last_trades[starts[-1]]
        tail = TAIL_SHARE * tail[:, None]
        pooled = drawn[:, self._pool_session]
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


def choice_of(starts: Draw, rows: int) -> csr_array:
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


def _summed(session: Indices, values: Floats) -> Floats:
    sums: Floats = np.bincount(session, values).astype(np.float64)
    return sums


def _along_sessions(growth: Floats, session: Indices) -> _Path:
    """The path inside each session, of rows in exit order."""
    order = np.argsort(session, kind="stable")
    growth, session = np.maximum(growth, ALL_IS_LOST)[order], session[order]
    starts = np.flatnonzero(np.diff(session, prepend=-1))
    equity = np.cumsum(growth)
    before = np.append(0.0, equity)[starts]
    along = equity - before[session]
    # Each session is lifted above the one before it, so that no peak outlasts its session.
    lifted = session * (2 * np.abs(along).max() + 1)
    high = np.maximum.accumulate(np.maximum(along, 0) + lifted) - lifted
    return _Path(
        np.add.reduceat(growth, starts),
        np.maximum(np.maximum.reduceat(along, starts), 0),
        np.minimum.reduceat(along, starts),
        np.minimum.reduceat(along - high, starts),
    )


def _paths(along: _Path, circle: Circle) -> tuple[_Path, _Path]:
    """The path of the block that starts at each session, and of the last block that does.

    One step of all blocks at a time: the last block is where a whole one is on the way.
    """
    around = _Path(*(np.concatenate([part, part[: circle.block - 1]]) for part in along))
    equity, high = np.zeros((2, circle.sessions))
    low, fall = np.full((2, circle.sessions), np.inf)
    last = None
    for step in range(circle.block):
        end, rise, dip, drop = (part[step : step + circle.sessions] for part in around)
        fall = np.minimum(np.minimum(fall, drop), equity + dip - high)
        high, low = np.maximum(high, equity + rise), np.minimum(low, equity + dip)
        equity = equity + end
        if step + 1 == circle.last_block:
            last = _Path(equity, high, low, fall)
    path = _Path(equity, high, low, fall)
    return path, last or path
