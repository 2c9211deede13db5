"""What the recipe would have earned: trained again and again on the past only.

The held-out part judges one model on few trades. Walking forward judges the *recipe*, with
everything that training chooses (features, imputation, scaling, regularisation, calibration,
a tuned threshold) chosen anew inside each window's own past, on every trade after the first
third. No number found on later trades, such as the published model's regularisation, reaches
an earlier window.
"""

from functools import partial
from typing import NamedTuple

import numpy as np

from afterclose.arrays import Floats, Indices, Mask
from afterclose.dataset.columns import Dataset
from afterclose.evaluating.figures import Window
from afterclose.evaluating.reasons import Reasons, no_reasons, reasons_for
from afterclose.evaluating.verdicts import WHOLE_OR_NOTHING, Sizing, Verdicts, abstain, judge
from afterclose.learning.features import select_features
from afterclose.learning.models import has_both_classes, predict_risks
from afterclose.learning.splits import EmbargoCutoff, Split, purged_walk_forward
from afterclose.learning.training import PreparedData, TrainingOptions, fit_prepared, only_learnable
from afterclose.measures.classification import auc
from afterclose.measures.metrics import RunAll

WINDOWS = 8

FIRST_TRAINING_SHARE = 1 / 3
"""Share of the trades that only train: less would judge models nobody would have used."""


class WalkForward(NamedTuple):
    """The tested rows, ascending, the verdicts on them and their reasons, and the steps."""

    rows: Indices
    verdicts: Verdicts
    reasons: Reasons
    windows: list[Window]


class Step(NamedTuple):
    """One window, the verdicts on what it tested, and what moved them; None if not asked for."""

    window: Window
    verdicts: Verdicts
    reasons: Reasons | None = None


def walk_forward(
    dataset: Dataset,
    bad: Mask,
    options: TrainingOptions,
    cutoff: EmbargoCutoff,
    *,
    max_abs_z: float,
    sizing: Sizing = WHOLE_OR_NOTHING,
    only_train: int = 0,
    explained: bool = True,
    run_all: RunAll = map,
) -> WalkForward:
    """Train and judge window by window; no window at all when there are too few trades.

    The first ``only_train`` trades are judged in no window. Unless ``explained``, which takes a
    third of the time, no reasons are given.
    """
    first = max(options.min_dataset_size, round(FIRST_TRAINING_SHARE * len(dataset)), only_train)
    splits = purged_walk_forward(
        dataset.decision_us,
        dataset.exit_us,
        n_windows=WINDOWS,
        min_train=first,
        embargo_cutoff=cutoff,
    )
    step = partial(
        walk_step,
        dataset=dataset,
        bad=bad,
        options=options,
        cutoff=cutoff,
        max_abs_z=max_abs_z,
        sizing=sizing,
        explained=explained,
    )
    steps = list(run_all(step, splits))
    return WalkForward(
        rows=np.concatenate([np.arange(0), *(split.test for split in splits)]),
        verdicts=Verdicts(
            np.concatenate([np.zeros(0), *(step.verdicts.score for step in steps)]),
            np.concatenate([np.zeros(0), *(step.verdicts.size for step in steps)]),
        ),
        reasons=Reasons(
            *map(
                np.concatenate,
                zip(no_reasons(0), *(step.reasons for step in steps if step.reasons), strict=True),
            )
        ),
        windows=[step.window for step in steps],
    )


def walk_step(
    split: Split,
    *,
    dataset: Dataset,
    bad: Mask,
    options: TrainingOptions,
    cutoff: EmbargoCutoff,
    max_abs_z: float,
    sizing: Sizing = WHOLE_OR_NOTHING,
    explained: bool = False,
) -> Step:
    """Train on the split's past, by the same code that trains models, and judge its test.

    ``explained`` asks for the reasons too.
    """
    split = only_learnable(split, dataset, options)
    train, test, purged = split
    verdicts, regularisation_c, threshold = abstain(len(test)), None, None
    reasons = no_reasons(len(test)) if explained else None
    prepared = _prepared(dataset, bad, split, options)
    if isinstance(prepared, PreparedData):
        fitted, stats = fit_prepared(prepared, options, cutoff, deciles=False)
        regularisation_c, threshold = fitted.regularisation_c, fitted.threshold
        risks = partial(predict_risks, fitted.model)
        verdicts = judge(
            dataset,
            stats,
            risks,
            threshold=threshold,
            max_abs_z=max_abs_z,
            sizing=sizing,
            rows=test,
        )
        if explained:
            reasons = reasons_for(dataset, test, stats, risks, verdicts.score)
    scored = ~np.isnan(verdicts.score)
    window = Window(
        n_train=len(train),
        n_purged=len(purged),
        n_test=len(test),
        n_kept=int(verdicts.keep.sum()),
        auc=auc(bad[test][scored], verdicts.score[scored]),
        expectancy_gain=_expectancy_gain(dataset.realized_pnl_pct[test], verdicts.keep),
        regularisation_c=regularisation_c,
        threshold=threshold,
        untrained="" if isinstance(prepared, PreparedData) else prepared,
        money_gain=float((verdicts.size - 1.0) @ dataset.net_pnl[test]),
    )
    return Step(window, verdicts, reasons)


def _prepared(
    dataset: Dataset, bad: Mask, split: Split, options: TrainingOptions
) -> PreparedData | str:
    """What a window trains on, or why there is no model for it."""
    train = split.train
    if not has_both_classes(bad[train]):
        return f"one class: {int(bad[train].sum())} of {len(train)} training trades are bad"
    selection = select_features(dataset, train, options.only_features)
    if not selection.names:
        return "no usable feature"
    return PreparedData(dataset, bad, split, selection)


def _expectancy_gain(pnl: Floats, keep: Mask) -> float | None:
    return float(pnl[keep].mean() - pnl.mean()) if keep.any() else None
