"""A fair game's stake seldom multiplies, and an alarm has a beginning and an end."""

import math
import random

import pytest

from afterclose.monitoring.betting import ALARM_LOG_STAKE, bet_on, log_mean, standing


def test_an_alarm_begins_at_twenty_times_the_stake_and_ends_when_it_is_lost_again() -> None:
    assert pytest.approx(ALARM_LOG_STAKE) == math.log(20)
    assert standing([]) == (False, 0.0)
    assert standing([1.0, 2.9]) == (False, 2.9)
    assert standing([1.0, 3.1, 0.5]) == (True, 0.5)
    assert standing([3.1, -0.1, 0.2]) == (False, 0.2)


def test_a_bet_pays_by_hand() -> None:
    # a quarter of the stake each at .1, .2, .4, .8: a gain of 1, then of -1
    boldness = (0.1, 0.2, 0.4, 0.8)
    path = bet_on([1.0, -1.0])
    assert path[0] == pytest.approx(math.log(sum(math.exp(b - b * b / 2) for b in boldness) / 4))
    assert path[1] == pytest.approx(math.log(sum(math.exp(-b * b) for b in boldness) / 4))


def test_a_mean_of_logarithms_does_not_overflow() -> None:
    assert log_mean([1000.0, 1000.0]) == pytest.approx(1000.0)
    assert log_mean([-1000.0, -1e9]) == pytest.approx(-1000.0 - math.log(2))


@pytest.mark.parametrize("spread", [0.3, 1.0, 3.0])
@pytest.mark.parametrize(("win", "chance"), [(1.0, 0.5), (2.0, 0.2), (0.5, 0.8)])
def test_one_fair_game_in_twenty_at_most_ever_alarms(
    spread: float, win: float, chance: float
) -> None:
    """Also where little is lost often and much won seldom, or the other way round."""
    source = random.Random(1)  # noqa: S311 - repeatable, not a secret
    games, lose = 300, -win * chance / (1 - chance)
    alarms = 0
    for _ in range(games):
        # a week's mean is of some decisions
        weeks = [
            sum(win if source.random() < chance else lose for _ in range(4)) / 2 for _ in range(52)
        ]
        alarms += max(bet_on(spread * gain for gain in weeks)) >= ALARM_LOG_STAKE
    assert alarms <= 0.05 * games
