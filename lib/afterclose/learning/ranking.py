"""Risk scores by rank: the share of training decisions that a model thought better of.

A predicted loss in units of risk is no probability, and neither is an ATR. What can be said of
every model is where a decision stands among those it was trained on: 0 is the best of them, 1 the
worst. So thresholds, sizes and charts mean the same for all.
"""

from typing import Final, NamedTuple

import numpy as np
from sklearn.pipeline import Pipeline

from afterclose.arrays import Floats
from afterclose.learning.calibration import MIN_GAP_OF_RANGE, Calibrated, spaced_curve
from afterclose.learning.curves import Isotonic
from afterclose.learning.models import margins, predict_risks, round_significant
from afterclose.learning.regressors import choose_alpha, fit_regressor
from afterclose.learning.sample_weights import sample_weights
from afterclose.learning.splits import Split
from afterclose.learning.training_options import TrainingOptions
from afterclose.learning.training_set import TrainingSet

RANKS: Final = 200
"""Points of a curve of ranks; between them lines are drawn. A file of every training decision
would be long, and a step for each would turn a last digit into a rank."""


class RankedFit(NamedTuple):
    """A regression with its curve of ranks, and its ranks of the trades it had not seen.

    ``alpha`` is what was chosen for the ridge regression, None for other kinds.
    """

    model: Calibrated
    pipeline: Pipeline
    alpha: float | None
    unseen_risks: Floats


def fit_ranked(
    kind: str,
    training_set: TrainingSet,
    splits: list[Split],
    options: TrainingOptions,
    *,
    unseen: bool,
) -> RankedFit:
    """Fit one kind on the losses of ``training_set``; the splits lie inside it.

    ``unseen`` is whether the ranks of trades not trained on are wanted: each by a model, and a
    curve, of its split's own past.
    """
    mode, losses = options.sample_weights, None if kind == "volatility" else training_set.loss_r

    def weights(past: TrainingSet) -> Floats | None:
        return sample_weights(mode, past.decision_us, past.exit_us, past.pnl)

    alpha = None
    if kind == "logistic" and losses is not None:
        weigh = None if mode == "none" else (lambda rows: weights(training_set.take(rows)))
        alpha = choose_alpha(training_set.values, losses, splits, weigh)

    def fitted(past: TrainingSet) -> Calibrated:
        pipeline = fit_regressor(
            past.values,
            None if losses is None else past.loss_r,
            kind=kind,
            seed=options.seed,
            alpha=alpha,
            weights=weights(past),
        )
        return Calibrated(pipeline, rank_curve(margins(pipeline, past.values)))

    ranks = [
        predict_risks(fitted(training_set.take(split.train)), training_set.values[split.test])
        for split in (splits if unseen else ())
    ]
    model = fitted(training_set)
    return RankedFit(model, model.pipeline, alpha, np.concatenate([np.zeros(0), *ranks]))


def rank_curve(known: Floats) -> Isotonic:
    """The share of ``known`` float64[n] below a value, ties counted half; n is above 0."""
    values, counts = np.unique(round_significant(known), return_counts=True)
    below = np.cumsum(counts) - counts / 2
    shares = below / len(known)
    chosen = np.unique(np.searchsorted(shares, np.linspace(shares[0], shares[-1], RANKS)))
    gap = MIN_GAP_OF_RANGE * float(values[-1] - values[0])
    return spaced_curve(values[chosen], shares[chosen], gap)
