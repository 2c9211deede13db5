"""A tick with nothing due, the cycle on 245 trades, and a night on 100,000 trades."""

import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from bench.measure import ledger_of, median_s, report

if TYPE_CHECKING:
    from collections.abc import Sequence

AFTER_CLOSE = "2026-01-27T21:45:00+00:00"
LATER = "2026-01-27T22:00:00+00:00"


def run_python(*arguments: str) -> None:
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)


def job(name: str, logs: Path, now: str, *options: str) -> None:
    run_python("-m", f"jobs.{name}", "--logs-dir", str(logs), "--now", now, "-q", *options)


def tick() -> None:
    with tempfile.TemporaryDirectory() as folder:
        logs = Path(folder)
        ledger_of(logs / "us" / "paper" / "trade_ledger.jsonl", 245)
        job("cycle", logs, AFTER_CLOSE)
        idle = median_s(lambda: job("cycle", logs, LATER), 21)
        bare = median_s(lambda: run_python("-c", "pass"), 21)
    report("a tick with nothing due / python -c pass", idle / bare, at_most=5)


def small_cycle() -> None:
    with tempfile.TemporaryDirectory() as folder:

        def fresh(number: int) -> Path:
            logs = Path(folder) / str(number)
            ledger_of(logs / "us" / "paper" / "trade_ledger.jsonl", 245)
            return logs

        waiting = [fresh(number) for number in range(6)]
        job("cycle", waiting.pop(), AFTER_CLOSE)
        cycle = median_s(lambda: job("cycle", waiting.pop(), AFTER_CLOSE), 5)
        imports = median_s(lambda: run_python("-c", "import pandas, sklearn.linear_model"), 5)
    report("a whole cycle on 245 trades / import pandas and scikit-learn", cycle / imports, 2)


def large_night(trades: int = 100_000, scored_rows: int = 2000) -> None:
    with tempfile.TemporaryDirectory() as folder:
        logs = Path(folder)
        ledger_of(logs / "us" / "paper" / "trade_ledger.jsonl", trades)
        started = time.perf_counter()
        job("cycle", logs, AFTER_CLOSE)
        night_s = time.perf_counter() - started
        loop_s = per_row_loop_s(logs, scored_rows) / scored_rows * trades
    report(
        f"a per-row scikit-learn scoring loop / a whole night, {trades:,} trades",
        loop_s / night_s,
        at_least=20,
    )


def per_row_loop_s(logs: Path, rows: int) -> float:
    """Seconds to score ``rows`` one-row DataFrames, the way such filters usually do it."""
    import joblib
    import pandas as pd

    model_dir = next((logs / "us" / "paper" / "ml_models").glob("2*"))
    pipeline = joblib.load(model_dir / "model.joblib")
    names = [f"f{i}" for i in range(pipeline.n_features_in_)]
    frames: Sequence[pd.DataFrame] = [pd.DataFrame([[0.1] * len(names)], columns=names)] * rows
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it was fitted on an array without column names
        started = time.perf_counter()
        for frame in frames:
            pipeline.predict_proba(frame)
        return time.perf_counter() - started


def main() -> None:
    tick()
    small_cycle()
    large_night()


if __name__ == "__main__":
    main()
