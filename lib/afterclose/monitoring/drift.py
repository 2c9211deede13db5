"""Have the features moved since the active model learned? A rank martingale of whole weeks.

Each feature's mean of a week, in units of its own week-to-week spread, is ranked among all weeks
before it. While nothing changes every rank is equally likely, whatever the distribution, so a
bet on high or on low ranks is fair (Vovk, Nouretdinov & Gammerman, 2003), and one stake is divided
over all features and both directions. Tests of
each column, or of each decision, alarm in nearly all: a week's decisions move together.

A feature that remembers (volatility does, from week to week) is ranked by what its own past does
not explain, or each calm season would be an alarm. How much it remembers is learned from the
weeks before the model; where they were few, or held no such season, one may alarm all the same.
"""

from typing import Final, NamedTuple

import numpy as np
from scipy.special import ndtri

from afterclose.arrays import Floats
from afterclose.monitoring.weeks import Moments, Week

MIN_DECISIONS: Final = 3
"""Of a block that is ranked; a week with fewer is taken together with the next one."""

MIN_WEEKS: Final = 8
"""Before the model, for a spread to compare with; with fewer, weeks after it are taken too."""

SHIFTS: Final = np.array([-2.0, -1.0, -0.5, 0.5, 1.0, 2.0])
"""What is bet on: shifts in units of the spread of weeks."""

KEPT_ASIDE: Final = 0.9
"""The part of the stake that is never bet: a shift worth knowing is found within weeks all the
same, and one unchanged scope in two hundred alarms, not in twenty."""

MEMORIES: Final = (0.1, 0.2, 0.4, 1.0)
"""Weights of the newest week in a feature's remembered past, tried in turn."""


class Sums(NamedTuple):
    """Weeks as arrays [week, feature]: numbers of values, their sums and sums of squares."""

    number: Floats
    total: Floats
    squares: Floats

    def mean(self) -> Floats:
        """NaN where a week has too few values."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(self.number >= MIN_DECISIONS, self.total / self.number, np.nan)


def drift_path(before: list[Week], since: list[Week]) -> tuple[list[float], list[float]]:
    """The log stake after each block of ``since``, and each feature's part of the last one.

    A block is a week, or some (`blocks_of`). ``before`` are weeks from before the model was
    active, oldest first. The part of a feature is the log stake of its own bets. Both are empty
    where there is nothing to rank.
    """
    past, live = blocks_of(before), blocks_of(since)
    if not live or not live[0].features:
        return [], []
    blocks = past + live
    known = max(len(past), min(MIN_WEEKS, len(blocks)))
    values = unremembered(standardised(sums_of(blocks), known), known)
    return _bets(values, len(past))


def blocks_of(weeks: list[Week]) -> list[Week]:
    """Weeks, those with few decisions taken together until there are enough for a mean."""
    blocks: list[Week] = []
    waiting: Week | None = None
    for week in weeks:
        waiting = _together(waiting, week) if waiting else week
        if waiting.decisions >= MIN_DECISIONS:
            blocks.append(waiting)
            waiting = None
    return blocks


def _together(one: Week, other: Week) -> Week:
    sums = [
        Moments(a.number + b.number, a.total + b.total, a.squares + b.squares)
        for a, b in zip(one.features, other.features, strict=True)
    ]
    decisions = one.decisions + other.decisions
    return Week(monday=other.monday, decisions=decisions, features=sums)


def sums_of(weeks: list[Week]) -> Sums:
    """The weeks' sums as arrays."""
    cells = np.array(
        [[(m.number, m.total, m.squares) for m in week.features] for week in weeks], dtype=float
    )
    return Sums(cells[..., 0], cells[..., 1], cells[..., 2])


def standardised(sums: Sums, known: int) -> Floats:
    """Means of weeks in units of the spread of the first ``known``: NaN where there is none.

    The spread is that of a week's mean of so many decisions: what weeks differ by, and what
    decisions of one week do, divided by their number (one-way analysis of variance). Weeks of
    five and of fifty decisions can so be ranked together.
    """
    past = Sums(*(part[:known] for part in sums))
    number = past.number.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        centre = past.total.sum(axis=0) / number
        means = np.where(past.number > 0, past.total / past.number, centre)
        groups = np.maximum((past.number > 0).sum(axis=0) - 1, 1)
        inside = past.squares.sum(axis=0) - (past.number * means**2).sum(axis=0)
        within = np.maximum(inside, 0) / np.maximum(number - groups - 1, 1)
        between = (past.number * (means - centre) ** 2).sum(axis=0) / groups
        typical = (number - (past.number**2).sum(axis=0) / number) / groups
        shared = np.maximum((between - within) / typical, 0)
        spread = np.sqrt(shared + within / sums.number)
        return np.where(spread > 0, (sums.mean() - centre) / spread, np.nan)


def unremembered(values: Floats, known: int) -> Floats:
    """What each column's own past does not explain; how much it does is fitted on the first
    ``known`` rows, and only where it pays for the two numbers that this takes.
    """  # noqa: D205 - one sentence
    found = values.copy()
    for column in range(values.shape[1]):
        found[:, column] = _least_surprising(np.nan_to_num(values[:, column]), known)
    return np.where(np.isnan(values), np.nan, found)


def _least_surprising(series: Floats, known: int) -> Floats:
    best, least = series, float(np.sum(series[1:known] ** 2))
    for newest in MEMORIES:
        past = np.zeros(len(series))
        for week in range(1, len(series)):
            past[week] = (1 - newest) * past[week - 1] + newest * series[week - 1]
        size = float(np.sum(past[1:known] ** 2))
        if size == 0:
            continue
        share = min(max(float(np.sum(past[1:known] * series[1:known])) / size, 0.0), 1.0)
        rest = series - share * past
        error = float(np.sum(rest[1:known] ** 2)) * (1 + 4 / known)
        if error < least:
            best, least = rest, error
    return best


def _bets(values: Floats, before: int) -> tuple[list[float], list[float]]:
    """Bets on the rank of each row from ``before`` on among the rows up to it.

    A column without a value in a row keeps its stake. Equal values share their ranks.
    """
    features = values.shape[1]
    stakes = np.zeros((features, len(SHIFTS)))
    path = []
    for week in range(before, len(values)):
        for column in range(features):
            value = values[week, column]
            if np.isnan(value):
                continue
            past = values[:week, column]
            below = int(np.sum(past < value))
            equal = int(np.sum(past == value))
            total = int(np.sum(~np.isnan(past))) + 1
            odds = _odds(total)[:, below : below + equal + 1].mean(axis=1)
            stakes[column] += np.log(odds)
        bet = np.log(1 - KEPT_ASIDE) + _log_mean(stakes.ravel())
        path.append(float(np.logaddexp(np.log(KEPT_ASIDE), bet)))
    return path, [_log_mean(row) for row in stakes]


_tables: dict[int, Floats] = {}


def _odds(total: int) -> Floats:
    """What a bet on each shift pays at each of ``total`` ranks: 1 on average, array[6, total]."""
    if total not in _tables:
        at = ndtri((np.arange(total) + 0.5) / total)
        pays = np.exp(SHIFTS[:, None] * at - SHIFTS[:, None] ** 2 / 2)
        _tables[total] = pays / pays.mean(axis=1, keepdims=True)
    return _tables[total]


def _log_mean(logs: Floats) -> float:
    most = float(np.max(logs))
    return most + float(np.log(np.mean(np.exp(logs - most))))
