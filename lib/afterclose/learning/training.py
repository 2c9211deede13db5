"""One training, as pure arithmetic: from a dataset and options to a model and its scores.

The newest trades are held out and never seen: neither by the fit, nor by the choice of
features, nor by that of the regularisation, which walks forward inside the training part.
What cannot be learned from is a reason in words, not an exception: on most evenings of a
young ledger that is the regular outcome.
"""

from typing import Any, NamedTuple

import msgspec
import numpy as np

from afterclose.arrays import Floats, Indices
from afterclose.dataset.columns import Dataset
from afterclose.dataset.decisions import one_row_a_decision
from afterclose.dataset.input_columns import unlike_strategies
from afterclose.dataset.labels import ATR_UNIT, bad_labels, units_of_risk
from afterclose.learning.calibration import SoftVote
from afterclose.learning.card_fit import make_card
from afterclose.learning.features import (
    FeatureSelection,
    FeatureStats,
    describe_features,
    feature_matrix,
    mark_needed,
    select_features,
)
from afterclose.learning.fitting import Fitted, fit
from afterclose.learning.models import Labels, coefficients, has_both_classes, predict_risks
from afterclose.learning.splits import EmbargoCutoff, Split, chronological_split
from afterclose.learning.training_options import ATR_FEATURE, TrainingOptions
from afterclose.learning.training_set import TrainingSet
from afterclose.learning.tree_card import AnyCard
from afterclose.learning.weights import weight_shares
from afterclose.measures.classification import scores

__all__ = [
    "Learned",
    "PreparedData",
    "TrainingMetrics",
    "TrainingOptions",
    "atr_values",
    "fit_prepared",
    "held_out_fraction",
    "label",
    "learn",
    "only_learnable",
    "prepare",
    "too_small",
    "training_set_of",
    "without_atr",
]


class TrainingMetrics(msgspec.Struct, frozen=True, kw_only=True):
    """How a training went; None for what was not measured or is undefined.

    Shares, accuracies and AUC are fractions. ``baseline_accuracy`` is that of calling every
    held-out trade what most training trades were, ``brier`` is over the held-out trades,
    ``coefficients`` are log-odds per standard deviation. ``threshold`` is the risk to block
    above; ``threshold_mode`` is "tuned" only where there were trades to tune it on,
    ``block_share`` the share that mode share aims at, and
    ``n_unseen`` counts the trades that curves and threshold were fitted on, with scores by
    models that had not seen them. ``calibration`` names the curve of each kind that votes.
    ``n_without_atr`` counts trades whose MAE could not be put in multiples of their ATR
    (`label`), or whose PnL could not (target r learns nothing from them). With target r the
    coefficients are R lost per standard deviation, and there is no ``brier``: a rank is no
    probability.
    """

    status: str
    reason: str = ""
    model_id: str | None = None
    model: str
    dataset_version: str
    n_rows: int
    n_train: int | None = None
    n_test: int | None = None
    n_purged: int | None = None
    bad_share: float | None = None
    train_accuracy: float | None = None
    test_accuracy: float | None = None
    baseline_accuracy: float | None = None
    train_auc: float | None = None
    test_auc: float | None = None
    brier: float | None = None
    target: str = "bad"
    features: list[str] = []
    dropped_features: dict[str, str] = {}
    coefficients: dict[str, float] = {}
    regularisation_c: float | None = None
    ridge_alpha: float | None = None
    mae_threshold: float
    mae_unit: str
    n_without_atr: int | None = None
    n_backtest: int = 0
    risk_threshold: float
    threshold: float | None = None
    threshold_mode: str = "fixed"
    block_share: float | None = None
    n_unseen: int | None = None
    calibration: dict[str, str] = {}
    sample_weights: str = "none"


class PreparedData(NamedTuple):
    """A dataset that can be learned from, labelled and split."""

    dataset: Dataset
    bad: Labels
    split: Split
    selection: FeatureSelection


