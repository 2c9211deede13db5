"""A stake that luck seldom multiplies: the rule that all alarms share.

Each week the stake is put on what would be wrong, at odds that are fair while nothing is. A
fair game multiplies a stake by twenty or more with a chance of one in twenty at most, however
often it is looked at and whenever one stops (Ville, 1939). So a night's look costs nothing,
which no p-value can say: a test at 5 % every week alarms within the year for nearly everybody.

All stakes are natural logarithms; 0 is the stake that one began with.
"""

import math
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

ALARM_LOG_STAKE: Final = math.log(20)
"""Twenty times the first stake: one unchanged scope in twenty at most ever gets there."""

ENDED_LOG_STAKE: Final = 0.0
"""An alarm ends by itself when what was won is lost again."""

BOLDNESS: Final = (0.1, 0.2, 0.4, 0.8)
"""What is bet, in parts of a stake, on a gain of its usual size; how large an effect will be is
not known beforehand, so the stake is divided over all of them."""


class Stake(NamedTuple):
    """Where a game stands: whether it alarms, and the logarithm of its stake now."""

    alarm: bool
    log_stake: float


def standing(log_stakes: Iterable[float]) -> Stake:
    """The end of a game, from its stake after each week; with none, the first stake."""
    alarm, now = False, 0.0
    for now in log_stakes:
        alarm = now >= ALARM_LOG_STAKE or (alarm and now > ENDED_LOG_STAKE)
    return Stake(alarm, now)


def bet_on(gains: Iterable[float]) -> list[float]:
    """The log stake after each of ``gains``, which are in units of their usual size.

    While nothing is wrong a gain is as likely above 0 as below, by as much; then each factor
    exp(b g - b²g²/2) is fair whatever the size of g (de la Peña, 1999), so a wrong idea of the
    usual size, or weeks that swing more than others, costs speed and no false alarm. Bets that
    must survive the worst week possible were tried: they find the same twice as late.
    """
    stakes = [0.0] * len(BOLDNESS)
    path = []
    for gain in gains:
        stakes = [
            log + bold * gain - (bold * gain) ** 2 / 2
            for log, bold in zip(stakes, BOLDNESS, strict=True)
        ]
        path.append(log_mean(stakes))
    return path


def log_mean(logs: Sequence[float]) -> float:
    """The logarithm of the mean of numbers given by their logarithms."""
    most = max(logs)
    return most + math.log(math.fsum(math.exp(log - most) for log in logs) / len(logs))
