"""The probability of overfitting: against purgedcv, and in cases that can be told by hand."""

import numpy as np
import pytest
from purgedcv import probability_of_backtest_overfitting

from afterclose.evaluating.overfitting import probability_of_overfitting


def per_block(returns: np.ndarray, blocks: int) -> tuple[np.ndarray, np.ndarray]:
    parts = returns.reshape(len(returns), blocks, -1)
    return parts.sum(axis=2), np.full(parts.shape[:2], float(parts.shape[2]))


@pytest.mark.parametrize("configurations", [2, 9, 20])
def test_it_agrees_with_purgedcv_on_mean_returns(configurations: int) -> None:
    for seed in range(5):
        drift = np.linspace(0, 0.1, configurations)[:, None]
        returns = np.random.default_rng(seed).normal(drift, 1, (configurations, 120))
        oracle = probability_of_backtest_overfitting(returns, n_splits=8, metric=np.mean)
        at_the_median = np.mean(oracle.logits == 0) / 2
        ours = probability_of_overfitting(*per_block(returns, 8))
        assert ours == pytest.approx(oracle.pbo + at_the_median, abs=1e-12)


def test_a_configuration_that_is_always_best_is_no_overfit() -> None:
    assert probability_of_overfitting(np.array([[1.0] * 4, [2.0] * 4]), np.ones((2, 4))) == 0


def test_what_was_good_in_one_half_only_is_an_overfit() -> None:
    """Two blocks, two configurations: the winner of either block loses in the other."""
    assert probability_of_overfitting(np.array([[1.0, 0.0], [0.0, 1.0]]), np.ones((2, 2))) == 1


def test_configurations_that_do_not_differ_are_a_coin() -> None:
    assert probability_of_overfitting(np.ones((3, 4)), np.ones((3, 4))) == 0.5


def test_noise_is_near_a_coin() -> None:
    random = np.random.default_rng(0)
    found = [
        probability_of_overfitting(*per_block(random.normal(size=(10, 120)), 8)) for _ in range(40)
    ]
    assert 0.4 < np.mean(found) < 0.6


def test_keeping_nothing_is_the_worst() -> None:
    sums, counts = np.array([[0.0] * 4, [-1.0] * 4]), np.array([[0.0] * 4, [1.0] * 4])
    assert probability_of_overfitting(sums, counts) == 0
    assert probability_of_overfitting(sums[::-1], counts[::-1]) == 0


def test_an_odd_number_of_blocks_has_no_halves() -> None:
    with pytest.raises(ValueError, match="3 blocks"):
        probability_of_overfitting(np.ones((2, 3)), np.ones((2, 3)))
