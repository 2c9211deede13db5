"""From training rows to a model, its calibration and its threshold.

Whatever is chosen by looking at results (the regularisation, the curves, the threshold) is
chosen on trades that the scoring fit had not seen: purged walk-forward inside the training
part. The model itself is then fitted on all training rows. The held-out trades do not come
in here at all.
"""

from typing import Any, Final, NamedTuple

import numpy as np
from sklearn.pipeline import Pipeline

from afterclose.arrays import Floats, Indices
from afterclose.learning.calibration import Calibrated, SoftVote, apply_curve, fit_curve
from afterclose.learning.curves import Curve, Sigmoid
from afterclose.learning.models import (
    Weigh,
    choose_regularisation,
    fit_model,
    has_both_classes,
    margins,
    members_of,
    round_significant,
    unseen_margins,
)
from afterclose.learning.ranking import fit_ranked
from afterclose.learning.sample_weights import sample_weights
from afterclose.learning.splits import EmbargoCutoff, Split, purged_walk_forward
from afterclose.learning.threshold import choose_threshold, share_threshold
from afterclose.learning.training_options import TrainingOptions
from afterclose.learning.training_set import TrainingSet

TUNING_WINDOWS: Final = 4
"""Test windows over the newer half of the training part, to choose everything by."""


class Fitted(NamedTuple):
    """A model and what was chosen for it.

    ``model`` has scikit-learn's ``predict_proba``; ``linear`` is the linear pipeline in it, if
    any, with its ``regularisation_c`` or ``ridge_alpha``. ``calibration`` names the curve that
    each kind in it got. ``threshold_mode`` is "fixed" instead of "tuned" where there was nothing
    to tune on, and ``n_unseen`` counts the trades that curves and threshold were found on, None
    when nothing asked for them.
    """

    model: Any
    linear: Pipeline | None
    regularisation_c: float | None
    ridge_alpha: float | None
    calibration: dict[str, str]
    threshold: float
    threshold_mode: str
    n_unseen: int | None


class _Member(NamedTuple):
    """One pipeline of a model: calibrated, alone, and its risks for the unseen trades."""

    model: Any
    pipeline: Pipeline
    regularisation_c: float | None
    ridge_alpha: float | None
    calibration: str
    unseen_risks: Floats


def fit(
    training_set: TrainingSet,
    options: TrainingOptions,
    cutoff: EmbargoCutoff,
    regularisation_c: float | None = None,
) -> Fitted:
    """Fit the model that ``options`` describe; both classes occur in ``training_set``.

    ``regularisation_c`` of a linear model is chosen where it is None.

    Where the training part is too small to score trades that were not trained on, the
    probabilities stay as they are; a threshold by share then blocks nothing, and one that was
    to be tuned is the fixed one.
    """
    kinds = members_of(options.model)
    splits = _tuning_splits(training_set, options, cutoff)
    members = {
        kind: _fit_member(kind, training_set, splits, options, regularisation_c) for kind in kinds
    }
    models = tuple(member.model for member in members.values())
    linear = members.get("logistic")
    unseen_risks = np.mean([member.unseen_risks for member in members.values()], axis=0)
    threshold, threshold_mode = _threshold(unseen_risks, training_set.pnl[_tested(splits)], options)
    return Fitted(
        model=models[0] if len(models) == 1 else SoftVote(models),
        linear=linear.pipeline if linear else None,
        regularisation_c=linear.regularisation_c if linear else None,
        ridge_alpha=linear.ridge_alpha if linear else None,
        calibration={kind: member.calibration for kind, member in members.items()},
        threshold=threshold,
        threshold_mode=threshold_mode,
        n_unseen=len(unseen_risks) if _asks_for_unseen(options) else None,
    )


def _threshold(unseen_risks: Floats, pnl: Floats, options: TrainingOptions) -> tuple[float, str]:
    """The risk to block above and the mode that found it."""
    if options.threshold_mode == "share":
        return share_threshold(unseen_risks, options.block_share), "share"
    tuned = choose_threshold(unseen_risks, pnl) if options.threshold_mode == "tuned" else None
    return (options.risk_threshold, "fixed") if tuned is None else (tuned, "tuned")


def _tuning_splits(
    training_set: TrainingSet, options: TrainingOptions, cutoff: EmbargoCutoff
) -> list[Split]:
    """Windows of the newer half, each with a past to learn both classes from."""
    if "logistic" not in members_of(options.model) and not _asks_for_unseen(options):
        return []
    splits = purged_walk_forward(
        training_set.decision_us,
        training_set.exit_us,
        n_windows=TUNING_WINDOWS,
        min_train=len(training_set.bad) // 2,
        embargo_cutoff=cutoff,
    )
    return [split for split in splits if has_both_classes(training_set.bad[split.train])]


