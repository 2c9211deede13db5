"""Years of decisions whose truth is known, as the weeks that the monitor keeps.

Twelve features, a model that blocks the riskiest fifth, outcomes in units of risk. A world is how
decisions hang together; a truth is what is wrong with them. The model learned from some hundred
trades, so even where nothing is wrong its scores are a little off.
"""

from datetime import date, timedelta
from typing import Final, Literal, NamedTuple

import numpy as np

from afterclose.arrays import Floats, Indices
from afterclose.monitoring.outcomes import LARGEST, SMALLEST
from afterclose.monitoring.weeks import Moments, Settled, Week

FEATURES: Final = 12
WEEKS_BEFORE: Final = 104
WEEKS: Final = 52
TRAINED_ON: Final = 400
"""Trades: the mean score is off by a fortieth, give or take."""

WEEK_EFFECT: Final = 0.3
"""Share of the variance of features and outcomes that a week's decisions have in common."""

BAD_WEEK: Final = 0.1
"""Points by which a week of effects makes trades bad more or less often, give or take."""

REGIME_MEMORY: Final = 0.97
"""From week to week, of the season that four features, and all outcomes, share."""

World = Literal["independent", "week effects", "regime"]
Truth = Literal[
    "unchanged", "features moved", "scores wrong", "blocking harms", "blocking harms a little"
]

MOVED: Final = 1.0
"""Standard deviations, in three features of twelve."""

MORE_BAD: Final = 0.2
HARM: Final[dict[Truth, float]] = {"blocking harms": 0.6, "blocking harms a little": 0.3}
"""Units of risk, each a standard deviation, that blocked decisions make more than kept ones."""

FIRST_MONDAY: Final = date(2020, 1, 6)


class Years(NamedTuple):
    """Weeks before the model, and the year since."""

    before: list[Week]
    since: list[Week]


def years(seed: int, a_week: int, world: World, truth: Truth, weeks_since: int = WEEKS) -> Years:
    """Two years before a model and some weeks with it; ``a_week`` decisions on average."""
    random = np.random.default_rng([seed, a_week])
    total = WEEKS_BEFORE + weeks_since
    numbers = random.poisson(a_week, total)
    week = np.repeat(np.arange(total), numbers)
    values = _features(random, week, world, total)
    level = _shared(random, world, total)
    in_use = week >= WEEKS_BEFORE
    if truth == "features moved":
        values[in_use, 1:4] += MOVED
    weeks = [_week(number, values[week == number]) for number in range(total)]
    off = random.normal(0, 0.5 / np.sqrt(TRAINED_ON))
    for number in range(WEEKS_BEFORE, total):
        risk = 1 / (1 + np.exp(-0.5 * values[week == number, 0]))
        bad_week = random.normal(0, BAD_WEEK) if world == "week effects" else 0.0
        more_bad = bad_week + (MORE_BAD if truth == "scores wrong" else 0.0)
        harm = HARM.get(truth, 0.0)
        weeks[number].settled = _settled(
            random, risk, level=float(level[number]), off=off, more_bad=more_bad, harm=harm
        )
    return Years(weeks[:WEEKS_BEFORE], weeks[WEEKS_BEFORE:])


def _features(random: np.random.Generator, week: Indices, world: World, total: int) -> Floats:
    values = random.normal(size=(len(week), FEATURES))
    if world == "week effects":
        shared = random.normal(size=(total, FEATURES))[week]
        values = np.sqrt(1 - WEEK_EFFECT) * values + np.sqrt(WEEK_EFFECT) * shared
    if world == "regime":
        season = _season(random, total)[week, None]
        values[:, 4:8] = np.sqrt(0.5) * values[:, 4:8] + np.sqrt(0.5) * season
    return values


def _shared(random: np.random.Generator, world: World, total: int) -> Floats:
    """What all outcomes of a week have in common, in units of risk, kept and blocked alike."""
    if world == "independent":
        return np.zeros(total)
    if world == "regime":
        season: Floats = _season(random, total) * WEEK_EFFECT**0.5
        return season
    return random.normal(0, WEEK_EFFECT**0.5, total)


def _season(random: np.random.Generator, total: int) -> Floats:
    """A slow movement with a variance of 1."""
    level = np.empty(total)
    level[0] = random.normal()
    for number in range(1, len(level)):
        news = np.sqrt(1 - REGIME_MEMORY**2) * random.normal()
        level[number] = REGIME_MEMORY * level[number - 1] + news
    return level


def _week(number: int, values: Floats) -> Week:
    monday = FIRST_MONDAY + timedelta(weeks=number)
    moments = [
        Moments(len(values), float(column.sum()), float((column**2).sum())) for column in values.T
    ]
    return Week(monday=monday, decisions=len(values), features=moments)


def _settled(
    random: np.random.Generator,
    risk: Floats,
    *,
    level: float,
    off: float,
    more_bad: float,
    harm: float,
) -> Settled:
    """What came of one week; a season moves all PnL and no label, so it is not the model's."""
    blocked = risk > 1 / (1 + np.exp(-0.42))  # the riskiest fifth
    bad = random.random(len(risk)) < risk + more_bad
    units = np.clip(random.normal(level, 1.0, len(risk)) + harm * blocked, SMALLEST, LARGEST)
    return Settled(
        kept=int(np.sum(~blocked)),
        kept_total=float(units[~blocked].sum()),
        blocked=int(np.sum(blocked)),
        blocked_total=float(units[blocked].sum()),
        scored=len(risk),
        expected_bad=float(np.clip(risk + off, 0, 1).sum()),
        bad=int(bad.sum()),
    )
