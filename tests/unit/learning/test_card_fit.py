"""A scorecard is the fitted model itself, in plain numbers."""

import math

import numpy as np
import pytest

from afterclose.learning.calibration import Calibrated, SoftVote, fit_isotonic
from afterclose.learning.card_fit import _last_below, fold, make_card
from afterclose.learning.curves import Sigmoid
from afterclose.learning.features import FeatureStats, describe_features
from afterclose.learning.models import fit_model, margins, predict_risks
from afterclose.learning.tree_card import LEAF, EnsembleCard, TreeCard
from afterclose.learning.tree_scorer import scorer_of

NAMES = ("a", "b", "c")


def sample(rows: int = 200, seed: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Three correlated features with gaps; the first one matters."""
    random = np.random.default_rng(seed)
    values = random.normal(size=(rows, 3)) + 2 * random.normal(size=(rows, 1))
    bad = values[:, 0] + random.normal(size=rows) > 0.5
    values[random.random(values.shape) < 0.1] = np.nan
    return values, bad


VALUES, BAD = sample()
STATS: list[FeatureStats] = describe_features(NAMES, VALUES)


def test_the_two_forms_of_a_folded_model_are_the_same_model() -> None:
    card = fold(fit_model(VALUES, BAD), STATS, threshold=0.4)
    card.validate()
    shift = sum(w * mean for w, mean in zip(card.weights, card.train_mean, strict=True))
    assert card.intercept + shift == pytest.approx(card.log_odds_at_mean)
    assert card.threshold == 0.4
    assert card.imputation_values == tuple(np.nanmedian(VALUES, axis=0))
    assert card.train_min == tuple(np.nanmin(VALUES, axis=0))
    assert card.train_max == tuple(np.nanmax(VALUES, axis=0))


@pytest.mark.parametrize("single", [0.1, -0.1, 1.0, 1e-30, 1e37, 0.0, 16777216.0])
def test_a_single_precision_limit_is_the_same_question_to_a_double(single: float) -> None:
    """XGBoost asks whether the value, rounded, is below; the scorecard whether it is at most."""
    limit = np.float32(single)
    last = _last_below(limit)
    assert np.float32(last) < limit
    assert not np.float32(math.nextafter(last, math.inf)) < limit


@pytest.mark.parametrize("kind", ["hist_gradient_boosting", "xgboost"])
def test_values_beyond_single_precision_train_and_score_alike(kind: str) -> None:
    huge = np.where(np.arange(200)[:, None] % 7, VALUES * 1e99, VALUES)
    pipeline = fit_model(huge, BAD, kind=kind)
    scorer = scorer_of(make_card(pipeline, describe_features(NAMES, huge), 0.5))
    scores = [scorer.risk_of(row) for row in huge.tolist()]
    assert scores == pytest.approx(predict_risks(pipeline, huge), abs=1e-6)


def test_xgboost_limits_hold_at_values_next_to_them() -> None:
    """Entries on, just below and just above every limit of every tree."""
    pipeline = fit_model(VALUES, BAD, kind="xgboost")
    card = make_card(pipeline, STATS, 0.5)
    assert isinstance(card, TreeCard)
    inner = [zip(tree.value, tree.feature, strict=True) for tree in card.trees]
    limits = {value for nodes in inner for value, feature in nodes if feature != LEAF}
    near = [(x, math.nextafter(x, -math.inf), math.nextafter(x, math.inf)) for x in limits]
    rows = [[value] * 3 for values in near for value in values]
    scorer = scorer_of(card)
    scores = [scorer.risk_of(row) for row in rows]
    assert scores == pytest.approx(predict_risks(pipeline, np.array(rows)), abs=1e-6)


def test_a_limit_that_only_missing_values_pass_is_finite_in_the_scorecard() -> None:
    """Bad exactly where the feature is missing: the best cut has no number on one side."""
    values = np.where(np.arange(100) % 2, np.nan, np.arange(100.0))[:, None]
    bad = np.arange(100) % 2 == 1
    pipeline = fit_model(values, bad, kind="hist_gradient_boosting")
    card = make_card(pipeline, describe_features(("a",), values), 0.5)
    scorer = scorer_of(card)
    card.validate()
    assert scorer.predict_risk({"a": 1e300}) < 0.1
    assert scorer.predict_risk({}) > 0.9


def test_calibration_goes_into_the_scorecard_as_numbers() -> None:
    trees = fit_model(VALUES, BAD, kind="hist_gradient_boosting")
    line = fit_model(VALUES, BAD)
    isotonic = fit_isotonic(margins(line, VALUES), BAD)
    assert make_card(Calibrated(line, isotonic), STATS, 0.5).curve == isotonic
    assert make_card(Calibrated(trees, Sigmoid(0.5, 0.1)), STATS, 0.5).curve == Sigmoid(0.5, 0.1)
    vote = make_card(SoftVote((line, trees)), STATS, 0.3, "tuned")
    assert isinstance(vote, EnsembleCard)
    assert (vote.threshold, vote.threshold_mode) == (0.3, "tuned")
    assert vote.linear == fold(line, STATS, 0.3)
