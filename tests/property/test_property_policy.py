"""What an evaluation judges is what the filter would trade, to the last digit."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afterclose.config import load_settings
from afterclose.evaluating.verdicts import Sizing, judge, linear_risks, scorer_risks
from afterclose.learning.curves import Isotonic, Sigmoid
from afterclose.learning.features import FeatureStats
from afterclose.learning.scorecard import Scorecard
from afterclose.learning.scorer import LinearScorer, Scorer
from afterclose.learning.tree_card import Tree, TreeCard
from afterclose.learning.tree_scorer import TreeScorer
from afterclose.risk_filter import RiskFilter
from afterclose.trading.model_pin import Pin
from training_builders import dataset_of

NAMES = ("a", "b", "c", "d")
ROWS = 12

weight = st.floats(-20, 20)
spread = st.floats(1e-3, 50)
curves = st.sampled_from(
    [None, Sigmoid(1.7, -0.3), Isotonic((-2.0, -0.1, 0.4, 3.0), (0.1, 0.2, 0.7, 0.9))]
)
linear_cards = st.builds(
    lambda weights, means, spreads, shift, curve: Scorecard(
        feature_names=NAMES,
        imputation_values=means,
        weights=weights,
        intercept=shift - sum(w * m for w, m in zip(weights, means, strict=True)),
        log_odds_at_mean=shift,
        threshold=0.5,
        train_min=means,
        train_max=means,
        train_mean=means,
        train_std=spreads,
        **({} if curve is None else {"curve": curve}),
    ),
    st.tuples(*[weight] * 4),
    st.tuples(*[weight] * 4),
    st.tuples(*[spread] * 4),
    st.floats(-5, 5),
    curves,
)
stump = st.builds(
    lambda feature, at, low, high, missing_left: Tree(
        feature=(feature, -1, -1),
        value=(at, low, high),
        missing_left=(missing_left, False, False),
        left=(1, 0, 0),
        right=(2, 0, 0),
    ),
    st.integers(0, 3), st.floats(-3, 3), weight, weight, st.booleans(),
)  # fmt: skip
tree_cards = st.builds(
    lambda trees, base: TreeCard(
        kind="hist_gradient_boosting",
        feature_names=NAMES, threshold=0.5, train_min=(0.0,) * 4, train_max=(0.0,) * 4,
        train_mean=(0.0,) * 4, train_std=(1.0,) * 4, base=base, trees=tuple(trees),
        curve=Sigmoid(),
    ),
    st.lists(stump, min_size=1, max_size=5), st.floats(-2, 2),
)  # fmt: skip
value = st.one_of(st.floats(-60, 60), st.just(math.nan))
rows = st.lists(st.tuples(*[value] * 4), min_size=ROWS, max_size=ROWS)
ways = st.fixed_dictionaries(
    {
        "risk_threshold": st.floats(0, 1),
        "ood_max_z": st.floats(0.1, 100),
        "sizing": st.sampled_from(["off", "linear"]),
        "min_size": st.floats(0, 1),
    }
)


@pytest.fixture(scope="module")
def volume(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("policy")


@given(card=st.one_of(linear_cards, tree_cards), entries=rows, way=ways)
@settings(max_examples=150, deadline=None)
def test_the_multipliers_of_an_evaluation_are_those_of_the_filter(
    volume: Path, card: Scorecard | TreeCard, entries: list, way: dict
) -> None:
    configured = load_settings({}, logs_dir=volume, **way)
    scorer: Scorer
    if isinstance(card, Scorecard):
        scorer, risks = LinearScorer(card, configured.ood_max_z), linear_risks(card)
    else:
        scorer = TreeScorer(card, configured.ood_max_z)
        risks = scorer_risks(scorer)
    pin = Pin(text="", trouble=False, model_id="M", scorer=scorer)
    values = np.array(entries)
    verdicts = judge(
        dataset_of(dict(zip(NAMES, values.T, strict=True))),
        stats_of(card),
        risks,
        threshold=configured.risk_threshold,
        max_abs_z=configured.ood_max_z,
        sizing=Sizing(configured.sizing, configured.min_size),
    )
    with RiskFilter(configured, pin) as risk_filter:
        decisions = [risk_filter.check(dict(zip(NAMES, entry, strict=True))) for entry in entries]
    assert verdicts.size.tolist() == [decision.size_multiplier for decision in decisions]
    assert verdicts.keep.tolist() == [decision.allowed for decision in decisions]
    assert [None if math.isnan(score) else score for score in verdicts.score.tolist()] == [
        decision.risk_score for decision in decisions
    ]


def stats_of(card: Scorecard | TreeCard) -> list[FeatureStats]:
    return [
        FeatureStats(
            name=name, coverage=1.0, mean=mean, std=std, min=mean, max=mean, decile_edges=()
        )
        for name, mean, std in zip(card.feature_names, card.train_mean, card.train_std, strict=True)
    ]
