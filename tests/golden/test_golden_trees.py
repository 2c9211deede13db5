"""Scores of trees worked out by hand, not by any library."""

from typing import Any

import pytest

from afterclose.learning.curves import Isotonic, Sigmoid
from afterclose.learning.tree_card import EnsembleCard, Tree, TreeCard
from afterclose.learning.tree_scorer import scorer_of
from trading_builders import make_scorecard

HEAD: dict[str, Any] = {
    "feature_names": ("atr_pct", "rsi"),
    "threshold": 0.5,
    "train_min": (0.0, 0.0),
    "train_max": (1.0, 100.0),
    "train_mean": (0.5, 50.0),
    "train_std": (0.5, 20.0),
}

# atr_pct at most 0.5, or missing: -1. Else rsi at most 70: 0.25; above, or missing: 2.
FIRST = Tree(
    feature=(0, -1, 1, -1, -1),
    value=(0.5, -1.0, 70.0, 0.25, 2.0),
    missing_left=(True, False, False, False, False),
    left=(1, 0, 3, 0, 0),
    right=(2, 0, 4, 0, 0),
)
# One leaf: 0.5 whatever comes.
SECOND = Tree(feature=(-1,), value=(0.5,), missing_left=(False,), left=(0,), right=(0,))

NAN = float("nan")
CASES = [
    # atr_pct, rsi, log-odds: base -0.5, and 0.5 of the second tree
    (0.5, 90.0, -1.0),
    (0.6, 70.0, 0.25),
    (0.6, 70.1, 2.0),
    (NAN, 90.0, -1.0),
    (0.6, NAN, 2.0),
    (NAN, NAN, -1.0),
]
RISKS = {-1.0: 0.2689414214, 0.25: 0.5621765009, 2.0: 0.8807970780}


def trees(**changes: Any) -> TreeCard:
    return TreeCard(kind="xgboost", base=-0.5, trees=(FIRST, SECOND), **(HEAD | changes))


@pytest.mark.parametrize(("atr_pct", "rsi", "log_odds"), CASES)
def test_a_walk_through_two_trees(atr_pct: float, rsi: float, log_odds: float) -> None:
    scorer = scorer_of(trees())
    expected = pytest.approx(RISKS[log_odds], abs=1e-10)
    assert scorer.predict_risk({"atr_pct": atr_pct, "rsi": rsi}) == expected
    assert scorer.assess({"rsi": rsi, "atr_pct": atr_pct}).risk_score == expected


def test_a_sigmoid_halves_and_shifts_the_log_odds() -> None:
    scorer = scorer_of(trees(curve=Sigmoid(slope=0.5, offset=-3.0)))
    assert scorer.predict_risk({"atr_pct": 0.6, "rsi": 71.0}) == pytest.approx(0.1192029220)


def test_an_isotonic_curve_is_read_between_its_points() -> None:
    scorer = scorer_of(trees(curve=Isotonic(log_odds=(-1.0, 0.0, 1.0), risks=(0.1, 0.2, 0.6))))
    assert scorer.predict_risk({"atr_pct": 0.6, "rsi": 60.0}) == pytest.approx(0.3)
    assert scorer.predict_risk({"atr_pct": 0.6, "rsi": 71.0}) == pytest.approx(0.6)


def test_an_ensemble_is_the_mean_of_a_line_and_trees() -> None:
    """The line: log-odds of ln 3 at its means, where its risk is 3/4; the trees say 0.2689."""
    line = make_scorecard(
        **(
            HEAD
            | {"weights": (0.0, 0.0), "intercept": 1.0986122887, "log_odds_at_mean": 1.0986122887}
        )
    )
    scorer = scorer_of(EnsembleCard(linear=line, trees=trees(), **HEAD))
    entry = {"atr_pct": 0.5, "rsi": 50.0}
    assert scorer.predict_risk(entry) == pytest.approx((0.75 + 0.2689414214) / 2)
    assert scorer.clean_risk(entry) == scorer.assess(entry).risk_score


def test_a_feature_too_far_from_its_mean_is_left_to_the_slow_path() -> None:
    scorer = scorer_of(trees(), max_abs_z=2.0)
    assert scorer.clean_risk({"atr_pct": 0.6, "rsi": 89.0}) is not None
    assert scorer.clean_risk({"atr_pct": 0.6, "rsi": 91.0}) is None
    assert scorer.clean_risk({"atr_pct": 0.6}) is None
    assert scorer.assess({"atr_pct": 0.6, "rsi": 91.0}).worst_feature == "rsi"
