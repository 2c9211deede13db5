"""Writes the scopes that version 0.1.0 left behind, for `test_golden_scope_0_1_0`.

It runs on the code of 0.1.0 only, and is kept as the record of how the archive was made:

    git checkout 5007b0c && python -m tests.golden.make_scope_0_1_0

A later version never makes the archive anew: what it has to read is what 0.1.0 wrote. From
`scope_0_1_0.tar.gz` come three scopes, made by the jobs a user runs:

- ``us/paper``: two weeks of trading days and nights. Five models of the four kinds, three
  promotions, a rollback, blocked signals, open positions, a refusal, a running session lock.
- ``us/live``: the first of these models, brought over.
- ``us/signed``: three nights with a signing key. A model that was registered before it was
  evaluated is active, and the first one was pruned.

`scope_0_1_0.json` says what 0.1.0 answered to thirty entries, floats as `float.hex`, and holds
the trades of the next day. Review pages are left out: they are drawn anew from the rest.
Durations and run ids of the journal differ from one run of this script to the next; all
numbers that decide about trades are the same.
"""

import csv
import gzip
import io
import json
import os
import random
import shutil
import subprocess
import sys
import tarfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from lib.config import load_settings
from lib.learning.tree_card import read_card
from lib.learning.tree_scorer import scorer_of
from lib.risk_filter import RiskFilter

import lib

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[1]
SYMBOLS = ("AAPL", "GOOG", "IBM", "META", "MSFT", "XOM")
TRADES = 150
NEXT_TRADES = 15
FIRST_ENTRY = datetime(2025, 3, 3, 15, tzinfo=UTC)
SESSIONS = tuple(
    datetime(2026, month, day, 21, tzinfo=UTC)
    for month, day in ((1, 20), (1, 21), (1, 22), (1, 23), (1, 26), (1, 27), (1, 28), (1, 29),
                       (1, 30), (2, 2))
)  # fmt: skip
"""Closes in New York; the first is of the day before the replay begins."""

BEFORE_THE_OPEN = "2026-02-03T14:00:00+00:00"
IN_SESSION = "2026-02-03T15:30:00+00:00"
AFTER_CLOSE = "2026-02-03T21:45:00+00:00"

SETTINGS = {"ML_SIZING": "linear", "ML_BOOTSTRAP_RESAMPLES": "200", "ML_SLIPPAGE_BPS": "2"}
"""Of all scopes; the other settings are the defaults of 0.1.0."""

SIGNING_KEY = "frozen-key"

JOB = """
import runpy, sys
import lib.model_registry
lib.model_registry.whoami = lambda: "trader@desk"  # not the maker's own machine
runpy.run_module(sys.argv.pop(1), run_name="__main__", alter_sys=True)
"""


def main() -> None:
    """Make the scopes in a temporary folder, ask them, and pack them."""
    assert lib.__version__ == "0.1.0", "only 0.1.0 can write what 0.1.0 wrote"
    with TemporaryDirectory() as folder:
        logs = Path(folder) / "logs"
        models = make_paper_scope(logs, Path(folder))
        make_signed_scope(logs)
        for env, key in (("paper", ""), ("live", ""), ("signed", SIGNING_KEY)):
            run_job(logs, "verify", now=IN_SESSION, env=env, ML_SIGNING_KEY=key)
        for page in (*logs.rglob("*.html"), *logs.rglob("*.lock")):
            page.unlink()
        pack(logs, HERE / "scope_0_1_0.tar.gz")
        expected = answers(logs, models)
    text = json.dumps(expected, indent=1) + "\n"
    (HERE / "scope_0_1_0.json").write_text(text)


# --- the scopes -----------------------------------------------------------------------------


