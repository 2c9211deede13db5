"""Do scores still mean what they say? Bets on the difference, averaged by week.

Bets trade by trade alarm in a quarter of unchanged scopes where a week's trades move together;
a week's mean is one bet. Each direction has half of the stake, and a difference of a few points
is no fault: a model that learned from some hundred trades does not know the share of bad ones
better than that.
"""

from collections.abc import Iterable
from math import sqrt
from typing import Final

from afterclose.monitoring.betting import bet_on, log_mean
from afterclose.monitoring.weeks import Settled

TOLERANCE: Final = 0.03
"""Points between the scores' mean and the share of bad trades that are no fault."""

USUAL_SPREAD: Final = 0.5
"""Of one decision's miss, where about half are bad; a week's mean has that over the root of n."""


def calibration_path(weeks: Iterable[Settled]) -> list[float]:
    """The log stake after each week with scored outcomes, oldest first."""
    scored = [week for week in weeks if week.scored]
    more = bet_on(_standardised(week, week.bad - week.expected_bad) for week in scored)
    fewer = bet_on(_standardised(week, week.expected_bad - week.bad) for week in scored)
    return [log_mean(pair) for pair in zip(more, fewer, strict=True)]


def _standardised(week: Settled, miss: float) -> float:
    return (miss / week.scored - TOLERANCE) * sqrt(week.scored) / USUAL_SPREAD
