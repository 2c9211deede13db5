"""A tick with nothing due, the cycle on 245 trades, and a night on 100,000 trades."""

import subprocess
import sys
import tempfile
import time
import warnings
from datetime import datetime
from pathlib import Path

from afterclose.ml_orchestrator import OfflineMLOrchestrator
from afterclose.settings import Settings
from bench.measure import elapsed_s, ledger_of, median_s, report

AFTER_CLOSE = "2026-01-27T21:45:00+00:00"
LATER = "2026-01-27T22:00:00+00:00"


def run_python(*arguments: str) -> None:
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)


def job(name: str, logs: Path, now: str, *options: str) -> None:
    run_python("-m", f"jobs.{name}", "--logs-dir", str(logs), "--now", now, "-q", *options)


def tick(rounds: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        logs = Path(folder)
        ledger_of(logs / "us" / "paper" / "trade_ledger.jsonl", 245)
        job("cycle", logs, AFTER_CLOSE)
        pairs = [
            (
                elapsed_s(lambda: job("cycle", logs, LATER)),
                elapsed_s(lambda: run_python("-c", "pass")),
            )
            for _ in range(rounds)
        ]
    idle, bare = (min(taken) for taken in zip(*pairs, strict=True))
    report("a tick with nothing due / python -c pass", idle / bare, at_most=5)


def small_cycle(rounds: int) -> None:
    with tempfile.TemporaryDirectory() as folder:

        def fresh(number: int) -> Path:
            logs = Path(folder) / str(number)
            ledger_of(logs / "us" / "paper" / "trade_ledger.jsonl", 245)
            return logs

        waiting = [fresh(number) for number in range(1 + rounds)]
        job("cycle", waiting.pop(), AFTER_CLOSE)
        cycle = median_s(lambda: job("cycle", waiting.pop(), AFTER_CLOSE), rounds)
        imports = median_s(lambda: run_python("-c", "import pandas, sklearn.linear_model"), rounds)
    report("a whole cycle on 245 trades / import pandas and scikit-learn", cycle / imports, 2)


def large_night(trades: int, scored_rows: int) -> None:
    """Building, training and evaluating, all libraries loaded, against nothing but scoring."""
    with tempfile.TemporaryDirectory() as folder:
        for count, logs in ((245, Path(folder) / "warm"), (trades, Path(folder) / "large")):
            ledger_of(logs / "us" / "paper" / "trade_ledger.jsonl", count)
            night_s = steps_s(logs)
        loop_s = per_row_loop_s(logs, scored_rows) / scored_rows * trades
    report(
        f"a per-row scikit-learn scoring loop / build, train and evaluate, {trades:,} trades",
        loop_s / night_s,
        at_least=15,
    )


def steps_s(logs: Path) -> float:
    now = datetime.fromisoformat(AFTER_CLOSE)
    steps = OfflineMLOrchestrator.from_settings(Settings(logs_dir=str(logs)))
    started = time.perf_counter()
    for step in (steps.build, steps.train, steps.evaluate):
        assert step(now).status == "done"
    return time.perf_counter() - started


def per_row_loop_s(logs: Path, rows: int) -> float:
    """Seconds to score ``rows`` trades, a one-row DataFrame each, as such filters usually do it."""
    import joblib
    import pandas as pd

    model_dir = next((logs / "us" / "paper" / "ml_models").glob("2*"))
    pipeline = joblib.load(model_dir / "model.joblib")
    entry = {f"f{i}": 0.1 for i in range(pipeline.n_features_in_)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it was fitted on an array without column names
        started = time.perf_counter()
        for _ in range(rows):
            pipeline.predict_proba(pd.DataFrame([entry]))
        return time.perf_counter() - started


def main(*, smallest: bool = False) -> None:
    tick(rounds=1 if smallest else 21)
    small_cycle(rounds=1 if smallest else 5)
    large_night(trades=500 if smallest else 100_000, scored_rows=20 if smallest else 2000)


if __name__ == "__main__":
    main()
