"""The scorecards of boosted trees, and of trees that vote with a linear model.

The trees are plain arrays that `afterclose.learning.tree_scorer` walks: the trading process needs
neither scikit-learn nor XGBoost, and nothing is unpickled there.
"""

import math
from collections.abc import Iterator
from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType

from afterclose.learning.card import Card, decode
from afterclose.learning.curves import Curve, Sigmoid
from afterclose.learning.scorecard import Scorecard
from afterclose.scope_files import SCORECARD_FILE

LEAF = -1
"""Stands for a feature where a node has none."""


class Tree(msgspec.Struct, frozen=True):
    """One tree: sequences parallel to its nodes, of which the first is the root.

    A node with ``feature[i]`` sends an entry to node ``left[i]`` when its value is at most
    ``value[i]``, or when it is missing and ``missing_left[i]`` is true; else to
    ``right[i]``. Children stand behind their parents, so every walk ends. In a `LEAF`,
    ``value[i]`` is what the tree adds to the log-odds, and the rest is 0.
    """

    feature: tuple[int, ...]
    value: tuple[float, ...]
    missing_left: tuple[bool, ...]
    left: tuple[int, ...]
    right: tuple[int, ...]

    def holds(self, features: int) -> bool:
        """Whether these arrays are a tree over that many features."""
        size = len(self.feature)
        columns = (self.value, self.missing_left, self.left, self.right)
        return (
            size > 0
            and all(len(column) == size for column in columns)
            and all(map(math.isfinite, self.value))
            and all(
                feature == LEAF
                or (0 <= feature < features and node < left < size and node < right < size)
                for node, (feature, left, right) in enumerate(
                    zip(self.feature, self.left, self.right, strict=True)
                )
            )
        )


class TreeCard(Card, frozen=True, kw_only=True):
    """Boosted trees: the log-odds of a bad trade are ``base`` and what each tree adds.

    ``curve`` makes the risk score of them. With ``target`` r they are no log-odds but the
    expected loss in units of risk, and the curve gives the rank among training decisions.
    """

    kind: Literal["hist_gradient_boosting", "xgboost"]
    base: float
    trees: tuple[Tree, ...]
    curve: Curve = Sigmoid()
    target: Literal["r"] | UnsetType = UNSET

    def _checks(self) -> Iterator[tuple[str, bool, str]]:
        yield from super()._checks()
        yield "base", math.isfinite(self.base), "is not finite"
        for number, tree in enumerate(self.trees):
            yield f"trees[{number}]", tree.holds(len(self.feature_names)), "is not a tree"
        yield "curve", self.curve.holds(), "is not one of probabilities"


class EnsembleCard(Card, frozen=True, kw_only=True):
    """A soft vote: the risk score is the mean of a linear model's and that of trees."""

    kind: Literal["ensemble"] = "ensemble"
    linear: Scorecard
    trees: TreeCard

    def _checks(self) -> Iterator[tuple[str, bool, str]]:
        yield from super()._checks()
        for field, member in (("linear", self.linear), ("trees", self.trees)):
            yield field, member.feature_names == self.feature_names, "has other features"
            for inner, holds, problem in member._checks():  # noqa: SLF001 - a card like this one
                yield f"{field}.{inner}", holds, problem


AnyCard = Scorecard | TreeCard | EnsembleCard

_TYPES: dict[str, type[AnyCard]] = {
    "logistic": Scorecard,
    "ridge": Scorecard,
    "volatility": Scorecard,
    "hist_gradient_boosting": TreeCard,
    "xgboost": TreeCard,
    "ensemble": EnsembleCard,
}


class _Kind(msgspec.Struct):
    kind: Literal[
        "logistic", "ridge", "volatility", "hist_gradient_boosting", "xgboost", "ensemble"
    ] = "logistic"


def read_card(data: bytes, path: object = SCORECARD_FILE) -> AnyCard:
    """The validated scorecard in ``data``, of whichever kind. Raises IntegrityError."""
    return _TYPES[decode(data, _Kind, path).kind].from_bytes(data, path)
