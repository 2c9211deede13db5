"""What a trading process waits for, for each kind of model; run `python -m bench bench_trading`.

Medians and 99th percentiles of single calls, with the log line and a subject, over entries that
differ; the quietest of ten blocks. Times are the thread's own (`time.thread_time`): what other
processes take from a busy machine is not in them, and nothing here waits for anything else.
"""

import contextlib
import gc
import io
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import msgspec
import numpy as np

from afterclose.config import load_settings
from afterclose.learning.calibration import Calibrated
from afterclose.learning.card import Card
from afterclose.learning.card_fit import make_card
from afterclose.learning.curves import Sigmoid
from afterclose.learning.features import describe_features
from afterclose.learning.models import fit_model, margins
from afterclose.learning.ranking import rank_curve
from afterclose.learning.regressors import fit_regressor
from afterclose.learning.tree_card import AnyCard, EnsembleCard
from afterclose.learning.tree_scorer import scorer_of
from afterclose.operating.verdict_lines import answer_lines
from afterclose.records import Subject
from afterclose.risk_filter import RiskFilter
from afterclose.trading.model_pin import Pin
from bench.bench_filter import promoted
from bench.bench_train import FEATURES, sample
from bench.measure import report, report_time

NOW = datetime(2026, 1, 27, 14, tzinfo=UTC)
LINEAR = ("logistic", "logistic, calibrated", "ridge", "volatility")
ABOUT = Subject(trade_id="T-1042", symbol="AAPL", side="long", price=100.0, stop_price=95.0)
ENTRIES = [
    dict(zip(FEATURES, row, strict=True))
    for row in np.random.default_rng(1).normal(size=(500, len(FEATURES))).tolist()
]


def cards() -> dict[str, AnyCard]:
    """A fitted model of each kind."""
    values, bad = sample(2000)
    stats = describe_features(FEATURES, values)
    made = {
        kind: make_card(fit_model(values, bad, kind=kind), stats, 0.5)
        for kind in ("logistic", "hist_gradient_boosting")
    }
    for kind, learner, named in (
        ("ridge", "logistic", FEATURES),
        ("volatility", "volatility", FEATURES[:1]),
    ):
        known = np.nan_to_num(values[:, : len(named)])
        loss_r = bad - known[:, 0] if kind == "ridge" else None
        pipeline = fit_regressor(known, loss_r, kind=learner, seed=1)
        ranked = Calibrated(pipeline, rank_curve(margins(pipeline, known)))
        made[kind] = make_card(ranked, describe_features(named, known), 0.5)
    head = {name: getattr(made["logistic"], name) for name in Card.__struct_fields__}
    members = {"linear": made["logistic"], "trees": made["hist_gradient_boosting"]}
    sigmoid = Sigmoid(0.9, 0.1)
    made["logistic, calibrated"] = msgspec.structs.replace(made["logistic"], curve=sigmoid)
    made["ensemble"] = msgspec.convert(head | members, EnsembleCard, from_attributes=True)
    return made


def single_calls_us(
    way: Callable[[Mapping[str, float]], object], calls: int
) -> tuple[float, float]:
    """The median and the 99th percentile of one call, in the quietest of ten blocks."""

    def block() -> tuple[float, float]:
        times = []
        for number in range(calls):
            entry = ENTRIES[number % len(ENTRIES)]
            start = time.thread_time_ns()
            way(entry)
            times.append((time.thread_time_ns() - start) / 1000)
        return sorted(times)[calls * 99 // 100], statistics.median(times)

    p99, median = min(block() for _ in range(10))
    return median, p99


def bench_single_calls(calls: int) -> None:
    print(f"{'us, median and p99':<26}{'score':>16}{'check':>16}{'explain':>16}")
    figures, models = {}, cards()
    gc.collect()
    gc.freeze()  # what fitted the models is not in a trading process, nor does its collector see it
    for kind, card in models.items():
        with tempfile.TemporaryDirectory() as volume:
            pin = Pin(text="", trouble=False, model_id="M", scorer=scorer_of(card, 8.0))
            with RiskFilter(load_settings({}, logs_dir=volume), pin) as risk:
                score = single_calls_us(risk.predict_risk, calls)
                check = single_calls_us(lambda entry: risk.check(entry, ABOUT), calls)
                explain = single_calls_us(risk.explain, max(1, calls // 4))
        figures[kind] = score[1], check[1], explain[1]
        times = (*score, *check, *explain)
        print(f"{kind:<26}" + "".join(f"{taken:>8.1f}" for taken in times))
    for kind, (score_p99, check_p99, explain_p99) in figures.items():
        if kind in LINEAR:
            report_time(f"{kind}: one score, us at p99", score_p99, at_most=5)
        report_time(f"{kind}: check with its log line, us at p99", check_p99, at_most=50)
        report_time(f"{kind}: explain, us at p99", explain_p99, at_most=200)


def bench_lines(lines: int) -> None:
    """`afterclose check`, fed as fast as it takes."""
    with tempfile.TemporaryDirectory() as volume:
        settings, _ = promoted(volume)
        fed = b"".join(
            json.dumps(ENTRIES[number % len(ENTRIES)]).encode() + b"\n" for number in range(lines)
        )
        for dry in (True, False):
            rates = []
            for _ in range(5):
                source = io.BufferedReader(io.BytesIO(fed))
                with contextlib.closing(io.BytesIO()) as sink:
                    start = time.thread_time()
                    answer_lines(settings, NOW, dry=dry, source=source, sink=sink)
                    rates.append(lines / (time.thread_time() - start))
            words = "without" if dry else "with"
            report(f"afterclose check, verdicts a second {words} log", max(rates), at_least=20_000)


def main(*, smallest: bool = False) -> None:
    bench_single_calls(calls=4 if smallest else 4000)
    gc.unfreeze()
    bench_lines(lines=10 if smallest else 20_000)


if __name__ == "__main__":
    main()
