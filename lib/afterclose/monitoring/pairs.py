"""Two questions about money, each of decisions that met the same weeks.

*Harm*: do blocked decisions do better than kept ones? *Challenger*: would the newest candidate
have done better than the active model, where the two differ? Both are bets on the mean of a
week, in units of risk. Outcomes are clipped (`outcomes.units_of`), so a week can lose only so
much and the bets are fair whatever the distribution: that blocked decisions swing more, as they
do where a model has learned volatility, wins nothing.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from afterclose.monitoring.betting import BIGGEST_LOSS, bet_on_mean
from afterclose.monitoring.outcomes import LARGEST, SMALLEST
from afterclose.monitoring.weeks import Settled

PARTS: Final = (0.25, 0.5, 1.0)
HARM_SHARES: Final = tuple(BIGGEST_LOSS / (LARGEST - SMALLEST) * part for part in PARTS)
GAIN_SHARES: Final = tuple(BIGGEST_LOSS / LARGEST * part for part in PARTS)


def harm_path(weeks: Iterable[Settled]) -> list[float]:
    """The log stake after each week, or run of weeks, that has blocked and kept decisions."""
    return bet_on_mean(_better_when_blocked(weeks), HARM_SHARES)


def challenger_path(weeks: Iterable[Settled]) -> list[float]:
    """The log stake after each week in which the candidate would have decided otherwise."""
    gains = (week.gain / week.differing for week in weeks if week.differing)
    return bet_on_mean(gains, GAIN_SHARES)


def _better_when_blocked(weeks: Iterable[Settled]) -> Iterator[float]:
    kept = blocked = 0
    kept_total = blocked_total = 0.0
    for week in weeks:
        kept, kept_total = kept + week.kept, kept_total + week.kept_total
        blocked, blocked_total = blocked + week.blocked, blocked_total + week.blocked_total
        if kept and blocked:  # else the next week is added: few decisions, few blocked
            yield blocked_total / blocked - kept_total / kept
            kept = blocked = 0
            kept_total = blocked_total = 0.0
