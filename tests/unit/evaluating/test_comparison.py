"""Two policies on the same trades, and what is left when one of them trades nothing."""

import numpy as np
import pytest

from afterclose.evaluating.comparison import Comparison, Outcomes, compare, threshold_to_keep
from afterclose.evaluating.statistics import MIN_TRADES
from afterclose.evaluating.verdicts import Verdicts

NAN = float("nan")


def compared(pnl: list[float], score: list[float], threshold: float = 0.5) -> Comparison:
    values, scores = np.array(pnl, dtype=float), np.array(score, dtype=float)
    return compare(
        Outcomes(values, values < 0, np.arange(len(pnl)), np.arange(len(pnl))),
        Verdicts(scores, ~(scores > threshold)),
        threshold=threshold,
        candidates_tried=1,
        resamples=100,
        seed=1,
    )


def test_a_trade_the_filter_abstained_on_is_traded_and_not_scored() -> None:
    found = compared([0.01, -0.01, 0.02, -0.02], [0.2, 0.9, NAN, NAN])
    assert found.abstained == 2
    assert found.rules_ml.trades == 3
    assert found.scores.scored == 2
    assert sum(row.trades for row in found.calibration) == 2
    assert found.threshold_sweep[0].kept == 2


def test_blocking_everything_is_described_and_not_an_exception() -> None:
    found = compared([0.01, -0.01, 0.02], [0.9, 0.8, 0.7])
    assert found.rules_ml.trades == 0
    assert found.rules_ml.expectancy is None
    assert found.differences["expectancy"].value is None
    assert found.differences["total_pnl"].value == pytest.approx(-0.02)
    assert found.significance.p_value is None
    assert found.threshold_keeping_80 == 0.9


def test_blocking_nothing_changes_nothing() -> None:
    found = compared([0.01, -0.01, 0.02], [0.1, 0.2, 0.3])
    assert found.rules_ml == found.rules_only
    assert {difference.value for difference in found.differences.values()} == {0.0}
    assert found.significance.p_value is None


@pytest.mark.parametrize("count", range(MIN_TRADES))
def test_next_to_no_trades_have_no_differences(count: int) -> None:
    found = compared([0.01] * count, [0.9] * count)
    assert found.differences == {}
    assert found.scores.auc is None


def test_trades_are_taken_in_the_order_of_their_exits() -> None:
    pnl, exit_us = np.array([0.5, -0.1, -0.1]), np.array([2, 1, 3])
    everything = Verdicts(np.zeros(3), np.ones(3, dtype=bool))
    found = compare(
        Outcomes(pnl, pnl < 0, exit_us, exit_us),
        everything,
        threshold=0.5,
        candidates_tried=1,
        resamples=100,
        seed=1,
    )
    assert found.rules_only.max_drawdown == pytest.approx(-0.1)  # 0.9, 1.35, 1.215


@pytest.mark.parametrize(
    ("score", "expected"),
    [
        ([], None),
        ([NAN, NAN], None),
        ([NAN, NAN, NAN, NAN, 0.9], None),  # four of five are kept whatever the threshold
        ([0.1, 0.2, 0.3, 0.411, 0.5], 0.42),
        ([0.7], 0.7),
    ],
)
def test_the_threshold_that_keeps_four_fifths(score: list[float], expected: float | None) -> None:
    assert threshold_to_keep(np.array(score), 0.8) == expected
