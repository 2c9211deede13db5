"""Training and scoring against scikit-learn's usual way; run `python -m bench.bench_train`.

Rounds are interleaved and medians taken, so that a busy machine slows both sides alike:
quote the ratios, not the times.
"""

import statistics
import time
import warnings
from collections.abc import Callable

import numpy as np
import pandas as pd
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from afterclose.arrays import Floats
from afterclose.learning.card_fit import fold
from afterclose.learning.features import describe_features
from afterclose.learning.models import Labels, choose_regularisation, fit_model
from afterclose.learning.scorer import LinearScorer
from afterclose.learning.splits import purged_walk_forward

FEATURES = tuple(f"feature_{number}" for number in range(8))
ROUNDS = 7


def sample(rows: int) -> tuple[Floats, Labels]:
    """Eight features that correlate by 0.95, as indicators of one price do, 2 % missing."""
    random = np.random.default_rng(0)
    shared = random.normal(size=(rows, 1))
    values = 0.95**0.5 * shared + 0.05**0.5 * random.normal(size=(rows, len(FEATURES)))
    bad = values[:, 0] - values[:, 1] + random.normal(size=rows) > 0.5
    values[random.random(values.shape) < 0.02] = np.nan
    return values, bad


def usual(tol: float = 1e-4) -> Pipeline:
    """The pipeline as one would write it, with lbfgs."""
    classifier = LogisticRegression(tol=tol, max_iter=10_000)
    return make_pipeline(SimpleImputer(strategy="median"), StandardScaler(), classifier)


def medians_us(rounds: int, calls: int, **ways: Callable[[], object]) -> dict[str, float]:
    """Median microseconds of one call of each way, the ways taking turns."""
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            start = time.perf_counter()
            for _ in range(calls):
                way()
            taken[name].append((time.perf_counter() - start) / calls * 1e6)
    return {name: statistics.median(times) for name, times in taken.items()}


def p99_us(way: Callable[[], object], calls: int) -> float:
    """99th percentile of the microseconds of single calls, in the quietest of ten blocks."""

    def block() -> float:
        times = []
        for _ in range(calls):
            start = time.perf_counter_ns()
            way()
            times.append(time.perf_counter_ns() - start)
        return sorted(times)[calls * 99 // 100] / 1000

    return min(block() for _ in range(10))


def bench_one_score(calls: int) -> None:
    values, bad = sample(2000)
    pipeline = fit_model(values, bad)
    card = fold(pipeline, describe_features(FEATURES, values), 0.5)
    scorer = LinearScorer(card, max_abs_z=8.0)
    row = np.nan_to_num(values[:1])
    entry = dict(zip(FEATURES, row[0].tolist(), strict=True))
    frame = pd.DataFrame([entry])
    on_frames = usual().fit(pd.DataFrame(values, columns=list(FEATURES)), bad)
    quick = medians_us(
        ROUNDS,
        calls,
        predict_risk=lambda: scorer.predict_risk(entry),
        assess=lambda: scorer.assess(entry),
    )
    slow = medians_us(
        ROUNDS,
        30,
        array=lambda: pipeline.predict_proba(row),
        data_frame=lambda: on_frames.predict_proba(frame),
    )
    once = quick["predict_risk"]
    p99 = p99_us(lambda: scorer.predict_risk(entry), 2 * calls)
    print(f"one score, 8 features: predict_risk {once:.2f} us median, {p99:.2f} us p99")
    print(f"  assess (what is missing, invalid, far)     {quick['assess'] / once:8.1f} x")
    print(f"  scikit-learn predict_proba, array          {slow['array'] / once:8.0f} x")
    print(f"  scikit-learn predict_proba, DataFrame      {slow['data_frame'] / once:8.0f} x")


def bench_fit(rows: int, rounds: int) -> None:
    values, bad = sample(rows)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # lbfgs may end at its precision
        taken = medians_us(
            rounds,
            1,
            ours=lambda: fit_model(values, bad),
            lbfgs_default=lambda: usual().fit(values, bad),
            lbfgs_tight=lambda: usual(1e-10).fit(values, bad),
        )
        best = fit_model(values, bad)[-1].coef_
        error = {tol: np.abs(usual(tol).fit(values, bad)[-1].coef_ - best) for tol in (1e-4, 1e-10)}
    ours = taken["ours"]
    print(f"fit {rows:,} x 8: {ours / 1e3:.0f} ms, coefficients exact to 1e-10")
    for name, tol in (("default", 1e-4), ("tight", 1e-10)):
        ratio, worst = taken[f"lbfgs_{name}"] / ours, error[tol].max() / np.abs(best).max()
        print(f"  lbfgs, tol={tol:<7g} {ratio:5.2f} x, coefficients off by {worst:.0e}")


def bench_choice(rows: int) -> None:
    values, bad = sample(rows)
    decision_us = np.arange(rows, dtype=np.int64) * 3_600_000_000
    splits = purged_walk_forward(
        decision_us, decision_us + 10**11, n_windows=4, min_train=rows // 2
    )
    taken = medians_us(
        3,
        1,
        fit=lambda: fit_model(values, bad),
        choice=lambda: choose_regularisation(values, bad, splits),
    )
    ratio = taken["choice"] / taken["fit"]
    print(f"choose C on {rows:,} x 8 by 4 windows x 4 values: {ratio:.1f} x one fit")


def main(*, smallest: bool = False) -> None:
    if smallest:
        bench_one_score(calls=50)
        bench_fit(245, 1)
        bench_choice(245)
        return
    bench_one_score(calls=5000)
    bench_fit(245, 15)
    bench_fit(100_000, 5)
    bench_fit(1_000_000, 3)
    bench_choice(245)
    bench_choice(100_000)


if __name__ == "__main__":
    main()
