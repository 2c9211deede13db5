"""Two questions about money, each of decisions that met the same weeks.

*Harm*: do blocked decisions do better than kept ones? *Challenger*: would the newest candidate
have done better than the active model, where the two differ? Both are bets on the mean of a
week, in units of risk and clipped, so that no single trade decides. That blocked decisions swing
more, as they do where a model has learned volatility, wins nothing.
"""

from collections.abc import Iterable, Iterator
from math import sqrt

from afterclose.monitoring.betting import bet_on
from afterclose.monitoring.weeks import Settled


def harm_path(weeks: Iterable[Settled]) -> list[float]:
    """The log stake after each week, or run of weeks, that has blocked and kept decisions."""
    return bet_on(_better_when_blocked(weeks))


def challenger_path(weeks: Iterable[Settled]) -> list[float]:
    """The log stake after each week in which the candidate would have decided otherwise."""
    return bet_on(week.gain / sqrt(week.differing) for week in weeks if week.differing)


def _better_when_blocked(weeks: Iterable[Settled]) -> Iterator[float]:
    kept = blocked = 0
    kept_total = blocked_total = 0.0
    for week in weeks:
        kept, kept_total = kept + week.kept, kept_total + week.kept_total
        blocked, blocked_total = blocked + week.blocked, blocked_total + week.blocked_total
        if kept and blocked:  # else the next week is added: few decisions, few blocked
            difference = blocked_total / blocked - kept_total / kept
            yield difference / sqrt(1 / blocked + 1 / kept)
            kept = blocked = 0
            kept_total = blocked_total = 0.0
