"""A score comes with what speaks against it: what is missing, invalid, or far away."""

import decimal
import math
from typing import Any

import numpy as np
import pytest

from afterclose.errors import InputError
from afterclose.learning.scorecard import Scorecard
from afterclose.learning.scorer import LinearScorer

CARD = Scorecard(
    feature_names=("atr_pct", "flag", "rsi"),
    imputation_values=(0.03, 0.0, 45.0),
    weights=(30.0, 1.0, -0.02),
    intercept=0.4,
    log_odds_at_mean=0.0,
    threshold=0.5,
    train_min=(0.01, -1.0, 20.0),
    train_max=(0.05, 1.0, 80.0),
    train_mean=(0.02, 0.0, 50.0),
    train_std=(0.01, 0.5, 10.0),
)
GOOD = {"atr_pct": 0.04, "flag": 0.0, "rsi": 60.0}
SCORER = LinearScorer(CARD, max_abs_z=3.0)


def test_clean_features_get_the_same_score_on_every_path() -> None:
    risk = SCORER.predict_risk(GOOD)
    assert SCORER.clean_risk(GOOD) == risk
    assert SCORER.assess(GOOD).risk_score == risk


def test_features_the_model_does_not_know_are_ignored() -> None:
    assert SCORER.clean_risk(GOOD | {"gap": "text", "ATR_PCT": 9.0}) == SCORER.clean_risk(GOOD)


@pytest.mark.parametrize("value", [None, math.nan, math.inf, -math.inf, 10**400, np.nan])
def test_null_and_non_finite_values_are_missing_and_imputed(value: Any) -> None:
    assessment = SCORER.assess(GOOD | {"rsi": value})
    assert assessment.missing == ("rsi",)
    assert assessment.missing_share == pytest.approx(1 / 3)
    assert assessment.risk_score == SCORER.predict_risk(GOOD | {"rsi": 45.0})
    assert SCORER.clean_risk(GOOD | {"rsi": value}) is None
    assert LinearScorer(CARD).clean_risk(GOOD | {"rsi": value}) is None


def test_a_wrong_case_is_a_missing_feature() -> None:
    renamed = {"atr_pct": 0.04, "flag": 0.0, "RSI": 60.0}
    assert SCORER.assess(renamed).missing == ("rsi",)
    assert SCORER.clean_risk(renamed) is None


def test_nothing_at_all_is_wholly_missing() -> None:
    assessment = SCORER.assess({})
    assert assessment.missing_share == 1
    assert assessment.worst_feature is None
    assert assessment.max_abs_z == 0


@pytest.mark.parametrize(
    "value", ["60", "", b"60", [60.0], {}, object(), 1j, np.array([60.0]), np.array([1.0, 2.0])]
)
def test_what_is_no_number_is_invalid_and_not_scored(value: Any) -> None:
    features = GOOD | {"rsi": value}
    assessment = SCORER.assess(features)
    assert assessment.invalid == ("rsi",)
    assert assessment.missing == ()
    assert assessment.risk_score is None
    assert SCORER.clean_risk(features) is None
    with pytest.raises(InputError, match="must be numbers: rsi"):
        SCORER.predict_risk(features)


@pytest.mark.parametrize("value", [60, np.float64(60), np.int32(60), decimal.Decimal(60)])
def test_all_kinds_of_numbers_score_alike(value: Any) -> None:
    assert SCORER.predict_risk(GOOD | {"rsi": value}) == SCORER.predict_risk(GOOD)


@pytest.mark.parametrize("value", [True, np.True_])
def test_a_boolean_counts_as_one(value: Any) -> None:
    assert SCORER.predict_risk(GOOD | {"flag": value}) == SCORER.predict_risk(GOOD | {"flag": 1.0})


def test_the_furthest_feature_is_named_with_its_distance() -> None:
    assessment = SCORER.assess({"atr_pct": 0.03, "flag": -1.0, "rsi": 95.0})
    assert assessment.worst_feature == "rsi"
    assert assessment.max_abs_z == pytest.approx(4.5)


def test_the_fast_path_leaves_what_is_further_than_max_abs_z_to_the_slow_one() -> None:
    assert SCORER.clean_risk(GOOD | {"rsi": 79.9}) is not None
    assert SCORER.clean_risk(GOOD | {"rsi": 80.1}) is None
    assert SCORER.clean_risk(GOOD | {"rsi": 19.9}) is None
    assert SCORER.predict_risk(GOOD | {"rsi": 80.1}) == LinearScorer(CARD).predict_risk(
        GOOD | {"rsi": 80.1}
    )


def test_extreme_features_saturate_instead_of_overflowing() -> None:
    assert SCORER.predict_risk(GOOD | {"atr_pct": 1e300}) == 1
    assert SCORER.predict_risk(GOOD | {"atr_pct": -1e300}) == 0


def test_log_odds_beyond_any_float_are_refused_by_name_never_scored_as_nan() -> None:
    steep = Scorecard(
        feature_names=("a", "b"),
        imputation_values=(0.0, 0.0),
        weights=(1e10, -1e10),
        intercept=0.0,
        log_odds_at_mean=0.0,
        threshold=0.5,
        train_min=(0.0, 0.0),
        train_max=(1.0, 1.0),
        train_mean=(0.0, 0.0),
        train_std=(1.0, 1.0),
    )
    scorer = LinearScorer(steep)
    assert scorer.assess({"a": 1e300, "b": 1e300}).risk_score is None
    with pytest.raises(InputError, match="feature a is too large"):
        scorer.predict_risk({"a": 1e300, "b": 1e300})


def test_scoring_changes_neither_the_features_nor_the_answer() -> None:
    features = dict(GOOD)
    first = [SCORER.predict_risk(features) for _ in range(3)]
    assert features == GOOD
    assert len(set(first)) == 1
