"""Judging each trade once and for all, in the order in which outcomes became known.

The windows of `afterclose.evaluating.walk_forward` move as the ledger grows, so the same trade is
judged anew each night by another model: good for measuring, but no record that could be added to.
Here models are fitted at fixed counts of known outcomes, and each trade is judged by the newest
model that was complete, embargo included, before the first decision of its cohort. However long
the ledger grows, what was judged stays judged (Dawid, *The prequential approach*, Journal of the
Royal Statistical Society A, 1984).
"""

from bisect import bisect_right
from functools import partial
from typing import Final, NamedTuple

import numpy as np

from afterclose.arrays import Indices, Mask
from afterclose.dataset.columns import Dataset
from afterclose.evaluating.evidence import Track, cohort_of
from afterclose.evaluating.verdicts import Verdicts, abstain
from afterclose.evaluating.walk_forward import walk_step
from afterclose.learning.splits import EmbargoCutoff, Split, TimesUs
from afterclose.learning.training import atr_values, label
from afterclose.learning.training_options import TrainingOptions
from afterclose.measures.metrics import RunAll

FIRST_MODEL_TRADES: Final = 40
"""Known outcomes behind the first model."""

GROWTH: Final = 1.5
"""Each model learns from at least this times as many: 19 models for 100,000 trades."""

SIZE_STEP: Final = 20
"""Sizes are rounded up to a multiple of this."""


class Judged(NamedTuple):
    """Row positions in exit order, and the verdicts on them, in that order."""

    rows: Indices
    verdicts: Verdicts

    def only(self, chosen: Mask) -> "Judged":
        """Those at which ``chosen`` bool[n] is true."""
        return Judged(self.rows[chosen], self.verdicts.take(np.flatnonzero(chosen)))


def prequential(
    dataset: Dataset,
    bad: Mask,
    options: TrainingOptions,
    cutoff: EmbargoCutoff,
    *,
    max_abs_z: float,
    run_all: RunAll = map,
) -> Judged:
    """Judge every trade of ``dataset``; those before the first model are let through."""
    rows = exit_order(dataset.decision_us, dataset.exit_us)
    splits = prequential_splits(dataset.decision_us, dataset.exit_us, cutoff)
    step = partial(
        walk_step, dataset=dataset, bad=bad, options=options, cutoff=cutoff, max_abs_z=max_abs_z
    )
    by_row = abstain(len(dataset))
    for split, done in zip(splits, run_all(step, splits), strict=True):
        by_row.score[split.test], by_row.size[split.test] = done.verdicts
    return Judged(rows, by_row.take(rows))


def judged_track(
    decisions: Dataset,
    options: TrainingOptions,
    cutoff: EmbargoCutoff,
    *,
    max_abs_z: float,
    run_all: RunAll = map,
) -> Track:
    """What the bets of `afterclose.evaluating.evidence` are made on, one row a decision."""
    once = judge_once(decisions, options, cutoff, max_abs_z=max_abs_z, run_all=run_all)
    return track_of(decisions, once)


def judge_once(
    decisions: Dataset,
    options: TrainingOptions,
    cutoff: EmbargoCutoff,
    *,
    max_abs_z: float,
    run_all: RunAll = map,
) -> Judged:
    """Judge each of ``decisions``, which have their texts, by the label of ``options``."""
    return prequential(
        decisions.without_texts(),
        label(decisions, options),
        options,
        cutoff,
        max_abs_z=max_abs_z,
        run_all=run_all,
    )


def track_of(decisions: Dataset, once: Judged, *, backtests: int = 0) -> Track:
    """The track of decisions that were judged once, in exit order.

    The first ``backtests`` of them are none of it.
    """
    rows, verdicts = once.only(once.rows >= backtests)
    atr_pct = atr_values(decisions)
    unknown = np.full(len(decisions), np.nan)
    return Track(
        decisions.decision_us[rows],
        decisions.exit_us[rows],
        decisions.realized_pnl_pct[rows],
        verdicts.score,
        (unknown if atr_pct is None else atr_pct)[rows],
    )


def exit_order(decision_us: TimesUs, exit_us: TimesUs) -> Indices:
    """Row positions by exit, then decision: rows that come later only add to the end."""
    return np.lexsort((decision_us, exit_us))


def prequential_splits(
    decision_us: TimesUs, exit_us: TimesUs, cutoff: EmbargoCutoff
) -> list[Split]:
    """One split a model that judges anything; no row is tested twice.

    Rows are sorted by decision, as `afterclose.learning.splits` has them; ``purged`` is always
    empty, because a trade that overlaps the newest model's training is left to an older one.
    """
    order = exit_order(decision_us, exit_us)
    sizes = _model_sizes(len(order))
    complete_us = exit_us[order[sizes - 1]]
    # The first decision that finds each model complete: later ones find it so too.
    served_from = [
        bisect_right(decision_us, moment, key=lambda decided: cutoff(int(decided)))
        for moment in complete_us.tolist()
    ]
    cohort = cohort_of(decision_us)
    cohort_start = np.searchsorted(cohort, cohort)
    usable = np.searchsorted(served_from, cohort_start, side="right")
    nothing = np.arange(0)
    return [
        Split(np.sort(order[:size]), np.flatnonzero(usable == number), nothing)
        for number, size in enumerate(sizes.tolist(), start=1)
        if np.any(usable == number)
    ]


def _model_sizes(rows: int) -> Indices:
    """How many outcomes each model learns from: 40, 60, 100, 160, 240, ..."""
    sizes = []
    size = FIRST_MODEL_TRADES
    while size < rows:
        sizes.append(size)
        size = -int(-size * GROWTH // SIZE_STEP) * SIZE_STEP
    return np.array(sizes, dtype=np.intp)