def make_paper_scope(logs: Path, folder: Path) -> dict[str, str]:
    """Nights and days of ``us/paper``; what each model is, by its id."""
    ledger = logs / "us" / "paper" / "trade_ledger.jsonl"
    write_lines(ledger, [*history(TRADES, seed=11), *odd_records()])
    files = write_market(folder)

    def job(name: str, *options: str, now: str, **more: str) -> dict[str, Any]:
        return run_job(logs, name, *options, now=now, env="paper", **more)

    def night(day: int, hour: str = "21:45") -> str:
        return f"{SESSIONS[day]:%Y-%m-%d}T{hour}:00+00:00"

    def trade_until(day: int) -> None:
        job("session", "--bars", files[0], "--signals", files[1], now=night(day, "21:20"))

    def cycle(day: int, model: str, **environ: str) -> str:
        made: str = job("cycle", now=night(day), ML_MODEL=model, **environ)["model_id"]
        return made

    def promote(day: int, model_id: str, reason: str) -> None:
        job("promote", "--id", model_id, "--reason", reason, now=night(day, "22:10"))

    models = {cycle(0, "logistic"): "logistic"}
    promote(0, next(iter(models)), "the first model")
    trade_until(2)
    trees = cycle(2, "hist_gradient_boosting", ML_CALIBRATION="sigmoid")
    promote(2, trees, "keeps more of the good trades")
    trade_until(4)
    boosted = cycle(4, "xgboost")
    trade_until(6)
    both = cycle(6, "ensemble")
    promote(6, both, "both agree")
    trade_until(7)
    back = job("rollback", "--reason", "blocked two winners", now=night(7, "22:10"))
    assert back["model_id"] == trees
    write_lines(ledger, [closing_of_an_open_trade()])
    job("lock", now=night(8, "13:50"))
    job("unlock", "--reason", "locked too early", now=night(8, "13:55"))
    trade_until(9)
    tuned = cycle(9, "logistic", ML_THRESHOLD_MODE="tuned", ML_CALIBRATION="sigmoid")
    first = ("--id", next(iter(models)), "--reason", "goes live")
    run_job(logs, "promote", *first, "--from", "us/paper", now=night(9, "22:20"), env="live")
    job("lock", now=BEFORE_THE_OPEN)
    job("promote", "--id", tuned, "--reason", "in haste", now=IN_SESSION, expected="refused")
    return models | {
        trees: "hist_gradient_boosting, calibrated",
        boosted: "xgboost",
        both: "ensemble",
        tuned: "logistic, tuned and calibrated",
    }


def make_signed_scope(logs: Path) -> None:
    """Three signed nights of ``us/signed``; the second model is active, the first is pruned."""
    ledger = logs / "us" / "signed" / "trade_ledger.jsonl"
    trades = history(60, seed=12)

    def job(name: str, *options: str, day: int, **environ: str) -> dict[str, Any]:
        now = f"{SESSIONS[day]:%Y-%m-%d}T21:45:00+00:00"
        signing = {"ML_SIGNING_KEY": SIGNING_KEY} | environ
        return run_job(logs, name, *options, now=now, env="signed", **signing)

    write_lines(ledger, trades[:40])
    job("cycle", day=7)
    write_lines(ledger, trades[40:50])
    steps = [job(name, day=8) for name in ("build", "train", "register", "evaluate")]
    job("promote", "--id", steps[1]["model_id"], "--reason", "signed", day=8)
    write_lines(ledger, trades[50:])
    job("cycle", day=9, ML_KEEP_MODELS="2")


def run_job(
    logs: Path, name: str, *options: str, now: str, env: str, expected: str = "done", **environ: str
) -> dict[str, Any]:
    """One job in a process of its own, as cron starts it; its JSON result.

    Raises RuntimeError unless its status is ``expected``.
    """
    plain = {key: value for key, value in os.environ.items() if not key.startswith("ML_")}
    done = subprocess.run(
        [sys.executable, "-c", JOB, f"jobs.{name}", "--logs-dir", str(logs), "--env", env,
         "--now", now, "--json", "--quiet", *options],
        capture_output=True, text=True, check=False, cwd=REPOSITORY,
        env=plain | SETTINGS | environ,
    )  # fmt: skip
    result: dict[str, Any] = json.loads(done.stdout)
    if result["status"] != expected:
        raise RuntimeError(f"{name}: {result} {done.stderr}")
    return result


