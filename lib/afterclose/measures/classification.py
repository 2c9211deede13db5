"""How well a risk score tells bad trades from good ones.

AUC, average precision and Brier score equal scikit-learn's (the tests hold them to it).
They are written on one sort each because the evaluator asks for them on every window, and
because each has a documented None where scikit-learn warns and returns NaN.
"""

import msgspec
import numpy as np

from afterclose.arrays import Floats, Mask
from afterclose.measures.metrics import expected_shortfall, share

LEAK_AUC = 0.95
"""A single feature that sorts outcomes better than this knows the future."""

LEAK_MIN_CLASS = 5
"""Members each class needs before a leak is called: fewer sort themselves by chance."""

CALIBRATION_BINS = 10


class Scores(msgspec.Struct, frozen=True, kw_only=True):
    """Quality of a score over rows with both outcomes; None where there is only one class.

    `auc` is the chance that a bad trade scores above a good one, `pr_auc` the average
    precision, `brier` the mean squared error of the score taken as a probability.
    """

    scored: int
    base_rate: float | None
    auc: float | None
    pr_auc: float | None
    brier: float | None


class CalibrationBin(msgspec.Struct, frozen=True, kw_only=True):
    """Trades scored in [low, high): the mean score against the share that turned out bad."""

    low: float
    high: float
    trades: int
    mean_score: float | None
    bad_share: float | None


class ThresholdRow(msgspec.Struct, frozen=True, kw_only=True):
    """What a threshold would have kept: for looking at, not for choosing by."""

    threshold: float
    kept: int
    kept_share: float | None
    bad_share: float | None
    expectancy: float | None
    total_pnl: float
    expected_shortfall_5: float | None


class Leak(msgspec.Struct, frozen=True, kw_only=True):
    """A feature that knows an outcome; below 0.5 or below 0 means in reverse.

    ``target`` is what it knows: "bad", "loss", "mae" or "pnl" (its rank). Classes are known by
    ``auc``, numbers by a rank ``correlation``; the other is None.
    """

    feature: str
    auc: float | None = None
    target: str = "bad"
    correlation: float | None = None


def scores(bad: Mask, score: Floats) -> Scores:
    """All scores of ``score`` float64[n] in [0, 1] against ``bad`` bool[n], without NaN."""
    return Scores(
        scored=len(bad),
        base_rate=share(int(bad.sum()), len(bad)),
        auc=auc(bad, score),
        pr_auc=average_precision(bad, score),
        brier=brier_score(bad, score),
    )


def auc(bad: Mask, score: Floats) -> float | None:
    """Area under the ROC curve, ties counting one half; None unless both classes occur.

    The Mann-Whitney form: mean rank of the bad trades (Hanley & McNeil, 1982).
    """
    n_bad = int(bad.sum())
    n_good = len(bad) - n_bad
    if not n_bad or not n_good:
        return None
    _, tie_group, tie_size = np.unique(score, return_inverse=True, return_counts=True)
    mean_rank = np.cumsum(tie_size) - (tie_size - 1) / 2
    rank_sum = float(mean_rank[tie_group[bad]].sum())
    return (rank_sum - n_bad * (n_bad + 1) / 2) / (n_bad * n_good)


def average_precision(bad: Mask, score: Floats) -> float | None:
    """Precision averaged over the recall gained at each score; None unless both classes occur."""
    n_bad = int(bad.sum())
    if not n_bad or n_bad == len(bad):
        return None
    order = np.argsort(-score, kind="stable")
    found = np.cumsum(bad[order])
    last_of_tie = np.append(np.diff(score[order]) != 0, True)
    found, position = found[last_of_tie], np.flatnonzero(last_of_tie) + 1
    return float(np.sum(np.diff(found, prepend=0) / n_bad * found / position))


def brier_score(bad: Mask, score: Floats) -> float | None:
    """Mean squared error of the score as a probability (Brier, 1950); None for no rows."""
    return float(np.mean((score - bad) ** 2)) if len(bad) else None


def calibration_table(bad: Mask, score: Floats) -> list[CalibrationBin]:
    """Ten bins of equal width over [0, 1]; the last includes 1. Empty bins stay, with None."""
    edges = np.linspace(0.0, 1.0, CALIBRATION_BINS + 1)
    which = np.clip(np.searchsorted(edges, score, side="right") - 1, 0, CALIBRATION_BINS - 1)
    count = np.bincount(which, minlength=CALIBRATION_BINS)
    score_sum = np.bincount(which, score, CALIBRATION_BINS)
    bad_count = np.bincount(which[bad], minlength=CALIBRATION_BINS)
    return [
        CalibrationBin(
            low=round(float(edges[i]), 10),
            high=round(float(edges[i + 1]), 10),
            trades=int(count[i]),
            mean_score=float(score_sum[i] / count[i]) if count[i] else None,
            bad_share=share(int(bad_count[i]), int(count[i])),
        )
        for i in range(CALIBRATION_BINS)
    ]


def threshold_sweep(pnl: Floats, bad: Mask, score: Floats, threshold: float) -> list[ThresholdRow]:
    """The kept trades at each twentieth from 0.05 to 0.95, and at ``threshold`` itself."""
    values = sorted({round(0.05 * step, 2) for step in range(1, 20)} | {threshold})
    return [_at_threshold(pnl, bad, score <= value, value) for value in values]


def _at_threshold(pnl: Floats, bad: Mask, keep: Mask, threshold: float) -> ThresholdRow:
    kept_pnl, kept = pnl[keep], int(keep.sum())
    return ThresholdRow(
        threshold=threshold,
        kept=kept,
        kept_share=share(kept, len(keep)),
        bad_share=share(int(bad[keep].sum()), kept),
        expectancy=float(kept_pnl.mean()) if kept else None,
        total_pnl=float(kept_pnl.sum()),
        expected_shortfall_5=expected_shortfall(kept_pnl),
    )


def find_leaks(bad: Mask, features: Floats, names: tuple[str, ...]) -> list[Leak]:
    """Features whose AUC alone, either way round, is above `LEAK_AUC`.

    ``features`` float64[n, k] with NaN for missing; rows that miss a feature say nothing
    of it. A feature seen with fewer than `LEAK_MIN_CLASS` trades of a class is not judged.
    """
    leaks = []
    for column, name in enumerate(names):
        values = features[:, column]
        present = np.isfinite(values)
        outcome = bad[present]
        if min(int(outcome.sum()), int((~outcome).sum())) < LEAK_MIN_CLASS:
            continue
        value = auc(outcome, values[present])
        if value is not None and max(value, 1 - value) > LEAK_AUC:
            leaks.append(Leak(feature=name, auc=value))
    return leaks
