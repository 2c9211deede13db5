"""`explanation`: contributions add up to the score, and are the Shapley values they claim to be.

The reference takes the definition at its word: every coalition of features is scored.
"""

import math
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from msgspec.structs import asdict, replace

from afterclose.learning.curves import Isotonic, Sigmoid, logistic
from afterclose.learning.scorer import LinearScorer, Scorer
from afterclose.learning.tree_card import EnsembleCard, Tree, TreeCard
from afterclose.learning.tree_scorer import EnsembleScorer, TreeScorer, scorer_of
from trading_builders import make_scorecard

NAMES = tuple("abcdef")
MEAN = (0.1, -0.2, 0.3, 0.0, -0.1, 0.2)
HEAD: dict[str, Any] = {
    "feature_names": NAMES,
    "train_min": (-3.0,) * 6,
    "train_max": (3.0,) * 6,
    "train_mean": MEAN,
    "train_std": (1.0,) * 6,
    "threshold": 0.5,
}


def random_tree(generator: np.random.Generator, depth: int) -> Tree:
    """A full tree of that depth with random features, limits and directions of the missing."""
    inner, size = 2**depth - 1, 2 ** (depth + 1) - 1
    return Tree(
        feature=tuple(int(f) for f in generator.integers(0, 6, inner)) + (-1,) * (inner + 1),
        value=tuple(generator.normal(0, 1, size).tolist()),
        missing_left=tuple(bool(b) for b in generator.integers(0, 2, size)),
        left=tuple(2 * i + 1 for i in range(inner)) + (0,) * (inner + 1),
        right=tuple(2 * i + 2 for i in range(inner)) + (0,) * (inner + 1),
    )


def tree_card(seed: int, curve: Sigmoid | Isotonic | None = None, depth: int = 3) -> TreeCard:
    generator = np.random.default_rng(seed)
    trees = tuple(random_tree(generator, depth) for _ in range(12))
    return TreeCard(kind="xgboost", base=-0.3, trees=trees, curve=curve or Sigmoid(), **HEAD)


def linear_card(**changes: Any) -> Any:
    weights = (0.5, -1.0, 0.0, 2.0, 0.3, -0.7)
    shift = 0.4
    return make_scorecard(
        **HEAD,
        weights=weights,
        imputation_values=(0.0,) * 6,
        intercept=shift - sum(w * m for w, m in zip(weights, MEAN, strict=True)),
        log_odds_at_mean=shift,
        **changes,
    )


def entries(seed: int, missing: bool = True) -> list[dict[str, float]]:
    generator = np.random.default_rng(seed)
    rows = generator.normal(0, 1.5, size=(20, 6))
    if missing:
        rows[generator.random(rows.shape) < 0.15] = math.nan
    return [dict(zip(NAMES, row.tolist(), strict=True)) for row in rows]


def explained(scorer: Scorer, entry: dict[str, float]) -> tuple[float, dict[str, float], float]:
    risk = scorer.risk_of([entry[name] for name in NAMES])
    assert risk is not None
    found = scorer.explain(entry, risk)
    assert found.base is not None
    assert found.total is not None
    return found.base, {c.feature: c.adds for c in found.contributions}, found.total


def shapley_by_definition(card: TreeCard, entry: dict[str, float]) -> dict[str, float]:
    """From every coalition's log-odds; scored by the file format's own words."""

    def log_odds(coalition: tuple[int, ...]) -> float:
        values = [entry[NAMES[i]] if i in coalition else MEAN[i] for i in range(6)]
        total = card.base
        for tree in card.trees:
            node = 0
            while tree.feature[node] != -1:
                value = values[tree.feature[node]]
                left = tree.missing_left[node] if math.isnan(value) else value <= tree.value[node]
                node = tree.left[node] if left else tree.right[node]
            total += tree.value[node]
        return total

    found = {}
    for i, name in enumerate(NAMES):
        others = [j for j in range(6) if j != i]
        found[name] = sum(
            math.factorial(size)
            * math.factorial(5 - size)
            / math.factorial(6)
            * (log_odds((*chosen, i)) - log_odds(chosen))
            for size in range(6)
            for chosen in combinations(others, size)
        )
    return found


