"""Do scores still mean what they say? Bets on the difference, averaged by week.

Bets trade by trade alarm in a quarter of unchanged scopes where a week's trades move together;
a week's mean is one bet. Each direction has half of the stake, and a difference of a few points
is no fault: a model that learned from some hundred trades does not know the share of bad ones
better than that.
"""

from collections.abc import Iterable
from typing import Final

from afterclose.monitoring.betting import BIGGEST_LOSS, bet_on_mean, log_mean
from afterclose.monitoring.weeks import Settled

TOLERANCE: Final = 0.03
"""Points between the scores' mean and the share of bad trades that are no fault."""

SHARES: Final = tuple(BIGGEST_LOSS / (1 + TOLERANCE) * part for part in (0.125, 0.25, 0.5, 1.0))


def calibration_path(weeks: Iterable[Settled]) -> list[float]:
    """The log stake after each week with scored outcomes, oldest first."""
    misses = [(week.bad - week.expected_bad) / week.scored for week in weeks if week.scored]
    more = bet_on_mean((miss - TOLERANCE for miss in misses), SHARES)
    fewer = bet_on_mean((-miss - TOLERANCE for miss in misses), SHARES)
    return [log_mean(pair) for pair in zip(more, fewer, strict=True)]