def _fit_member(
    kind: str,
    training_set: TrainingSet,
    splits: list[Split],
    options: TrainingOptions,
    regularisation_c: float | None,
) -> _Member:
    if options.by_rank:
        ranked = fit_ranked(kind, training_set, splits, options, unseen=_asks_for_unseen(options))
        model, pipeline, alpha, unseen_risks = ranked
        return _Member(model, pipeline, None, alpha, "none", unseen_risks)
    chosen_c = _regularisation(kind, training_set, splits, options, regularisation_c)
    unseen, curve = np.zeros(0), None
    if _asks_for_unseen(options):
        unseen = _unseen(kind, training_set, splits, options, chosen_c)
        curve = fit_curve(_calibration_mode(options), unseen, training_set.bad[_tested(splits)])
    pipeline = _fit_alone(kind, training_set, options, chosen_c)
    return _Member(
        model=_calibrated(kind, pipeline, curve),
        pipeline=pipeline,
        regularisation_c=chosen_c,
        ridge_alpha=None,
        calibration="none" if curve is None else curve.name,
        unseen_risks=apply_curve(curve or Sigmoid(), unseen),
    )


def _regularisation(
    kind: str,
    training_set: TrainingSet,
    splits: list[Split],
    options: TrainingOptions,
    given: float | None,
) -> float | None:
    """The C of a logistic regression, ``given`` or chosen; None for every other kind."""
    if kind != "logistic":
        return None
    if given is not None:
        return given
    weigh = _weigher(training_set, options)
    return choose_regularisation(
        training_set.values, training_set.bad, splits, seed=options.seed, weigh=weigh
    )


def _unseen(
    kind: str,
    training_set: TrainingSet,
    splits: list[Split],
    options: TrainingOptions,
    regularisation_c: float | None,
) -> Floats:
    """Margins of the splits' test trades, each by a fit on what came before them."""
    if regularisation_c is not None:
        return unseen_margins(
            training_set.values,
            training_set.bad,
            splits,
            seed=options.seed,
            regularisation_c=regularisation_c,
            weigh=_weigher(training_set, options),
        )
    scores = [
        margins(
            _fit_alone(kind, training_set.take(split.train), options, None),
            training_set.values[split.test],
        )
        for split in splits
    ]
    return np.concatenate([np.zeros(0), *scores])


def _fit_alone(
    kind: str, past: TrainingSet, options: TrainingOptions, regularisation_c: float | None
) -> Pipeline:
    """One pipeline on all rows of ``past``, not calibrated."""
    return fit_model(
        past.values,
        past.bad,
        kind=kind,
        seed=options.seed,
        regularisation_c=regularisation_c,
        weights=_weights(past, options.sample_weights),
    )


def _calibrated(kind: str, pipeline: Pipeline, curve: Curve | None) -> Any:
    """The pipeline with its curve; a sigmoid of a logistic regression is another one."""
    if curve is None:
        return pipeline
    if kind != "logistic" or not isinstance(curve, Sigmoid):
        return Calibrated(pipeline, curve)
    classifier = pipeline["classifier"]
    classifier.coef_ = round_significant(curve.slope * classifier.coef_)
    classifier.intercept_ = round_significant(curve.slope * classifier.intercept_ + curve.offset)
    return pipeline


def _asks_for_unseen(options: TrainingOptions) -> bool:
    return options.threshold_mode != "fixed" or _calibration_mode(options) != "none"


def _calibration_mode(options: TrainingOptions) -> str:
    """An ensemble averages probabilities, so its members always get a curve; ranks are one."""
    if options.by_rank:
        return "none"
    if options.model == "ensemble" and options.calibration == "none":
        return "sigmoid"
    return options.calibration


def _tested(splits: list[Split]) -> Indices:
    return np.concatenate([np.zeros(0, dtype=np.intp), *(split.test for split in splits)])


def _weigher(training_set: TrainingSet, options: TrainingOptions) -> Weigh | None:
    """The weights of any of its rows; None where all weigh the same."""
    mode = options.sample_weights
    return None if mode == "none" else lambda rows: _weights(training_set.take(rows), mode)


def _weights(training_set: TrainingSet, mode: str) -> Floats | None:
    return sample_weights(mode, training_set.decision_us, training_set.exit_us, training_set.pnl)