@pytest.mark.parametrize("depth", [3, 4], ids=["small", "large"])
@pytest.mark.parametrize("seed", range(3))
def test_trees_are_taken_apart_as_shapley_defines_it(seed: int, depth: int) -> None:
    """Each entry twice: what a small tree gives is kept from the first time on."""
    card = tree_card(seed, depth=depth)
    scorer = TreeScorer(card)
    for entry in entries(seed):
        _, parts, _ = explained(scorer, entry)
        assert parts == pytest.approx(shapley_by_definition(card, entry), abs=1e-9)
        assert explained(scorer, entry)[1] == parts


def test_a_linear_model_is_taken_apart_exactly() -> None:
    base, parts, log_odds = explained(
        LinearScorer(linear_card()), {"a": 1.1, "b": -0.2, "c": 9, "d": 0.5, "e": math.nan, "f": 0}
    )
    assert base == 0.4
    assert parts == pytest.approx({"a": 0.5, "b": 0, "c": 0, "d": 1.0, "e": 0.03, "f": 0.14})
    assert log_odds == pytest.approx(0.4 + 0.5 + 1.0 + 0.03 + 0.14)


ISOTONIC = Isotonic((-2.0, 0.0, 2.0), (0.1, 0.4, 0.9))


@pytest.mark.parametrize(
    "scorer",
    [
        LinearScorer(linear_card()),
        TreeScorer(tree_card(1)),
        TreeScorer(tree_card(1, Sigmoid(0.5, 0.2))),
        TreeScorer(tree_card(1, Sigmoid(0.0, 0.2))),
        EnsembleScorer(
            EnsembleCard(linear=linear_card(), trees=tree_card(2, Sigmoid(0.7, -0.1)), **HEAD)
        ),
        EnsembleScorer(EnsembleCard(linear=linear_card(), trees=tree_card(2, ISOTONIC), **HEAD)),
    ],
)
def test_parts_add_up_to_the_score(scorer: Scorer) -> None:
    for entry in entries(7):
        base, parts, log_odds = explained(scorer, entry)
        assert base + sum(parts.values()) == pytest.approx(log_odds, abs=1e-9)
        risk = scorer.risk_of([entry[name] for name in NAMES])
        assert logistic(log_odds) == pytest.approx(risk, abs=1e-9)


def test_under_an_isotonic_curve_parts_add_up_to_what_the_curve_is_given() -> None:
    scorer = TreeScorer(tree_card(1, ISOTONIC))
    for entry in entries(7):
        _, _, log_odds = explained(scorer, entry)
        assert ISOTONIC.risk(log_odds) == pytest.approx(
            scorer.risk_of([entry[name] for name in NAMES]), abs=1e-9
        )


def test_the_average_entry_owes_nothing_to_any_feature() -> None:
    average = dict(zip(NAMES, MEAN, strict=True))
    members = {"linear": linear_card(), "trees": tree_card(2)}
    for scorer in (TreeScorer(tree_card(3)), EnsembleScorer(EnsembleCard(**members, **HEAD))):
        _, parts, _ = explained(scorer, average)
        assert set(parts.values()) == {0.0}


def test_a_feature_without_a_part_in_any_tree_contributes_nothing() -> None:
    tree = Tree((0, -1, -1), (0.5, -1.0, 1.0), (True,) * 3, (1, 0, 0), (2, 0, 0))
    card = TreeCard(kind="xgboost", base=0.0, trees=(tree,), **HEAD)
    entry = dict.fromkeys(NAMES, 2.0)
    base, parts, _ = explained(TreeScorer(card), entry)
    assert base == -1.0
    assert parts == {"a": 2.0} | dict.fromkeys("bcdef", 0.0)


def test_the_largest_contribution_comes_first_and_the_missing_has_no_value() -> None:
    scorer = LinearScorer(linear_card())
    found = scorer.explain({"a": 3.0, "d": -2.0}, 0.5)
    assert [c.feature for c in found.contributions[:2]] == ["d", "a"]
    assert {c.feature for c in found.contributions if c.value is None} == {"b", "c", "e", "f"}
    assert asdict(found)["risk_score"] == 0.5


def test_parts_say_their_unit() -> None:
    in_r = linear_card(kind="ridge", curve=ISOTONIC)
    assert scorer_of(in_r).explain({}, 0.5).unit == "R"
    assert scorer_of(replace(tree_card(1), target="r")).explain({}, 0.5).unit == "R"
    assert scorer_of(tree_card(1)).explain({}, 0.5).unit == "log-odds"
    volatility = linear_card(kind="volatility", curve=ISOTONIC)
    assert scorer_of(volatility).explain({}, 0.5).unit == "atr_pct"
