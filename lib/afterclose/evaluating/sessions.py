"""The sessions of a list of trades: what is exchanged, resampled and counted.

Trades of one session share the market and trades held together share their luck, so whatever
claims to be more than luck draws whole sessions, in blocks of at least one median holding
period (docs/design.md, section 15). Sessions are UTC days on which something was decided or
ended: the dataset knows no calendar.
"""

import math
from typing import Final

import numpy as np

from afterclose.arrays import Floats, Indices, Integers
from afterclose.dataset.columns import MILLION, SECONDS_A_DAY

DAY_US: Final = SECONDS_A_DAY * MILLION

CACHED_CELLS: Final = 32_768
"""Numbers gathered at once: what stays in the processor's cache is summed in half the time."""

STRETCHES: Final = 4
"""Of a history: models and markets change from one to the next. More would leave too few blocks
in each to estimate its means."""


class Sessions:
    """The sessions in which ``moments_us`` int64[n] lie, in order, and their blocks.

    ``of_row`` int[n] numbers the session of each moment, from 0. ``block`` is the length of a
    block in sessions: at least the median holding period between ``decision_us`` and
    ``exit_us``, and the rate n^(1/3) (Hall, Horowitz & Jing, 1995).
    """

    def __init__(self, moments_us: Integers, decision_us: Integers, exit_us: Integers) -> None:
        days, number = np.unique(moments_us // DAY_US, return_inverse=True)
        self.of_row: Indices = number.reshape(-1)
        self.count = len(days)
        held = median_sessions_held(decision_us, exit_us) if self.count else 1
        self.block = max(1, min(self.count, max(held, round(math.cbrt(self.count)))))

    @property
    def block_of_row(self) -> Indices:
        """The block of each moment, from 0: neighbouring sessions, and no session in two.

        These blocks are cut once and not drawn, so they have twice the length: trades held over
        the end of one share their luck with those of the next.
        """
        return self.of_row // (2 * self.block)

    @property
    def stretch_of_row(self) -> Indices:
        """The stretch of time of each moment, from 0: `STRETCHES` if each has two such blocks."""
        stretches = min(STRETCHES, max(1, self.count // (4 * self.block)))
        return self.of_row * stretches // max(self.count, 1)

    def sums(self, values: Floats) -> Floats:
        """The sum of ``values`` float64[n] in each session."""
        sums: Floats = np.bincount(self.of_row, values, self.count).astype(np.float64)
        return sums

    def resampled(self, resamples: int, rng: np.random.Generator) -> "SessionSums":
        """What sums over all trades become in resampled histories."""
        return SessionSums(self, self._starts(resamples, rng))

    def orders(self, resamples: int, rng: np.random.Generator) -> Indices:
        """Histories of as many sessions as there are: positions int (resamples, sessions)."""
        starts = self._starts(resamples, rng)
        within = np.arange(self.block)
        whole = (starts[:, :, None] + within).reshape(len(starts), -1)[:, : self.count]
        # A division for each would take most of the time.
        around: Indices = np.subtract(whole, self.count, out=whole, where=whole >= self.count)
        return around

    def _starts(self, resamples: int, rng: np.random.Generator) -> Indices:
        draws = -(-self.count // self.block)
        return rng.integers(0, self.count, (resamples, draws))


class SessionSums:
    """Sums over resampled histories; the last block of each is cut to their length."""

    def __init__(self, sessions: Sessions, starts: Indices) -> None:
        self._sessions, self._starts = sessions, starts
        self.resamples = len(starts)
        self._last = sessions.count - (starts.shape[1] - 1) * sessions.block

    def __call__(self, values: Floats) -> Floats:
        """One sum a resample of ``values`` float64[n]."""
        sums = self._sessions.sums(values)
        running = np.concatenate([[0.0], np.cumsum(np.concatenate([sums, sums]))])
        at = np.arange(self._sessions.count)
        block = running[at + self._sessions.block] - running[at]
        last = running[at + self._last] - running[at]
        total: Floats = last[self._starts[:, -1]]
        whole = self._starts[:, :-1]
        rows = max(1, CACHED_CELLS // max(whole.shape[1], 1))
        for first in range(0, self.resamples, rows):
            total[first : first + rows] += block[whole[first : first + rows]].sum(axis=1)
        return total


def median_sessions_held(decision_us: Integers, exit_us: Integers) -> int:
    """How many sessions the median trade is held, at least 1: those that any trade shows."""
    first, last = decision_us // DAY_US, exit_us // DAY_US
    days = np.unique(np.concatenate([first, last]))
    held = np.searchsorted(days, last) - np.searchsorted(days, first)
    return max(1, math.ceil(float(np.median(held))))


def in_chunks(draws: int, cells_each: int, cells: int) -> list[int]:
    """How many draws at a time, of ``cells_each`` numbers, make no more than ``cells``."""
    size = max(1, cells // cells_each)
    return [min(size, draws - done) for done in range(0, draws, size)]
