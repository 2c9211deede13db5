"""A tree scorecard is either what training wrote, or refused: every walk in it ends."""

import json
from typing import Any

import pytest

from afterclose.errors import IntegrityError
from afterclose.learning.card import MAX_BYTES
from afterclose.learning.curves import Isotonic
from afterclose.learning.tree_card import EnsembleCard, Tree, TreeCard, read_card
from trading_builders import make_scorecard

HEAD: dict[str, Any] = {
    "feature_names": ("atr_pct", "rsi"),
    "threshold": 0.5,
    "train_min": (-3.0, -3.0),
    "train_max": (3.0, 3.0),
    "train_mean": (0.0, 0.0),
    "train_std": (1.0, 1.0),
}
TREE = Tree(
    feature=(0, -1, 1, -1, -1),
    value=(0.5, -1.0, 20.0, 0.25, 2.0),
    missing_left=(True, False, False, False, False),
    left=(1, 0, 3, 0, 0),
    right=(2, 0, 4, 0, 0),
)
TREES = TreeCard(kind="hist_gradient_boosting", base=-0.5, trees=(TREE, TREE), **HEAD)
VOTE = EnsembleCard(linear=make_scorecard(), trees=TREES, **HEAD)


def with_node(column: str, node: int, value: Any) -> bytes:
    card = json.loads(TREES.to_bytes())
    card["trees"][1][column][node] = value
    return json.dumps(card).encode()


@pytest.mark.parametrize("card", [TREES, VOTE, make_scorecard()])
def test_every_kind_of_scorecard_is_read_back_equal(card: Any) -> None:
    data = card.to_bytes()
    assert read_card(data) == card
    assert read_card(data).to_bytes() == data


def test_a_linear_scorecard_keeps_its_isotonic_curve() -> None:
    card = make_scorecard(curve=Isotonic(log_odds=(-1.0, 1.0), risks=(0.2, 0.7)))
    assert read_card(card.to_bytes()) == card
    assert b"curve" not in make_scorecard().to_bytes()


@pytest.mark.parametrize(
    ("column", "node", "value"),
    [
        ("feature", 0, 2),
        ("feature", 0, -2),
        ("left", 0, 0),
        ("left", 2, 1),
        ("left", 2, 2),
        ("right", 0, 5),
        ("right", 2, -1),
        ("value", 0, None),
        ("value", 1, "1.0"),
        ("missing_left", 0, 1),
        ("left", 0, 1.5),
    ],
)
def test_a_node_that_cannot_be_is_refused(column: str, node: int, value: Any) -> None:
    with pytest.raises(IntegrityError, match="scorecard"):
        read_card(with_node(column, node, value))


@pytest.mark.parametrize("column", ["feature", "value", "missing_left", "left", "right"])
def test_columns_of_different_lengths_are_refused(column: str) -> None:
    card = json.loads(TREES.to_bytes())
    card["trees"][1][column].pop()
    with pytest.raises(IntegrityError, match=r"trees\[1\] is not a tree"):
        read_card(json.dumps(card).encode())


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("kind", "oracle"),
        ("kind", "logistic"),
        ("base", None),
        ("curve", {"curve": "sigmoid", "slope": -1.0, "offset": 0.0}),
        ("curve", {"curve": "isotonic", "log_odds": [0.0, 0.0], "risks": [0.1, 0.2]}),
        ("curve", {"curve": "spline"}),
        ("threshold", 1.5),
        ("train_std", [0.0, 1.0]),
        ("trees", [{}]),
    ],
)
def test_a_field_that_cannot_be_is_refused(field: str, value: Any) -> None:
    card = json.loads(TREES.to_bytes()) | {field: value}
    with pytest.raises(IntegrityError, match="scorecard"):
        read_card(json.dumps(card).encode())


def test_an_ensembles_members_are_checked_and_named() -> None:
    card = json.loads(VOTE.to_bytes())
    card["linear"]["weights"] = [1.0]
    with pytest.raises(IntegrityError, match=r"linear\.weights has 1 values, not 2"):
        read_card(json.dumps(card).encode())
    other = json.loads(VOTE.to_bytes())
    other["trees"]["feature_names"] = ["atr_pct", "trend"]
    with pytest.raises(IntegrityError, match="trees has other features"):
        read_card(json.dumps(other).encode())


def test_a_file_beyond_the_size_limit_is_not_even_parsed() -> None:
    with pytest.raises(IntegrityError, match="allowed 4,194,304"):
        read_card(b" " * (MAX_BYTES + 1))


def test_every_flipped_bit_is_refused_or_read_as_another_valid_scorecard() -> None:
    data = VOTE.to_bytes()
    for position in range(0, len(data) * 8, 11):
        flipped = bytearray(data)
        flipped[position // 8] ^= 1 << position % 8
        try:
            read_card(bytes(flipped)).validate()
        except IntegrityError:
            continue
