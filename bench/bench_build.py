"""The dataset build against a bare parse and against the usual loop, a second day, and memory.

Run `python -m bench.bench_build`. Ratios of elapsed time within one run, the
least of several. The loop does what a build does to each line, with `json` and dictionaries,
and none of what a build does besides: no digests, no checkpoint, no rejects file, no second
look at what is already there.
"""

import gc
import json
import math
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from afterclose.dataset_builder import DatasetBuilder
from afterclose.trades.leaking_names import known_later
from afterclose.trades.record import LedgerRecord
from bench.measure import elapsed_s, ledger_of, report

NOW = datetime(2026, 1, 27, 21, 45, tzinfo=UTC)

BUILD_AND_SAY_WHAT_IT_TOOK = """
import re, sys, time
from afterclose.dataset_builder import DatasetBuilder
started = time.perf_counter()
DatasetBuilder(sys.argv[1], sys.argv[2]).build()
took_s = time.perf_counter() - started
# not ru_maxrss, which begins with the memory of the process that started this one
peak_kb = int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])
print(took_s, peak_kb / 1024)
"""


def bare_parse(ledger: Path) -> None:
    decode = msgspec.json.Decoder(LedgerRecord).decode
    with ledger.open("rb") as file:
        for line in file:
            decode(line)


def full_build(ledger: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        DatasetBuilder(folder, ledger).build(NOW)


def json_loop(ledger: Path) -> None:
    """Each line to a checked row and back to JSON, the last record of an id counting."""
    rows: dict[str, str] = {}
    with ledger.open(encoding="utf-8") as file:
        for line in file:
            row = row_of(json.loads(line))
            if row is not None:
                rows[row["trade_id"]] = json.dumps(row)
    with tempfile.TemporaryFile("w", encoding="utf-8") as out:
        out.writelines(f"{row}\n" for row in rows.values())


def row_of(record: dict[str, Any]) -> dict[str, Any] | None:
    """The checks of `afterclose.trades.parser` on a dictionary; None for a record it rejects."""
    if record.get("exit_timestamp") is None or not isinstance(record.get("trade_id"), str):
        return None
    entry: Any = record.get("entry_price")
    exit_: Any = record.get("exit_price")
    quantity: Any = record.get("quantity")
    fees, side = record.get("fees") or 0.0, record.get("side") or "long"
    features = record.get("rule_features")
    mae, mfe = record.get("mae_pct"), record.get("mfe_pct")
    if (
        not all(is_number(value) and value > 0 for value in (entry, exit_, quantity))
        or not (is_number(fees) and fees >= 0 and side in ("long", "short"))
        or not all(value is None or is_number(value) for value in (mae, mfe))
        or (mae is not None and abs(mae) > 1)
        or not features
        or any(known_later(name) for name in features)
        or not all(v is None or isinstance(v, bool | int | float) for v in features.values())
    ):
        return None
    entered = datetime.fromisoformat(record["entry_timestamp"])
    exited = datetime.fromisoformat(record["exit_timestamp"])
    decided = datetime.fromisoformat(record.get("decision_timestamp") or record["entry_timestamp"])
    if not decided <= entered <= exited <= NOW:
        return None
    move = (exit_ - entry) / entry
    return {
        "trade_id": record["trade_id"],
        "symbol": record["symbol"],
        "side": side,
        "decision_timestamp": decided.isoformat(),
        "exit_timestamp": exited.isoformat(),
        "rule_confidence": record.get("rule_confidence"),
        "rule_features": {
            name: float(value) if value is not None and math.isfinite(value) else None
            for name, value in features.items()
        },
        "position_size": quantity,
        "entry_price": entry,
        "exit_price": exit_,
        "fees": fees,
        "holding_days": (exited - entered).total_seconds() / 86_400,
        "realized_pnl_pct": (move if side == "long" else -move) - fees / (entry * quantity),
        "mae_pct": None if mae is None else -abs(mae),
        "mfe_pct": mfe,
        "exit_type": record.get("exit_type"),
        "source": record.get("source") or "paper",
    }


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def first_day(ledger: Path, trades: int, rounds: int) -> None:
    works = [partial(work, ledger) for work in (bare_parse, full_build, json_loop)]
    taken = [[elapsed_s(work) for work in works] for _ in range(rounds)]
    bare, build, loop = (min(times) for times in zip(*taken, strict=True))
    report(f"a full build / a bare typed parse, {trades:,} trades", build / bare, at_most=6)
    report(f"a loop with json / a full build, {trades:,} trades", loop / build, at_least=3)


def many_trades(folder: Path, lines: Sequence[bytes]) -> None:
    """Ten times as many: memory of the first build, then nights with few new trades and none."""
    trades, ledger, scope = 10 * len(lines), folder / "many.jsonl", folder / "many"
    append(ledger, (renamed(line, copy) for copy in range(10) for line in lines))
    code = [sys.executable, "-c", BUILD_AND_SAY_WHAT_IT_TOOK, str(scope), str(ledger)]
    said = subprocess.run(code, check=True, capture_output=True, text=True).stdout.split()
    full, peak_mb = float(said[0]), float(said[1])
    report(f"peak memory of a first build / 400 MB, {trades:,} trades", peak_mb / 400, at_most=1)

    gc.collect()
    gc.freeze()  # what this process holds besides is not in a job
    builder, nights = DatasetBuilder(scope, ledger), []
    for copy in (10, 11, 12):
        append(ledger, (renamed(line, copy) for line in lines[: trades // 100]))
        nights.append(elapsed_s(lambda: builder.build(NOW)))
    report(f"a night with 1 % new / the first build, {trades:,} trades", min(nights) / full, 0.15)
    idle = min(elapsed_s(lambda: builder.build(NOW)) for _ in range(3))
    gc.unfreeze()
    report(f"a night with nothing new / the first build, {trades:,} trades", idle / full, 0.1)


def renamed(line: bytes, copy: int) -> bytes:
    return line.replace(b'"S', b'"%d-' % copy, 1)


def append(path: Path, lines: Iterable[bytes]) -> None:
    with path.open("ab") as file:
        file.writelines(lines)


def main(*, smallest: bool = False) -> None:
    trades = 1000 if smallest else 100_000
    with tempfile.TemporaryDirectory() as folder:
        ledger = ledger_of(Path(folder) / "ledger.jsonl", trades)
        first_day(ledger, trades, rounds=1 if smallest else 9)
        many_trades(Path(folder), ledger.read_bytes().splitlines(keepends=True))


if __name__ == "__main__":
    main()
