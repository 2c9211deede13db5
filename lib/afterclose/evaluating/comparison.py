"""The same trades under two policies: what each earned, the difference, and how sure it is.

Policies are masks over one list of trades, never separate lists: a comparison of a filter's
trades with *other* trades compares two markets. The score is NaN where the filter abstained;
there the rules traded, so the mask is True.
"""

import math
from functools import partial
from typing import NamedTuple

import msgspec
import numpy as np

from afterclose.arrays import Floats, Indices, Integers, Mask
from afterclose.evaluating.sessions import Sessions
from afterclose.evaluating.significance import Significance, significance
from afterclose.evaluating.statistics import paired_bootstrap
from afterclose.evaluating.verdicts import Verdicts
from afterclose.measures.classification import (
    CalibrationBin,
    Scores,
    ThresholdRow,
    calibration_table,
    scores,
    threshold_sweep,
)
from afterclose.measures.metrics import (
    FilterEffect,
    RunAll,
    TradeMetrics,
    filter_effect,
    trade_metrics,
)

WANTED_KEPT_SHARE = 0.8
"""A filter is meant to take away the worst few, so this share is what a note aims at."""

RANDOM_DRAWS = 10_000


class Outcomes(NamedTuple):
    """How trades ended: PnL (net fraction) float64[n], bad bool[n], exits int64[n] (µs).

    ``decision_us`` int64[n] is when they were decided: the session by which luck is counted.
    """

    pnl: Floats
    bad: Mask
    exit_us: Integers
    decision_us: Integers

    def take(self, rows: Indices) -> "Outcomes":
        """The trades at ``rows``."""
        pnl, bad, exit_us, decision_us = self
        return Outcomes(pnl[rows], bad[rows], exit_us[rows], decision_us[rows])

    def metrics(self, keep: Mask | None = None) -> TradeMetrics:
        """What the trades earned, or those of them that were kept."""
        return trade_metrics(self.pnl, self.bad, self.exit_us, keep)

    @property
    def sessions(self) -> Sessions:
        """The sessions of the decisions."""
        return Sessions(self.decision_us, self.decision_us, self.exit_us)


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One measure's difference between two policies, with its 95 % interval."""

    value: float | None
    low: float | None
    high: float | None
    resamples: int


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Rules-only against rules+ML on one list of trades; differences are ML less rules.

    `threshold_keeping_80` is the threshold that would have kept 80 % of these trades, None
    when any would; it was found on these trades and is no promise for others.
    """

    threshold: float
    abstained: int
    rules_only: TradeMetrics
    rules_ml: TradeMetrics
    filter_effect: FilterEffect
    differences: dict[str, Difference]
    significance: Significance
    scores: Scores
    calibration: list[CalibrationBin]
    threshold_sweep: list[ThresholdRow]
    threshold_keeping_80: float | None


class ActiveComparison(msgspec.Struct, frozen=True, kw_only=True):
    """Candidate against active model, on held-out trades that neither was trained on.

    ``differences`` are the candidate less the active model, ``active_differences`` the
    active model less rules-only. `trades_held_out` of the candidate were decided at all,
    `trades_compared` of them after the active model's training data ended.
    """

    model_id: str
    trades_held_out: int
    trades_compared: int
    rules_only: TradeMetrics
    rules_ml: TradeMetrics
    rules_active: TradeMetrics
    filter_effect_active: FilterEffect
    differences: dict[str, Difference]
    active_differences: dict[str, Difference]


def compare(
    outcomes: Outcomes,
    verdicts: Verdicts,
    *,
    threshold: float,
    candidates_tried: int,
    resamples: int,
    seed: int,
    run_all: RunAll = map,
) -> Comparison:
    """Compare trading all of ``outcomes`` with trading those that ``verdicts`` keep.

    ``run_all`` may resample in parallel.
    """
    order = np.argsort(outcomes.exit_us, kind="stable")
    outcomes, verdicts = outcomes.take(order), verdicts.take(order)
    score, keep = verdicts.score, verdicts.keep
    pnl, bad = outcomes.pnl, outcomes.bad
    scored = ~np.isnan(score)
    return Comparison(
        threshold=threshold,
        abstained=int((~scored).sum()),
        rules_only=outcomes.metrics(),
        rules_ml=outcomes.metrics(keep),
        filter_effect=filter_effect(pnl, bad, keep),
        differences=differences(
            outcomes, np.ones_like(keep), keep, resamples=resamples, seed=seed, run_all=run_all
        ),
        significance=significance(
            pnl,
            verdicts.size,
            block=outcomes.sessions.block_of_row,
            stretch=outcomes.sessions.stretch_of_row,
            candidates_tried=candidates_tried,
            draws=RANDOM_DRAWS,
            seed=seed,
        ),
        scores=scores(bad[scored], score[scored]),
        calibration=calibration_table(bad[scored], score[scored]),
        threshold_sweep=threshold_sweep(pnl, bad, np.where(scored, score, -np.inf), threshold),
        threshold_keeping_80=threshold_to_keep(score, WANTED_KEPT_SHARE),
    )


def compare_with_active(
    model_id: str,
    trades_held_out: int,
    outcomes: Outcomes,
    candidate: Verdicts,
    active: Verdicts,
    *,
    resamples: int,
    seed: int,
    run_all: RunAll = map,
) -> ActiveComparison:
    """Compare a candidate with the active model on the same ``outcomes``."""
    order = np.argsort(outcomes.exit_us, kind="stable")
    outcomes, keep, keep_active = outcomes.take(order), candidate.keep[order], active.keep[order]
    resampled = partial(differences, resamples=resamples, seed=seed, run_all=run_all)
    return ActiveComparison(
        model_id=model_id,
        trades_held_out=trades_held_out,
        trades_compared=len(order),
        rules_only=outcomes.metrics(),
        rules_ml=outcomes.metrics(keep),
        rules_active=outcomes.metrics(keep_active),
        filter_effect_active=filter_effect(outcomes.pnl, outcomes.bad, keep_active),
        differences=resampled(outcomes, keep_active, keep),
        active_differences=resampled(outcomes, np.ones_like(keep), keep_active),
    )


def differences(
    outcomes: Outcomes,
    keep_first: Mask,
    keep_second: Mask,
    *,
    resamples: int,
    seed: int,
    run_all: RunAll = map,
) -> dict[str, Difference]:
    """Each measure of the second policy less the first's; ``outcomes`` in exit order."""
    first, second = (outcomes.metrics(keep) for keep in (keep_first, keep_second))
    sessions = outcomes.sessions
    intervals = paired_bootstrap(
        outcomes.pnl,
        outcomes.bad,
        keep_first,
        keep_second,
        session=sessions.of_row,
        block=sessions.block,
        resamples=resamples,
        seed=seed,
        run_all=run_all,
    )
    return {
        name: Difference(
            value=_less(getattr(second, name), getattr(first, name)),
            low=interval.low,
            high=interval.high,
            resamples=interval.resamples,
        )
        for name, interval in intervals.items()
    }


def threshold_to_keep(score: Floats, share: float) -> float | None:
    """The least threshold, in whole hundredths, that keeps ``share`` of the trades.

    NaN scores are kept by any threshold. None when there is no trade, or any will do.
    """
    ranked = np.sort(np.where(np.isnan(score), -np.inf, score))
    if not len(ranked):
        return None
    value = float(ranked[math.ceil(share * len(ranked)) - 1])
    return math.ceil(100 * value) / 100 if math.isfinite(value) else None


def _less(second: float | None, first: float | None) -> float | None:
    return None if second is None or first is None else second - first
