"""A fair game's stake seldom multiplies, and an alarm has a beginning and an end."""

import math
import random

import pytest

from afterclose.monitoring.betting import ALARM_LOG_STAKE, bet_on_mean, log_mean, standing


def test_an_alarm_begins_at_twenty_times_the_stake_and_ends_when_it_is_lost_again() -> None:
    assert pytest.approx(ALARM_LOG_STAKE) == math.log(20)
    assert standing([]) == (False, 0.0)
    assert standing([1.0, 2.9]) == (False, 2.9)
    assert standing([1.0, 3.1, 0.5]) == (True, 0.5)
    assert standing([3.1, -0.1, 0.2]) == (False, 0.2)


def test_a_bet_pays_by_hand() -> None:
    # half the stake at .5 of it and half at .25: gains of 1, then -1
    path = bet_on_mean([1.0, -1.0], [0.5, 0.25])
    assert path[0] == pytest.approx(math.log((1.5 + 1.25) / 2))
    assert path[1] == pytest.approx(math.log((1.5 * 0.5 + 1.25 * 0.75) / 2))


def test_a_mean_of_logarithms_does_not_overflow() -> None:
    assert log_mean([1000.0, 1000.0]) == pytest.approx(1000.0)
    assert log_mean([-1000.0, -1e9]) == pytest.approx(-1000.0 - math.log(2))


def test_one_fair_game_in_twenty_at_most_ever_alarms() -> None:
    source = random.Random(1)  # noqa: S311 - repeatable, not a secret
    games = 400
    alarms = 0
    for _ in range(games):
        # skewed, and fair: often a little lost, seldom much won
        gains = [2.0 if source.random() < 0.2 else -0.5 for _ in range(300)]
        alarms += max(bet_on_mean(gains, [0.2, 0.4, 0.9])) >= ALARM_LOG_STAKE
    sampling_error = (0.05 * 0.95 * games) ** 0.5
    assert alarms <= 0.05 * games + 2 * sampling_error
