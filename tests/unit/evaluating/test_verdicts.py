"""Judging many trades gives what the filter gives for each: the filter itself is the oracle."""

import math

import numpy as np

from afterclose.evaluating.verdicts import abstain, judge, linear_risks
from afterclose.learning.features import describe_features
from afterclose.learning.scorecard import Scorecard
from afterclose.learning.scorer import MAX_MISSING_SHARE, LinearScorer
from training_builders import dataset_of

NAMES = ("a", "b", "c", "d")


def trained_on(values: np.ndarray) -> Scorecard:
    """A scorecard with the ranges of ``values`` and weights of every size."""
    weights = (2.0, -0.5, 0.001, 30.0)
    return Scorecard(
        feature_names=NAMES,
        imputation_values=(0.1, -0.2, 100.0, 0.01),
        weights=weights,
        intercept=0.3 - float(np.dot(weights, values.mean(axis=0))),
        log_odds_at_mean=0.3,
        threshold=0.5,
        train_min=tuple(values.min(axis=0).tolist()),
        train_max=tuple(values.max(axis=0).tolist()),
        train_mean=tuple(values.mean(axis=0).tolist()),
        train_std=tuple(values.std(axis=0).tolist()),
    )


def test_scores_and_abstentions_are_those_of_the_filters_scorer() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(400, 4)) * (1, 2, 50, 0.1) + (0, 1, 100, 0)
    card = trained_on(values)
    seen = values.copy()
    seen[rng.random(seen.shape) < 0.2] = np.nan
    seen[::25, 1] = 40.0  # far from anything in training
    dataset = dataset_of(dict(zip(NAMES, seen.T, strict=True)))
    max_abs_z, threshold = 4.0, 0.55
    verdicts = judge(
        dataset,
        describe_features(NAMES, values),
        linear_risks(card),
        threshold=threshold,
        max_abs_z=max_abs_z,
    )
    scorer = LinearScorer(card, max_abs_z)
    abstained = 0
    for row in range(400):
        found = scorer.assess(dict(zip(NAMES, seen[row].tolist(), strict=True)))
        if found.missing_share > MAX_MISSING_SHARE or found.max_abs_z > max_abs_z:
            abstained += 1
            assert math.isnan(verdicts.score[row])
            assert verdicts.keep[row]
        else:
            assert verdicts.score[row] == found.risk_score
            assert verdicts.keep[row] == (found.risk_score <= threshold)
    assert 50 < abstained < 200


def test_features_that_the_dataset_lacks_are_missing_and_others_ignored() -> None:
    values = np.random.default_rng(1).normal(size=(50, 4))
    dataset = dataset_of({"z": values[:, 0], "d": values[:, 3]})
    verdicts = judge(
        dataset,
        describe_features(NAMES, values),
        linear_risks(trained_on(values)),
        threshold=0.0,
        max_abs_z=8,
    )
    assert np.isnan(verdicts.score).all()
    assert verdicts.keep.all()


def test_scores_of_extreme_log_odds_are_0_and_1_without_a_warning() -> None:
    values = np.random.default_rng(1).normal(size=(50, 4))
    risks = linear_risks(trained_on(values))
    assert risks(np.array([[0, 0, 0, -1e6], [0, 0, 0, 1e6]])).tolist() == [0.0, 1.0]


def test_a_filter_without_a_model_keeps_everything() -> None:
    assert abstain(3).keep.tolist() == [True, True, True]
    assert len(abstain(0).score) == 0
