"""From a fitted model to its scorecard: folded weights, or trees as plain arrays.

The arrays come out of scikit-learn's and XGBoost's own fitted objects, which promise no
format; the tests hold every kind's scorecard to the library's own answers.
"""

import math
import sys
from collections.abc import Sequence
from typing import Any, Final

import msgspec
import numpy as np
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.pipeline import Pipeline

from afterclose.learning.calibration import Calibrated, SoftVote
from afterclose.learning.features import FeatureStats
from afterclose.learning.models import LARGEST_SINGLE
from afterclose.learning.scorecard import Scorecard
from afterclose.learning.tree_card import LEAF, AnyCard, EnsembleCard, Tree, TreeCard

LARGEST: Final = sys.float_info.max
"""Stands for a limit that only a missing value is beyond: JSON has no infinity."""

LINEAR_KINDS: Final[dict[type, Any]] = {
    LogisticRegression: "logistic",
    Ridge: "ridge",
    LinearRegression: "volatility",
}


def make_card(
    model: Any, stats: Sequence[FeatureStats], threshold: float, threshold_mode: str = "fixed"
) -> AnyCard:
    """The scorecard of a fitted pipeline, `Calibrated` or `SoftVote`.

    ``stats`` are those of the training rows, in the model's column order.
    """
    card: Any
    if isinstance(model, SoftVote):
        linear, trees = (make_card(member, stats, threshold) for member in model.members)
        members: dict[str, Any] = {"linear": linear, "trees": trees}
        card = EnsembleCard(**members, **_head(stats, threshold))
    elif isinstance(model, Calibrated):
        card = _plain_card(model.pipeline, stats, threshold)
        card = msgspec.structs.replace(card, curve=model.curve)
    else:
        card = _plain_card(model, stats, threshold)
    made: AnyCard = msgspec.structs.replace(card, threshold_mode=threshold_mode)
    return made


def fold(pipeline: Pipeline, stats: Sequence[FeatureStats], threshold: float) -> Scorecard:
    """The scorecard of a fitted linear pipeline: scaling folded into the weights.

    ``stats`` are those of the training rows, in the pipeline's column order.
    """
    imputer, scaler, linear = pipeline
    weights = (np.ravel(linear.coef_) / scaler.scale_).tolist()
    origin, bias = scaler.mean_.tolist(), float(np.ravel(linear.intercept_)[0])
    means = [feature.mean for feature in stats]

    def log_odds_at(point: Sequence[float]) -> float:
        terms = [w * (x - o) for w, x, o in zip(weights, point, origin, strict=True)]
        return math.fsum([bias, *terms])

    return Scorecard(
        kind=LINEAR_KINDS[type(linear)],
        imputation_values=tuple(imputer.statistics_.tolist()),
        weights=tuple(weights),
        intercept=log_odds_at([0.0] * len(weights)),
        log_odds_at_mean=log_odds_at(means),
        **_head(stats, threshold),
    )


def _head(stats: Sequence[FeatureStats], threshold: float) -> dict[str, Any]:
    """The fields that scorecards of all kinds have."""
    return {
        "feature_names": tuple(feature.name for feature in stats),
        "threshold": threshold,
        "train_min": tuple(feature.min for feature in stats),
        "train_max": tuple(feature.max for feature in stats),
        "train_mean": tuple(feature.mean for feature in stats),
        "train_std": tuple(feature.std for feature in stats),
        "needed": tuple(feature.name for feature in stats if feature.needed),
    }


def _plain_card(
    pipeline: Pipeline, stats: Sequence[FeatureStats], threshold: float
) -> Scorecard | TreeCard:
    learner = pipeline[-1]
    if type(learner) in LINEAR_KINDS:
        return fold(pipeline, stats, threshold)
    kind: Any = "xgboost" if hasattr(learner, "get_booster") else "hist_gradient_boosting"
    base, trees = (_xgboost_trees if kind == "xgboost" else _histogram_trees)(learner)
    head = _head(stats, threshold)
    if not hasattr(learner, "predict_proba"):
        head["target"] = "r"
    return TreeCard(kind=kind, base=base, trees=trees, **head)


def _histogram_trees(learner: Any) -> tuple[float, tuple[Tree, ...]]:
    """The first sum and the trees of a fitted histogram gradient boosting of scikit-learn."""
    trees = []
    for (predictor,) in learner._predictors:  # noqa: SLF001 - there is no public way to them
        nodes = predictor.nodes
        leaf = nodes["is_leaf"].astype(bool)
        limit = np.minimum(nodes["num_threshold"], LARGEST)
        trees.append(
            Tree(
                feature=tuple(np.where(leaf, LEAF, nodes["feature_idx"]).tolist()),
                value=tuple(np.where(leaf, nodes["value"], limit).tolist()),
                missing_left=tuple(nodes["missing_go_to_left"].astype(bool).tolist()),
                left=tuple(nodes["left"].tolist()),
                right=tuple(nodes["right"].tolist()),
            )
        )
    return float(np.ravel(learner._baseline_prediction)[0]), tuple(trees)  # noqa: SLF001 - as above


def _xgboost_trees(booster: Any) -> tuple[float, tuple[Tree, ...]]:
    """The first sum and the trees of a fitted `XGBClassifier` or `XGBRegressor`.

    XGBoost goes left below a limit, in single precision; `_last_below` says the same of
    doubles. It also adds up in single precision, which is not imitated: its risks and the
    scorecard's differ by up to 1e-6.
    """
    learner = msgspec.json.decode(booster.get_booster().save_raw("json"))["learner"]
    base = float(learner["learner_model_param"]["base_score"].strip("[]"))
    trees = []
    for tree in learner["gradient_booster"]["model"]["trees"]:
        left = np.array(tree["left_children"])
        leaf = left == LEAF
        value = np.array(tree["split_conditions"], dtype=np.float32)
        limit = [_last_below(single) for single in value]
        trees.append(
            Tree(
                feature=tuple(np.where(leaf, LEAF, tree["split_indices"]).tolist()),
                value=tuple(np.where(leaf, value.astype(float), limit).tolist()),
                missing_left=tuple(np.array(tree["default_left"], dtype=bool).tolist()),
                left=tuple(np.where(leaf, 0, left).tolist()),
                right=tuple(np.where(leaf, 0, tree["right_children"]).tolist()),
            )
        )
    if hasattr(booster, "predict_proba"):  # told as a probability
        base = math.log(base / (1 - base))
    return base, tuple(trees)


def _last_below(limit: np.float32) -> float:
    """The largest double that, rounded to single precision, is below ``limit``."""
    if abs(limit) > LARGEST_SINGLE:  # beyond all values: it only parts them from missing ones
        return math.copysign(LARGEST, limit)
    before = np.nextafter(limit, np.float32(-np.inf))
    middle = (float(before) + float(limit)) / 2
    return middle if np.float32(middle) < limit else math.nextafter(middle, -math.inf)
