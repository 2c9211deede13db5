"""Calibration: a risk score of 0.3 is to mean that 30 of 100 such trades turn out bad.

Curves are fitted on scores of trades that the scoring fit had not seen
(`afterclose.learning.fitting`): on its own training rows a model of trees looks far too sure.
`CalibratedClassifierCV` would shuffle the trades of other times together and keep a model per fold;
here there is one model and one curve.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from scipy.special import expit
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline

from afterclose.arrays import Floats, Mask
from afterclose.learning.curves import Curve, Isotonic, Sigmoid
from afterclose.learning.models import (
    fit_quietly,
    has_both_classes,
    log_loss,
    margins,
    predict_risks,
    round_significant,
)

MIN_SIGMOID_ROWS: Final = 50
"""Unseen scores below which even two numbers would be drawn from noise."""

MIN_ISOTONIC_ROWS: Final = 1000
"""Below, isotonic regression overfits (Niculescu-Mizil & Caruana, ICML 2005, section 5)."""

MIN_GAP_LOG_ODDS: Final = 0.01
"""Between points of an isotonic curve: a steeper line would magnify a score's last digits."""

MIN_GAP_OF_RANGE: Final = 1e-5
"""Between points of a curve of ranks, as a share of all that it spans: for the same reason."""


@dataclass(frozen=True)
class Calibrated:
    """A fitted pipeline and the curve that turns its log-odds, or losses, into risk scores."""

    pipeline: Pipeline
    curve: Curve

    def predict_proba(self, features: Floats) -> Floats:
        """One less the risk score, and the risk score, float64[n, 2], as scikit-learn has it."""
        return _two_columns(apply_curve(self.curve, margins(self.pipeline, features)))


@dataclass(frozen=True)
class SoftVote:
    """The mean of its members' probabilities; only calibrated ones can be averaged."""

    members: tuple[Any, ...]

    def predict_proba(self, features: Floats) -> Floats:
        """Probabilities of good and bad, float64[n, 2]."""
        risks = [predict_risks(member, features) for member in self.members]
        return _two_columns(np.mean(risks, axis=0))


def fit_curve(mode: str, unseen: Floats, bad: Mask) -> Curve | None:
    """The curve for log-odds float64[n] of unseen trades, in the order of their decisions.

    ``mode`` is none, sigmoid, isotonic or auto. ``isotonic`` with fewer than
    `MIN_ISOTONIC_ROWS` trades is a sigmoid. ``auto`` is what has the least log loss on the
    newer half when it is fitted on the older; of equals the simplest. None is no curve: for
    none, and where there is too little to go by.
    """
    if len(bad) < MIN_SIGMOID_ROWS or not has_both_classes(bad):
        return None
    fits = dict(_FITS)
    if len(bad) < MIN_ISOTONIC_ROWS:
        fits["isotonic"] = fit_sigmoid
    if mode != "auto":
        return fits[mode](unseen, bad)
    half = len(bad) // 2
    if not has_both_classes(bad[:half]):
        return None

    def loss(name: str) -> float:
        curve = fits[name](unseen[:half], bad[:half])
        return log_loss(bad[half:], apply_curve(curve or Sigmoid(), unseen[half:]))

    return fits[min(fits, key=loss)](unseen, bad)


def fit_sigmoid(unseen: Floats, bad: Mask) -> Sigmoid:
    """Platt's scaling, with his targets just off 0 and 1 (1999, section 2.2).

    A score that sorted the wrong way round is worth nothing, not its opposite: the slope is
    never below 0, and at 0 the curve is the share of bad trades.
    """
    n_bad = int(bad.sum())
    target = np.where(bad, (n_bad + 1) / (n_bad + 2), 1 / (len(bad) - n_bad + 2))
    column = np.concatenate([unseen, unseen])[:, None]
    outcome = np.repeat([True, False], len(bad))
    weights = np.concatenate([target, 1 - target])
    regression = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-12, max_iter=1000)
    fit_quietly(regression, column, outcome, sample_weight=weights)
    slope, offset = round_significant(np.append(regression.coef_, regression.intercept_)).tolist()
    if slope > 0:
        return Sigmoid(slope, offset)
    share = target.mean()
    return Sigmoid(0.0, float(round_significant(np.log([share / (1 - share)]))[0]))


def fit_isotonic(unseen: Floats, bad: Mask) -> Isotonic:
    """Isotonic regression; lines join the middles of its steps.

    So trades on one step still differ, which a threshold between them needs.
    """
    level = IsotonicRegression(y_min=0, y_max=1).fit_transform(unseen, bad)
    steps, step, size = np.unique(level, return_inverse=True, return_counts=True)
    middles = round_significant(np.bincount(step, unseen) / size)
    return spaced_curve(middles, steps, MIN_GAP_LOG_ODDS)


def spaced_curve(margins: Floats, risks: Floats, gap: float) -> Isotonic:
    """The curve through points that ascend, without those nearer than ``gap`` to one before."""
    points = [(margins[0], risks[0])]
    for point in zip(margins[1:], risks[1:], strict=True):
        if point[0] - points[-1][0] >= gap:
            points.append(point)
    xs, ys = (tuple(map(float, column)) for column in zip(*points, strict=True))
    return Isotonic(log_odds=xs, risks=ys)


def apply_curve(curve: Curve, scores: Floats) -> Floats:
    """The risks at log-odds float64[n], equal to `curve.risk` within 1e-12."""
    if isinstance(curve, Sigmoid):
        risks: Floats = expit(curve.slope * scores + curve.offset)
        return risks
    return np.interp(scores, curve.log_odds, curve.risks)


def _no_curve(_unseen: Floats, _bad: Mask) -> None:
    return None


_FITS: Final[dict[str, Callable[[Floats, Mask], Curve | None]]] = {
    "none": _no_curve,
    "sigmoid": fit_sigmoid,
    "isotonic": fit_isotonic,
}


def _two_columns(risks: Floats) -> Floats:
    return np.column_stack([1 - risks, risks])
