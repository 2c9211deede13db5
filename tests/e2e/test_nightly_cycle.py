"""The nightly work as its user runs it: jobs as processes, state only in files."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from builders import synthetic_records, write_ledger
from repository import REPOSITORY

AFTER_CLOSE = "2026-01-27T21:45:00+00:00"  # a Tuesday, 45 minutes after New York's close
IN_SESSION = "2026-01-28T15:00:00+00:00"
NEXT_EVENING = "2026-01-28T21:45:00+00:00"


def job(name: str, logs: Path, *options: str, now: str = AFTER_CLOSE, **environ: str):
    """Run one job in a process of its own; its JSON result under ``result``."""
    done = subprocess.run(
        [sys.executable, "-m", f"jobs.{name}", "--logs-dir", str(logs), "--now", now, "--json",
         *options],
        capture_output=True, text=True, check=False, cwd=REPOSITORY,
        env={k: v for k, v in os.environ.items() if not k.startswith("ML_")} | environ,
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    return done.returncode, json.loads(done.stdout)


def scope(logs: Path, env: str = "paper") -> Path:
    return logs / "us" / env


def snapshot(root: Path, *without: str) -> dict[str, bytes]:
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and path.name not in {".lock", *without}
    }


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    write_ledger(scope(tmp_path / "logs") / "trade_ledger.jsonl", synthetic_records(245))
    return tmp_path / "logs"


def test_four_processes_and_one_cycle_leave_the_same_files(logs: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    write_ledger(scope(other) / "trade_ledger.jsonl", synthetic_records(245))
    for name in ("build", "train", "evaluate", "register"):
        code, result = job(name, logs)
        assert (code, result["status"]) == (0, "done"), result
    code, result = job("cycle", other)
    assert (code, result["status"]) == (0, "done"), result
    # The journal, the status, the session table and the scope's page belong to a cycle as a whole.
    own = ("ml_runs.jsonl", "ml_status.json", "ml_sessions.json", "ml_metrics.prom", "index.html")
    assert snapshot(scope(logs), *own) == snapshot(scope(other), *own)


def test_a_second_run_changes_nothing_but_the_journal(logs: Path) -> None:
    assert job("cycle", logs)[0] == 0
    before = snapshot(scope(logs), "ml_runs.jsonl", "ml_status.json", "ml_metrics.prom")
    code, result = job("cycle", logs)
    assert (code, result["status"]) == (0, "nothing_due")
    assert "2026-01-27" in result["reason"]
    for name in ("build", "train", "evaluate", "register"):
        code, result = job(name, logs)
        assert code == 0
        assert result["status"] in {"unchanged", "skipped", "nothing_due"}, result
    assert snapshot(scope(logs), "ml_runs.jsonl", "ml_status.json", "ml_metrics.prom") == before


def test_a_candidate_waits_for_a_person_who_promotes_it_and_rolls_it_back(logs: Path) -> None:
    _, result = job("cycle", logs)
    first = result["model_id"]
    assert job("status", logs)[1]["active_model"] is None
    code, result = job("promote", logs, "--id", first, "--reason", "better expectancy")
    assert (code, result["status"]) == (3, "refused")
    which, in_money = result["reason"].splitlines()
    assert "of 14 gates refuse it: " in which
    assert in_money.startswith("Would have earned ")
    assert in_money.endswith("To promote it all the same: ANYWAY=1 (--anyway).")
    code, result = job(
        "promote", logs, "--id", first, "--reason", "I know", "--anyway", "--by", "ann@desk"
    )
    assert (code, result["status"]) == (0, "done")
    assert result["against"] == [which.partition(": ")[2], in_money.partition(" To promote")[0]]
    assert "ann@desk" in (scope(logs) / "ml_models/registry_events.jsonl").read_text()
    write_ledger(scope(logs) / "trade_ledger.jsonl", synthetic_records(260))
    _, result = job("cycle", logs, now=NEXT_EVENING)
    second = result["model_id"]
    assert second != first
    assert job("promote", logs, "--id", second, "--anyway", now=NEXT_EVENING)[0] == 0
    assert job("status", logs, now=NEXT_EVENING)[1]["active_model"]["id"] == second
    assert job("rollback", logs, "--reason", "worse", now=NEXT_EVENING)[0] == 0
    assert job("status", logs, now=NEXT_EVENING)[1]["active_model"]["id"] == first
    # It was decided on before: returning to it asks no gate again.
    assert job("promote", logs, "--id", second, now=NEXT_EVENING)[0] == 0


def test_during_a_session_lock_nobody_promotes_or_rolls_back(logs: Path) -> None:
    _, result = job("cycle", logs)
    model_id = result["model_id"]
    assert job("promote", logs, "--id", model_id, "--anyway")[0] == 0
    assert job("lock", logs, now="2026-01-28T13:00:00+00:00")[0] == 0
    code, result = job("promote", logs, "--id", model_id, now=IN_SESSION)
    assert code == 3
    assert "2026-01-28T21:00" in result["reason"]
    assert job("rollback", logs, now=IN_SESSION)[0] == 3
    assert job("status", logs, now=IN_SESSION)[1]["lock"]["session"] == "2026-01-28"
    assert job("status", logs, now=NEXT_EVENING)[1]["lock"] is None


def test_nothing_is_trained_while_the_market_is_open(logs: Path) -> None:
    code, result = job("cycle", logs, now=IN_SESSION)
    assert (code, result["status"]) == (0, "nothing_due")
    assert "open" in result["reason"]
    assert job("build", logs, now=IN_SESSION)[0] == 0
    assert job("train", logs, now=IN_SESSION)[0] == 3
    assert not list(scope(logs).glob("ml_models/2*"))


def test_a_live_scope_never_trains(logs: Path, tmp_path: Path) -> None:
    write_ledger(scope(logs, "live") / "trade_ledger.jsonl", synthetic_records(60))
    for name in ("train", "cycle"):
        code, result = job(name, logs, "--env", "live")
        assert code == 3
        assert "FROM=us/paper" in result["reason"]
    assert not list(scope(logs, "live").glob("ml_models/2*"))
    assert job("cycle", logs, "--env", "live", ML_ALLOW_LIVE_TRAINING="true")[0] == 0


def test_a_live_scope_gets_its_model_from_paper(logs: Path) -> None:
    _, result = job("cycle", logs)
    model_id = result["model_id"]
    how = ["--env", "live", "--id", model_id, "--from", "us/paper"]
    assert job("promote", logs, *how)[0] == 3
    assert not list(scope(logs, "live").glob("ml_models/2*"))
    assert job("promote", logs, *how, "--anyway")[0] == 0
    assert job("status", logs, "--env", "live")[1]["active_model"]["id"] == model_id
    assert job("status", logs)[1]["active_model"] is None


def test_too_small_a_dataset_is_said_and_handled_once(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    write_ledger(scope(logs) / "trade_ledger.jsonl", synthetic_records(5))
    code, result = job("cycle", logs)
    assert (code, result["status"]) == (0, "skipped")
    assert "Dataset too small (5 rows). Need >= 20 for training." in result["reason"]
    assert job("cycle", logs)[1]["status"] == "nothing_due"


def test_an_unknown_model_is_refused_and_a_malformed_id_unusable(logs: Path) -> None:
    assert job("promote", logs, "--id", "20200101_000000")[0] == 3
    code, result = job("promote", logs, "--id", "../../../etc/passwd")
    assert code == 2
    assert "20260127_153000" in result["reason"]


def test_a_holiday_weekend_is_caught_up_once(logs: Path) -> None:
    # New York was closed on Monday 2026-01-19; its last session was Friday the 16th.
    code, result = job("cycle", logs, now="2026-01-20T12:00:00+00:00")
    assert (code, result["session"]) == (0, "2026-01-16")
    assert job("cycle", logs, now="2026-01-20T13:00:00+00:00")[1]["status"] == "nothing_due"


def test_a_wrong_calendar_is_exit_2_and_one_that_ended_goes_on(logs: Path) -> None:
    assert job("cycle", logs, ML_CALENDAR="XNSE")[0] == 2
    code, result = job("cycle", logs, now="2060-01-04T12:00:00+00:00", ML_CALENDAR="XBOM")
    assert (code, result["session"]) == (0, "2060-01-02")


def test_a_cycle_that_is_asked_to_stop_ends_at_once_and_counts_as_no_attempt(logs: Path) -> None:
    write_ledger(scope(logs) / "trade_ledger.jsonl", synthetic_records(4000))
    journal = scope(logs) / "ml_runs.jsonl"
    for _ in range(4):
        lines = journal.read_text().count("START") if journal.exists() else 0
        running = subprocess.Popen(
            [sys.executable, "-m", "jobs.cycle", "--logs-dir", str(logs), "--now", AFTER_CLOSE],
            cwd=REPOSITORY, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        deadline = time.monotonic() + 30
        while not journal.exists() or journal.read_text().count("START") == lines:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        running.terminate()
        assert running.communicate(timeout=8)[1] == "cycle: interrupted\n"
        assert running.returncode == 1
    ends = [json.loads(line) for line in journal.read_text().splitlines()]
    assert {line["event"] for line in ends if line["job"] == "cycle"} == {"START", "STOPPED"}
    code, result = job("status", logs, "--health")
    assert (code, result["alerts"]) == (0, [])
    assert job("cycle", logs)[1]["status"] == "done"
