"""Intervals, p-values and scores against the usual ways; run `python -m bench.bench_statistics`.

Ways take turns and medians count, so that a busy machine slows all alike: quote the ratios,
not the times. Loops do a hundredth of the resamples and are scaled. Every way is asked for
10,000 resamples of 10,000 trades.
"""

import math
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import numpy as np
from scipy.stats import bootstrap
from sklearn.metrics import average_precision_score, roc_auc_score

from afterclose.arrays import Floats, Mask
from afterclose.evaluating.sessions import DAY_US
from afterclose.evaluating.statistics import paired_bootstrap
from afterclose.measures.classification import auc, average_precision
from afterclose.measures.metrics import trade_metrics
from afterclose.offline_evaluator import OfflineEvaluator
from afterclose.offline_trainer import OfflineTrainer
from bench.measure import report, report_time

VERY_FEW = 20
ROUNDS = 3
MANY = 100_000

A_DAY = 40
"""Decisions in a session, of 100,000 in ten years; one a day for 273 years is the hardest case."""


def main(*, smallest: bool = False) -> None:
    trades, many = (500, 500) if smallest else (10_000, MANY)
    resamples = 200 if smallest else 10_000
    bench_resampling(trades, resamples)
    bench_scores(trades)
    bench_evaluation(many, resamples)


def bench_resampling(trades: int, resamples: int) -> None:
    pnl, score = scored_trades(trades)
    bad, everything, keep = pnl < 0, np.ones(trades, dtype=bool), score < 0.7
    few = resamples // 100
    ours, rows, library = medians_s(
        lambda: paired_bootstrap(
            pnl,
            bad,
            everything,
            keep,
            session=np.arange(trades),
            block=block_of(trades),
            resamples=resamples,
            seed=0,
        ),
        lambda: resample_rows(pnl, bad, keep, few),
        lambda: resample_by_library(pnl, keep, few),
    )
    scale = resamples / few
    print(f"intervals of eight differences took {ours:.2f} s")
    report("row by row / our eight intervals", scale * rows / ours, at_least=20)
    report("scipy's bootstrap of one mean / our eight", scale * library / ours, at_least=3)


def bench_scores(trades: int) -> None:
    pnl, score = scored_trades(trades)
    bad = pnl < 0
    ours, library = medians_s(lambda: auc(bad, score), lambda: roc_auc_score(bad, score))
    report("scikit-learn's AUC / ours", library / ours, at_least=3)
    ours, library = medians_s(
        lambda: average_precision(bad, score), lambda: average_precision_score(bad, score)
    )
    report("scikit-learn's average precision / ours", library / ours, at_least=1)


def bench_evaluation(trades: int, resamples: int) -> None:
    pnl, score = scored_trades(trades)
    (rows,) = medians_s(lambda: resample_rows(pnl, pnl < 0, score < 0.7, VERY_FEW))
    for a_day in (min(A_DAY, trades // 100), 1):
        training, evaluation = train_and_evaluate(trades, a_day)
        print(
            f"{trades:,} decisions, {a_day} a day: training took {training:.2f} s, "
            f"evaluating {evaluation:.2f} s"
        )
        report(
            f"row by row / a whole evaluation, {a_day} a day",
            rows * resamples / VERY_FEW / evaluation,
            at_least=10 if a_day > 1 else 5,
        )
        if a_day > 1 and trades >= MANY:
            report_time(f"evaluating {trades:,} decisions, seconds", evaluation, at_most=5.7)


def scored_trades(trades: int) -> tuple[Floats, Floats]:
    """Returns that have nothing to do with the scores beside them."""
    rng = np.random.default_rng(0)
    return rng.normal(0.001, 0.03, trades), rng.random(trades)


def medians_s(*ways: Callable[[], object]) -> list[float]:
    """Median seconds of each way, the ways taking turns."""
    taken: list[list[float]] = [[] for _ in ways]
    for _ in range(ROUNDS):
        for way, times in zip(ways, taken, strict=True):
            started = time.perf_counter()
            way()
            times.append(time.perf_counter() - started)
    return [median(times) for times in taken]


def resample_rows(pnl: Floats, bad: Mask, keep: Mask, resamples: int) -> None:
    """The blocks' rows gathered and measured, one resample after the other."""
    rng = np.random.default_rng(0)
    block, rows = block_of(len(pnl)), len(pnl)
    for _ in range(resamples):
        starts = rng.integers(0, rows, -(-rows // block))
        drawn = (starts[:, None] + np.arange(block)).ravel()[:rows] % rows
        for kept in (None, keep[drawn]):
            trade_metrics(pnl[drawn], bad[drawn], np.arange(rows), kept)


def resample_by_library(pnl: Floats, keep: Mask, resamples: int) -> None:
    """The expectancy alone, of independent trades."""

    def difference(pnl: Floats, keep: Mask, axis: int) -> Floats:
        found: Floats = (pnl * keep).sum(axis) / keep.sum(axis) - pnl.mean(axis)
        return found

    bootstrap((pnl, keep), difference, paired=True, method="percentile", n_resamples=resamples)


def block_of(trades: int) -> int:
    """Trades in a block, where each is a session of its own: the hardest case."""
    return round(math.cbrt(trades))


def train_and_evaluate(trades: int, a_day: int) -> tuple[float, float]:
    """Seconds of one training and of its evaluation, on many trades."""
    # bench.measure puts tests/ on the path, where type checkers do not look
    from training_builders import MemoryBuilder, learnable

    now = datetime(2026, 1, 27, 21, 30, tzinfo=UTC)
    one_a_day = learnable(trades)
    held_us = one_a_day.exit_us - one_a_day.decision_us
    decided_us = one_a_day.decision_us[0] + np.arange(trades) // a_day * DAY_US
    source = MemoryBuilder(replace(one_a_day, decision_us=decided_us, exit_us=decided_us + held_us))
    with tempfile.TemporaryDirectory() as folder:
        model_dir = Path(folder) / "ml_models"
        started = time.perf_counter()
        metrics = OfflineTrainer(model_dir, source).train(now=now)
        trained = time.perf_counter()
        OfflineEvaluator(model_dir, source).evaluate(metrics["model_id"], now)
        return trained - started, time.perf_counter() - trained


if __name__ == "__main__":
    main()