# --- what goes into them --------------------------------------------------------------------


def history(count: int, seed: int, first: int = 0) -> list[dict[str, Any]]:
    """Closed trades, one every two days; volatility makes them bad, a trend good."""
    source = _seeded(seed)
    return [_trade(source, number) for number in range(first, first + count)]


def _seeded(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - a repeatable series, not a secret


def _trade(source: random.Random, number: int) -> dict[str, Any]:
    entry = FIRST_ENTRY + timedelta(days=2.1 * number)
    features, heat = _features(source)
    side = "short" if source.random() < 0.3 else "long"
    move = 0.006 - 0.012 * heat + source.gauss(0, 0.02)
    price = round(source.uniform(20, 400), 2)
    signed = move if side == "long" else -move
    return {
        "trade_id": f"T{number:04d}",
        "symbol": source.choice(SYMBOLS),
        "side": side,
        "decision_timestamp": (entry - timedelta(minutes=5)).isoformat(),
        "entry_timestamp": entry.isoformat(),
        "exit_timestamp": (entry + timedelta(days=source.uniform(0.2, 6))).isoformat(),
        "entry_price": price,
        "exit_price": round(price * (1 + signed), 4),
        "quantity": float(source.randint(1, 200)),
        "fees": 1.0,
        "rule_confidence": round(source.uniform(0.4, 0.9), 3),
        "rule_features": features,
        "mae_pct": round(min(0.0, move) - abs(source.gauss(0, 0.008)), 6),
        "mfe_pct": round(max(0.0, move) + abs(source.gauss(0, 0.008)), 6),
        "exit_type": "TAKE_PROFIT" if move > 0 else "STOP_LOSS",
        "source": "paper",
    }


def _features(source: random.Random) -> tuple[dict[str, float | None], float]:
    """Six features, and how much they speak for a bad trade (mean 0)."""
    volatility, trend = source.gauss(0, 1), source.gauss(0, 1)
    features: dict[str, float | None] = {
        "atr_pct": round(0.02 * 1.4**volatility, 6),
        "dist_20sma": round(0.03 * trend + source.gauss(0, 0.01), 6),
        "gap_pct": None if source.random() < 0.1 else round(source.gauss(0, 0.008), 6),
        "rsi_14": round(min(95.0, max(5.0, 50 + 9 * trend + source.gauss(0, 8))), 3),
        "trend": round(trend, 6),
        "volume_ratio": round(source.uniform(0.5, 2.5), 4),
    }
    return features, volatility - trend


def odd_records() -> list[dict[str, Any] | str]:
    """Open trades, other spellings, and one record for each reason to reject one."""
    plain = history(1, seed=13, first=900)[0] | {
        "decision_timestamp": None,
        "entry_timestamp": "2026-01-12T15:00:00+00:00",
        "exit_timestamp": "2026-01-14T15:00:00+00:00",
    }
    still_open = {"exit_timestamp": None, "exit_price": None, "exit_type": None}

    def changed(trade_id: str, **fields: Any) -> dict[str, Any]:
        return plain | {"trade_id": trade_id} | fields

    without_features = changed("R-no-features")
    del without_features["rule_features"]
    other_names = changed("X-other-names", confidence=0.6, entry_quantity=7.0)
    other_names["entry_features"] = other_names.pop("rule_features")
    del other_names["rule_confidence"], other_names["quantity"]
    return [
        changed("O-never-closed", **still_open),
        changed("O-closed-later", **still_open),
        other_names,
        changed("X-local-time", entry_timestamp="2026-01-12T10:00:00"),
        changed("X-sign-of-mae", mae_pct=0.012),
        changed("X-no-mae", mae_pct=None, mfe_pct=None),
        changed("X-nan-feature", rule_features=plain["rule_features"] | {"trend": float("nan")}),
        changed("X-written-twice"),
        changed("X-written-twice"),
        changed("R-external", exit_type="EXTERNAL_CLOSE"),
        changed("R-liquidated", exit_type="LIQUIDATION"),
        changed("R-future", exit_timestamp="2027-06-01T15:00:00+00:00"),
        without_features,
        changed("R-empty-features", rule_features={}),
        changed("R-leak", rule_features={"rsi_14": 50.0, "mae_pct": -0.01}),
        changed("R-side", side="flat"),
        changed("R-price", exit_price=0.0),
        changed("R-percent", mae_pct=-3.5),
        changed("R-order", exit_timestamp="2026-01-11T15:00:00+00:00"),
        changed("R-moment", entry_timestamp="12/01/2026"),
        changed("R-no-symbol", symbol=None),
        changed("R-type", entry_price="184.2"),
        '{"trade_id": "R-torn", "symbol": "AAPL", "entry_pr',
        "not a record at all",
        "",
    ]


def closing_of_an_open_trade() -> dict[str, Any]:
    """The later line that closes one of the open trades."""
    (opened,) = [
        record
        for record in odd_records()
        if isinstance(record, dict) and record["trade_id"] == "O-closed-later"
    ]
    return opened | {
        "exit_timestamp": "2026-01-29T19:00:00+00:00",
        "exit_price": round(opened["entry_price"] * 1.02, 4),
        "exit_type": "MANUAL",
    }


def write_market(folder: Path) -> tuple[str, str]:
    """Daily bars of the sessions, and four signals at each close."""
    source = _seeded(14)
    close = {symbol: source.uniform(50, 300) for symbol in SYMBOLS}
    rows, signals = [], []
    for closed in SESSIONS:
        for symbol in SYMBOLS:
            opened = close[symbol] * (1 + source.gauss(0, 0.006))
            close[symbol] = opened * (1 + source.gauss(0, 0.02))
            high = max(opened, close[symbol]) * (1 + abs(source.gauss(0, 0.006)))
            low = min(opened, close[symbol]) * (1 - abs(source.gauss(0, 0.006)))
            prices = [round(price, 4) for price in (opened, high, low, close[symbol])]
            rows.append([symbol, f"{closed:%Y-%m-%d}", *prices, 1000])
        signals += [
            _signal(source, symbol, close[symbol], closed) for symbol in source.sample(SYMBOLS, 4)
        ]
    bars = folder / "bars.csv"
    with bars.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["symbol", "date", "open", "high", "low", "close", "volume"])
        writer.writerows(rows)
    write_lines(folder / "signals.jsonl", signals)
    return str(bars), str(folder / "signals.jsonl")