class Learned(NamedTuple):
    """A fitted model, what trades by it, its features and its scores.

    ``pipeline`` gives probabilities as scikit-learn's pipelines do.
    """

    pipeline: Any
    card: AnyCard
    stats: list[FeatureStats]
    metrics: TrainingMetrics


def label(dataset: Dataset, options: TrainingOptions) -> Labels:
    """Which trades are bad, bool[n], by the options' threshold and unit.

    In unit ``atr`` only a loss is bad of a trade that has no ``atr_pct`` above 0.
    """
    return bad_labels(
        dataset.realized_pnl_pct,
        dataset.mae_pct,
        options.mae_threshold,
        options.mae_unit,
        atr_values(dataset),
    )


def without_atr(dataset: Dataset, options: TrainingOptions) -> int | None:
    """How many trades have no ``atr_pct`` above 0 (target r: nor a stop); None if nobody asks."""
    if options.mae_unit != ATR_UNIT and not options.learns_r:
        return None
    if options.learns_r:
        return int(np.isnan(_units(dataset)).sum())
    atr_pct = atr_values(dataset)
    return len(dataset) if atr_pct is None else int((~(atr_pct > 0)).sum())


def _units(dataset: Dataset) -> Floats:
    return units_of_risk(dataset.realized_pnl_pct, atr_values(dataset), dataset.stop_pct)


def atr_values(dataset: Dataset) -> Floats | None:
    """``atr_pct`` of every trade, NaN where it is missing; None without such a feature."""
    if ATR_FEATURE not in dataset.feature_names:
        return None
    values: Floats = dataset.features[:, dataset.feature_names.index(ATR_FEATURE)]
    return values


def too_small(dataset: Dataset, options: TrainingOptions) -> str:
    """Why there are too few trades to learn from; empty when there are enough."""
    rows, needed = len(dataset), options.min_dataset_size
    if rows >= needed:
        return ""
    return f"Dataset too small ({rows} rows). Need >= {needed} for training."


def held_out_fraction(dataset: Dataset, options: TrainingOptions) -> float:
    """The share of all rows that is held out: that of the real trades, which are the newest.

    Backtests are for learning; where there is nothing else they are held out like any.
    """
    rows = len(dataset)
    real = rows - dataset.backtests
    return options.test_fraction * (real / rows if 0 < real < rows else 1.0)


def prepare(
    dataset: Dataset, options: TrainingOptions, cutoff: EmbargoCutoff
) -> PreparedData | str:
    """What training needs of a dataset that is not empty, or the reason why there is none.

    What is learned from is decisions: rows of one decision are put together first.
    """
    dataset = one_row_a_decision(dataset)
    bad = label(dataset, options)
    if not has_both_classes(bad):
        return f"one class: {bad.sum()} of {len(bad)} trades are bad, nothing to tell apart"
    fraction = held_out_fraction(dataset, options)
    split = chronological_split(dataset.decision_us, dataset.exit_us, fraction, cutoff)
    split = only_learnable(split, dataset, options)
    train, test, purged = split
    if apart := unlike_strategies(dataset.feature_names, dataset.features, dataset.strategy):
        return (
            f"the strategies {' and '.join(apart)} have no feature in common, so no model can "
            "judge both: give each a scope of its own (ML_ENV, or ML_MARKET)"
        )
    if options.learns_r and not len(train):
        return "ML_TARGET=r needs atr_pct or stop_price: no training trade has one above 0"
    if not has_both_classes(bad[train]):
        return (
            f"one class in the training part: {bad[train].sum()} of {len(train)} trades are bad "
            f"({len(test)} newer ones are held out, {len(purged)} overlap them)"
        )
    selection = select_features(dataset, train, options.only_features)
    if not selection.names:
        faults = ", ".join(f"{name} ({fault})" for name, fault in selection.dropped.items())
        return f"no usable feature: {faults}"
    return PreparedData(dataset, bad, split, selection)


