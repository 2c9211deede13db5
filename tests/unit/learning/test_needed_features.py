"""What a score cannot do without: the heaviest features, and how much each weighs."""

import numpy as np
import pytest
from msgspec.structs import replace

from afterclose.evaluating.verdicts import judge
from afterclose.learning.features import describe_features, mark_needed
from afterclose.learning.models import fit_model, predict_risks
from afterclose.learning.regressors import fit_regressor
from afterclose.learning.training import TrainingOptions, learn, prepare
from afterclose.learning.tree_scorer import scorer_of
from afterclose.learning.weights import weight_shares
from training_builders import dataset_of

RANDOM = np.random.default_rng(3)
VALUES = RANDOM.normal(size=(400, 3))
BAD = VALUES[:, 1] + 0.3 * RANDOM.normal(size=400) > 0
NAMES = ("a", "b", "c")


def no_embargo(moment_us: int) -> int:
    return moment_us


@pytest.mark.parametrize("kind", ["logistic", "hist_gradient_boosting", "xgboost"])
def test_what_decides_weighs_most_in_each_kind(kind: str) -> None:
    shares = weight_shares(fit_model(VALUES, BAD, kind=kind))
    assert sum(shares) == pytest.approx(1)
    assert shares[1] > 0.6


@pytest.mark.parametrize("kind", ["logistic", "hist_gradient_boosting", "xgboost"])
def test_and_in_each_kind_that_learns_units_of_risk(kind: str) -> None:
    shares = weight_shares(
        fit_regressor(VALUES, BAD.astype(float), kind=kind, seed=1, alpha=1.0, weights=None)
    )
    assert shares[1] > 0.6


def test_needed_are_the_heaviest_all_that_are_heavy_and_the_inputs() -> None:
    stats = describe_features(("a", "b", "c"), VALUES)
    needed = lambda shares: [one.needed for one in mark_needed(stats, shares)]  # noqa: E731
    assert needed([0.2, 0.19, 0.19]) == [True, False, False]
    assert needed([0.4, 0.3, 0.1]) == [True, True, False]
    assert needed([0.0, 0.0, 0.0]) == [False, False, False]
    stats = [replace(stats[0], name="side"), *stats[1:]]
    assert needed([0.05, 0.3, 0.65]) == [True, True, True]


@pytest.mark.parametrize("target", ["bad", "r"])
@pytest.mark.parametrize("model", ["logistic", "hist_gradient_boosting", "ensemble"])
def test_the_card_names_it_and_evaluation_abstains_as_the_filter_does(
    target: str, model: str
) -> None:
    pnl = np.where(BAD, -0.02, 0.02)
    atr = np.full(400, 0.02) + 1e-4 * VALUES[:, 0]
    dataset = dataset_of(
        {"b": VALUES[:, 1], "c": VALUES[:, 2], "d": VALUES[:, 0], "atr_pct": atr}, pnl_pct=pnl
    )
    options = TrainingOptions(model=model, target=target)
    learned = learn(prepare(dataset, options, no_embargo), options, no_embargo)
    assert "b" in learned.card.needed
    blind = dataset_of(
        {"b": np.full(3, np.nan), "c": VALUES[:3, 2], "d": VALUES[:3, 0], "atr_pct": atr[:3]}
    )
    risks = lambda values: predict_risks(learned.pipeline, values)  # noqa: E731
    verdicts = judge(blind, learned.stats, risks, threshold=0.5, max_abs_z=8.0)
    assert np.isnan(verdicts.score).all()
    assert (verdicts.size == 1).all()
    scorer = scorer_of(learned.card, 8.0)
    found = scorer.assess({"atr_pct": 0.02, "c": 0.1, "d": 0.1})
    assert (found.missing, found.needed_missing) == (("b",), True)
    assert not scorer.assess({"atr_pct": 0.02, "b": 0.1, "c": 0.1}).needed_missing