def _signal(source: random.Random, symbol: str, price: float, at: datetime) -> dict[str, Any]:
    side = source.choice(("long", "long", "short"))
    stop, target = (0.96, 1.05) if side == "long" else (1.04, 0.95)
    return {
        "symbol": symbol,
        "side": side,
        "timestamp": at.isoformat(),
        "price": round(price, 4),
        "quantity": 20.0,
        "rule_confidence": round(source.uniform(0.4, 0.9), 3),
        "features": _features(source)[0],
        "stop_price": round(price * stop, 4),
        "target_price": round(price * target, 4),
        "max_holding_days": 2.5,
    }


def feature_rows() -> list[dict[str, Any]]:
    """Thirty entries: 21 plain ones, then one for each thing that can be wrong with one."""
    source = _seeded(15)
    plain = [_features(source)[0] | {"gap_pct": 0.001 * number} for number in range(21)]
    whole = plain[0]
    return [
        *plain,
        whole | {"gap_pct": None},
        {name: value for name, value in whole.items() if name != "volume_ratio"},
        whole | {"gap_pct": None, "trend": None},
        whole | {"rsi_14": "61.5"},
        whole | {"atr_pct": 0.9},
        whole | {"trend": 1e300},
        whole | {"rsi_14": 61, "trend": True},
        whole | {"unknown_here": 4.0},
        {},
    ]


