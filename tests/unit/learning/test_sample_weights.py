"""A training trade counts by what only it can tell, and by what it cost."""

import numpy as np
import pytest

from afterclose.learning.sample_weights import loss_weights, sample_weights, uniqueness

DAY_US = 24 * 3600 * 1_000_000


def days(*numbers: float) -> np.ndarray:
    return (np.array(numbers) * DAY_US).astype(np.int64)


def test_trades_that_are_always_alone_are_unique() -> None:
    assert uniqueness(days(0, 2, 4), days(1, 3, 5)).tolist() == [1.0, 1.0, 1.0]


def test_trades_held_together_from_first_to_last_share_one_observation() -> None:
    assert uniqueness(days(0, 0, 0, 0), days(3, 3, 3, 3)) == pytest.approx([0.25] * 4)


def test_a_trade_that_ends_when_another_begins_does_not_overlap_it() -> None:
    assert uniqueness(days(0, 1), days(1, 2)) == pytest.approx([1.0, 1.0])


def test_trades_without_a_duration_are_counted_too() -> None:
    assert uniqueness(days(0, 0, 5), days(0, 0, 5)) == pytest.approx([0.5, 0.5, 1.0])


def test_uniqueness_is_the_mean_over_minutes_of_one_over_the_trades_held() -> None:
    random = np.random.default_rng(3)
    start = np.sort(random.integers(0, 300, size=40))
    end = start + random.integers(1, 60, size=40)
    held = np.array([((start <= minute) & (minute < end)).sum() for minute in range(400)])
    expected = [np.mean(1 / held[a:b]) for a, b in zip(start, end, strict=True)]
    minute_us = 60 * 1_000_000
    assert uniqueness(start * minute_us, end * minute_us) == pytest.approx(expected)


def test_a_hundred_thousand_trades_over_twenty_years_are_weighed_exactly() -> None:
    """Every tenth day ten trades are held for ten days: a tenth each."""
    start = np.repeat(np.arange(10_000), 10) * 10 * DAY_US
    assert uniqueness(start, start + 10 * DAY_US) == pytest.approx(0.1, rel=1e-9)


def test_losses_weigh_by_their_size_within_bounds_and_others_alike() -> None:
    pnl = np.array([0.05, 0.0, -0.01, -0.03, -0.02])
    assert loss_weights(pnl) == pytest.approx([1, 1, 0.5, 1.5, 1.0])
    crash = np.array([-0.9] + [-0.01] * 99 + [-1e-6])
    weights = loss_weights(crash)
    assert weights[0] == 4
    assert weights[-1] == 0.25


def test_without_a_loss_all_weigh_alike() -> None:
    assert loss_weights(np.array([0.0, 0.1])).tolist() == [1.0, 1.0]


@pytest.mark.parametrize("mode", ["uniqueness", "loss", "both"])
def test_weights_average_to_one(mode: str) -> None:
    pnl = np.array([0.01, -0.02, -0.04, 0.03])
    weights = sample_weights(mode, days(0, 1, 2, 9), days(4, 5, 6, 10), pnl)
    assert weights is not None
    assert weights.mean() == pytest.approx(1)
    assert weights.min() > 0


def test_both_is_the_product() -> None:
    times, pnl = (days(0, 1, 2, 9), days(4, 5, 6, 10)), np.array([0.01, -0.02, -0.04, 0.03])
    product = uniqueness(*times) * loss_weights(pnl)
    assert sample_weights("both", *times, pnl) == pytest.approx(product / product.mean())


def test_none_is_no_weights_at_all() -> None:
    assert sample_weights("none", days(0), days(1), np.array([0.1])) is None
