"""Calibration makes scores of unseen trades mean what they say, and never turns them round."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator

from afterclose.learning.calibration import (
    MIN_GAP_LOG_ODDS,
    MIN_ISOTONIC_ROWS,
    MIN_SIGMOID_ROWS,
    apply_curve,
    fit_curve,
    fit_isotonic,
    fit_sigmoid,
)
from afterclose.learning.curves import Isotonic, Sigmoid
from afterclose.measures.classification import brier_score

RANDOM = np.random.default_rng(7)


def scored(rows: int, slope: float = 0.4, seed: int = 7) -> tuple[np.ndarray, np.ndarray]:
    """Scores that claim too much when ``slope`` is below 1, and the outcomes."""
    random = np.random.default_rng(seed)
    log_odds = 3 * random.normal(size=rows)
    return log_odds, random.random(rows) < 1 / (1 + np.exp(-slope * log_odds + 0.5))


class Scores(ClassifierMixin, BaseEstimator):
    """A fitted classifier whose only feature is its log-odds."""

    classes_ = np.array([False, True])

    def fit(self, X: np.ndarray, y: np.ndarray) -> "Scores":
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def decision_function(self, X: np.ndarray) -> np.ndarray:
        return X[:, 0]

    def predict(self, X: np.ndarray) -> np.ndarray:
        return X[:, 0] > 0


def test_a_sigmoid_is_platts_as_scikit_learn_fits_it() -> None:
    unseen, bad = scored(400)
    oracle = CalibratedClassifierCV(FrozenEstimator(Scores()), method="sigmoid", cv=2)
    oracle.fit(unseen[:, None], bad)
    expected = oracle.predict_proba(unseen[:, None])[:, 1]
    assert apply_curve(fit_sigmoid(unseen, bad), unseen) == pytest.approx(expected, abs=1e-4)


def test_overconfident_scores_are_drawn_back_to_the_truth() -> None:
    curve = fit_sigmoid(*scored(20_000))
    assert curve.slope == pytest.approx(0.4, abs=0.02)
    assert curve.offset == pytest.approx(-0.5, abs=0.05)


@pytest.mark.parametrize("mode", ["sigmoid", "isotonic"])
def test_calibration_lowers_the_brier_score_of_later_trades(mode: str) -> None:
    curve = fit_curve(mode, *scored(2000))
    assert curve is not None
    assert curve.name == mode
    log_odds, bad = scored(2000, seed=8)
    before = brier_score(bad, apply_curve(Sigmoid(), log_odds))
    after = brier_score(bad, apply_curve(curve, log_odds))
    assert after < before - 0.01


def test_scores_that_sort_the_wrong_way_round_become_the_share_of_bad_trades() -> None:
    unseen, bad = scored(2000, slope=-1.0)
    curve = fit_sigmoid(unseen, bad)
    assert curve.slope == 0
    assert curve.risk(5.0) == pytest.approx(bad.mean(), abs=0.001)
    flat = fit_isotonic(unseen, bad)
    assert flat.holds()
    assert flat.risk(-3.0) == pytest.approx(flat.risk(3.0), abs=0.15)


def test_separable_scores_still_have_a_finite_curve() -> None:
    unseen = np.linspace(-1, 1, 60)
    curve = fit_sigmoid(unseen, unseen > 0)
    assert curve.holds()
    assert 0.9 < curve.risk(1.0) < 1


@pytest.mark.parametrize(
    ("rows", "bad_rows"), [(0, 0), (MIN_SIGMOID_ROWS - 1, 20), (100, 0), (100, 100)]
)
@pytest.mark.parametrize("mode", ["none", "sigmoid", "isotonic", "auto"])
def test_too_little_to_go_by_is_no_curve(rows: int, bad_rows: int, mode: str) -> None:
    assert fit_curve(mode, np.arange(float(rows)), np.arange(rows) < bad_rows) is None


def test_isotonic_with_too_few_trades_is_a_sigmoid() -> None:
    few, enough = scored(MIN_ISOTONIC_ROWS - 1), scored(MIN_ISOTONIC_ROWS)
    assert fit_curve("isotonic", *few) == fit_sigmoid(*few)
    assert fit_curve("isotonic", *enough) == fit_isotonic(*enough)


def test_auto_does_not_bend_scores_that_are_right() -> None:
    random = np.random.default_rng(1)
    log_odds = random.normal(size=4000)
    bad = random.random(4000) < 1 / (1 + np.exp(-log_odds))
    assert fit_curve("auto", log_odds, bad) in (None, fit_sigmoid(log_odds, bad))


def test_auto_takes_a_sigmoid_where_the_scores_claim_too_much() -> None:
    few = scored(500)
    assert fit_curve("auto", *few) == fit_sigmoid(*few)


def test_auto_takes_isotonic_where_no_sigmoid_fits() -> None:
    """Bad at a rate of 5 % below 0 and of 95 % above, whatever the score says."""
    random = np.random.default_rng(2)
    log_odds = random.uniform(-8, 8, size=4000)
    bad = random.random(4000) < np.where(log_odds > 0, 0.95, 0.05)
    assert fit_curve("auto", log_odds, bad) == fit_isotonic(log_odds, bad)


def test_auto_with_one_class_in_its_older_half_is_no_curve() -> None:
    assert fit_curve("auto", np.arange(100.0), np.arange(100) > 80) is None


def test_isotonic_points_are_apart_and_hold() -> None:
    curve = fit_isotonic(*scored(5000))
    assert curve.holds()
    assert np.diff(curve.log_odds).min() >= MIN_GAP_LOG_ODDS
    assert len(curve.log_odds) > 5


@pytest.mark.parametrize("curve", [Sigmoid(0.7, -0.2), fit_isotonic(*scored(3000))])
def test_many_scores_bend_like_one(curve: Sigmoid | Isotonic) -> None:
    scores = np.concatenate([10 * RANDOM.normal(size=500), [-1e6, 1e6, 0.0]])
    one_by_one = [curve.risk(score) for score in scores.tolist()]
    assert apply_curve(curve, scores) == pytest.approx(one_by_one, abs=1e-12)