# --- the answers, and the archive -----------------------------------------------------------


def answers(logs: Path, models: dict[str, str]) -> dict[str, Any]:
    """What 0.1.0 says of `feature_rows`; the scope is copied, because asking writes a log."""
    rows = feature_rows()
    with TemporaryDirectory() as folder:
        copy = shutil.copytree(logs, Path(folder) / "logs")
        settings = load_settings(SETTINGS, logs_dir=copy, env="paper")
        scores = {
            model_id: _scores(settings.model_dir / model_id / "scorecard.json", rows)
            for model_id in models
        }
        active, verdicts = _verdicts(copy, rows, env="paper")
        signed, signed_verdicts = _verdicts(copy, rows, env="signed", ML_SIGNING_KEY=SIGNING_KEY)
    source = _seeded(16)
    return {
        "version": lib.__version__,
        "settings": SETTINGS,
        "signing_key": SIGNING_KEY,
        "in_session": IN_SESSION,
        "after_close": AFTER_CLOSE,
        "models": models,
        "active": active,
        "signed": signed,
        "rows": rows,
        "verdicts": verdicts,
        "signed_verdicts": signed_verdicts,
        "scores": scores,
        "next_trades": [_next_trade(source, number) for number in range(NEXT_TRADES)],
    }


def _verdicts(
    logs: Path, rows: list[dict[str, Any]], env: str, **environ: str
) -> tuple[str | None, list[dict[str, Any]]]:
    settings = load_settings(SETTINGS | environ, logs_dir=logs, env=env)
    with RiskFilter.load(settings, datetime.fromisoformat(IN_SESSION)) as risk:
        assert risk.mode == "ml", risk.mode_reason
        return risk.model_id, [_plain(risk.check(row)) for row in rows]


def _plain(verdict: Any) -> dict[str, Any]:
    return {
        "allowed": verdict.allowed,
        "risk_score": _hex(verdict.risk_score),
        "size_multiplier": _hex(verdict.size_multiplier),
        "reason": verdict.reason,
        "model_id": verdict.model_id,
    }


def _scores(path: Path, rows: list[dict[str, Any]]) -> list[str | None]:
    scorer = scorer_of(read_card(path.read_bytes(), path))
    return [_hex(scorer.assess(row).risk_score) for row in rows]


def _hex(number: float | None) -> str | None:
    return None if number is None else float(number).hex()


def _next_trade(source: random.Random, number: int) -> dict[str, Any]:
    """A trade of the days of the replay that closed in the session of `IN_SESSION`."""
    entered = SESSIONS[-1] - timedelta(hours=1, minutes=number)
    return _trade(source, 500 + number) | {
        "decision_timestamp": entered.isoformat(),
        "entry_timestamp": entered.isoformat(),
        "exit_timestamp": f"2026-02-03T18:{number:02d}:00+00:00",
    }


def write_lines(path: Path, records: list[Any]) -> None:
    """Append records as JSON lines; text is written as it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        for record in records:
            file.write((record if isinstance(record, str) else json.dumps(record)) + "\n")


def pack(logs: Path, archive: Path) -> None:
    """Pack a folder so that equal files give an equal archive: sorted, no owner, no times."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path in sorted(path for path in logs.rglob("*") if path.is_file()):
            member = tarfile.TarInfo(str(path.relative_to(logs.parent)))
            data = path.read_bytes()
            member.size, member.mode = len(data), 0o644
            tar.addfile(member, io.BytesIO(data))
    archive.write_bytes(gzip.compress(packed.getvalue(), compresslevel=9, mtime=0))


if __name__ == "__main__":
    main()
