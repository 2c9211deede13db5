"""Scores against scikit-learn, and their edges."""

import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

from afterclose.measures.classification import (
    auc,
    average_precision,
    calibration_table,
    find_leaks,
    scores,
    threshold_sweep,
)


def scored_rows(seed: int, rows: int = 500) -> tuple[np.ndarray, np.ndarray]:
    """Outcomes and scores with some signal, and with many ties for even seeds."""
    rng = np.random.default_rng(seed)
    score = rng.random(rows)
    bad = rng.random(rows) < 0.2 + 0.5 * score
    return bad, np.round(score, 1) if seed % 2 == 0 else score


@pytest.mark.parametrize("seed", range(6))
def test_scores_agree_with_scikit_learn(seed: int) -> None:
    bad, score = scored_rows(seed)
    ours = scores(bad, score)
    assert ours.scored == 500
    assert ours.base_rate == bad.mean()
    assert ours.auc == pytest.approx(roc_auc_score(bad, score), abs=1e-12)
    assert ours.pr_auc == pytest.approx(average_precision_score(bad, score), abs=1e-12)
    assert ours.brier == pytest.approx(brier_score_loss(bad, score), abs=1e-12)


def test_calibration_bins_agree_with_scikit_learn() -> None:
    bad, score = scored_rows(1)
    filled = [row for row in calibration_table(bad, score) if row.trades]
    truth, predicted = calibration_curve(bad, score, n_bins=10)
    assert [row.bad_share for row in filled] == pytest.approx(truth.tolist())
    assert [row.mean_score for row in filled] == pytest.approx(predicted.tolist())


def test_calibration_has_ten_bins_with_none_where_there_is_no_trade() -> None:
    table = calibration_table(np.array([True, False, True]), np.array([1.0, 0.1, 0.0]))
    assert [(row.low, row.high) for row in table[:3]] == [(0.0, 0.1), (0.1, 0.2), (0.2, 0.3)]
    assert [row.trades for row in table] == [1, 1, 0, 0, 0, 0, 0, 0, 0, 1]
    assert (table[2].mean_score, table[2].bad_share) == (None, None)
    assert (table[9].mean_score, table[9].bad_share) == (1.0, 1.0)


@pytest.mark.parametrize("bad", [[], [True], [True, True], [False, False, False]])
def test_one_class_alone_has_no_auc(bad: list[bool]) -> None:
    outcome, score = np.array(bad, dtype=bool), np.linspace(0, 1, len(bad))
    assert auc(outcome, score) is None
    assert average_precision(outcome, score) is None


def test_no_rows_have_no_scores() -> None:
    nothing = scores(np.array([], dtype=bool), np.array([]))
    assert (nothing.scored, nothing.base_rate, nothing.brier) == (0, None, None)


def test_sweep_includes_the_threshold_in_force_and_keeps_scores_at_it() -> None:
    pnl, score = np.array([0.01, 0.02, -0.03, -0.04]), np.array([0.1, 0.33, 0.33, 0.9])
    rows = threshold_sweep(pnl, pnl < 0, score, 0.33)
    assert len(rows) == 20
    at = {row.threshold: row for row in rows}
    assert at[0.33].kept == 3
    assert at[0.33].kept_share == 0.75
    assert at[0.33].bad_share == pytest.approx(1 / 3)
    assert at[0.33].expectancy == pytest.approx(0.0)
    assert at[0.05].kept == 0
    assert at[0.05].expectancy is None


def test_a_feature_that_knows_the_outcome_is_named_either_way_round() -> None:
    rng = np.random.default_rng(3)
    bad = rng.random(200) < 0.4
    noise = rng.normal(size=200)
    features = np.column_stack([bad + 0.1 * noise, 0.1 * noise - bad, noise])
    features[::7, 1] = np.nan
    leaks = {leak.feature: leak.auc for leak in find_leaks(bad, features, ("hot", "cold", "noise"))}
    assert leaks == {"hot": pytest.approx(1.0, abs=0.01), "cold": pytest.approx(0.0, abs=0.01)}


def test_a_feature_seen_with_too_few_of_a_class_is_not_called_a_leak() -> None:
    bad = np.array([True] * 4 + [False] * 40)
    assert find_leaks(bad, bad.astype(float)[:, None], ("rare",)) == []
    bad[4] = True
    assert [leak.feature for leak in find_leaks(bad, bad.astype(float)[:, None], ("rare",))]