def fit_prepared(
    prepared: PreparedData, options: TrainingOptions, cutoff: EmbargoCutoff, *, deciles: bool = True
) -> tuple[Fitted, list[FeatureStats]]:
    """Fit on the training rows only; the statistics, with or without ``deciles``, are theirs."""
    dataset, bad, (train, _, _), selection = prepared
    training_set = training_set_of(dataset, bad, selection, train, options)
    stats = describe_features(selection.names, training_set.values, deciles=deciles)
    fitted = fit(training_set, options, cutoff)
    return fitted, mark_needed(stats, weight_shares(fitted.model))


def training_set_of(
    dataset: Dataset,
    bad: Labels,
    selection: FeatureSelection,
    rows: Indices,
    options: TrainingOptions,
) -> TrainingSet:
    """What there is to learn from ``rows``, which are `only_learnable`."""
    pnl = dataset.realized_pnl_pct
    loss_r = -_units(dataset)[rows] if options.learns_r else None
    return TrainingSet(
        feature_matrix(dataset, selection, rows),
        bad[rows],
        pnl[rows],
        dataset.decision_us[rows],
        dataset.exit_us[rows],
        loss_r,
    )


def only_learnable(split: Split, dataset: Dataset, options: TrainingOptions) -> Split:
    """The split without the training rows whose outcome the target cannot measure."""
    if not options.learns_r:
        return split
    known = ~np.isnan(_units(dataset))
    return split._replace(train=split.train[known[split.train]])


def learn(prepared: PreparedData, options: TrainingOptions, cutoff: EmbargoCutoff) -> Learned:
    """Fit on the training rows only, then score both parts."""
    fitted, stats = fit_prepared(prepared, options, cutoff)
    risks = predict_risks(fitted.model, feature_matrix(prepared.dataset, prepared.selection))
    metrics = _measured(prepared, fitted, risks, options)
    card = make_card(fitted.model, stats, fitted.threshold, fitted.threshold_mode)
    return Learned(fitted.model, card, stats, metrics)


def _measured(
    prepared: PreparedData, fitted: Fitted, risks: Floats, options: TrainingOptions
) -> TrainingMetrics:
    """How well the risks of all rows tell the bad trades of each part."""
    dataset, bad, (train, test, purged), selection = prepared
    right = (risks > fitted.threshold) == bad
    majority = bad[train].mean() > 1 / 2
    held_out = scores(bad[test], risks[test])
    return TrainingMetrics(
        status="trained",
        model=options.model,
        dataset_version=dataset.version,
        n_rows=len(dataset),
        n_train=len(train),
        n_test=len(test),
        n_purged=len(purged),
        bad_share=float(bad.mean()),
        train_accuracy=float(right[train].mean()),
        test_accuracy=float(right[test].mean()),
        baseline_accuracy=float((bad[test] == majority).mean()),
        train_auc=scores(bad[train], risks[train]).auc,
        test_auc=held_out.auc,
        brier=None if options.by_rank else held_out.brier,
        target=options.target,
        features=list(selection.names),
        dropped_features=selection.dropped,
        coefficients=_coefficients(fitted, selection.names),
        regularisation_c=fitted.regularisation_c,
        ridge_alpha=fitted.ridge_alpha,
        mae_threshold=options.mae_threshold,
        mae_unit=options.mae_unit,
        n_without_atr=without_atr(dataset, options),
        n_backtest=dataset.backtests,
        risk_threshold=options.risk_threshold,
        threshold=fitted.threshold,
        threshold_mode=fitted.threshold_mode,
        block_share=options.block_share if fitted.threshold_mode == "share" else None,
        n_unseen=fitted.n_unseen,
        calibration=fitted.calibration,
        sample_weights=options.sample_weights,
    )


def _coefficients(fitted: Fitted, names: tuple[str, ...]) -> dict[str, float]:
    """Those of a linear model; half an ensemble's would pass for its own."""
    if fitted.linear is None or isinstance(fitted.model, SoftVote):
        return {}
    return coefficients(fitted.linear, names)
