"""ML_LOG_FORMAT=json: every line is one object with run id and scope; text stays the default."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from afterclose.cron.cron_runner import _json_printer
from afterclose.nightly.journal import Journal
from afterclose.settings import Settings
from builders import write_ledger
from repository import REPOSITORY


def job(name: str, logs: Path, *options: str, **names: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", f"jobs.{name}", "--logs-dir", str(logs), *options],
        cwd=REPOSITORY, env={"PATH": "/usr/bin:/bin", **names},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def lines_of(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_a_job_ends_with_one_line_that_has_the_journals_run_id(tmp_path: Path) -> None:
    write_ledger(tmp_path / "us" / "paper" / "trade_ledger.jsonl", [])
    done = job("build", tmp_path, ML_LOG_FORMAT="json")
    (line,) = lines_of(done.stdout + done.stderr)
    assert line["scope"] == "us/paper"
    assert line["job"] == "build"
    assert (line["level"], line["status"], line["exit_code"]) == ("info", "unchanged", 0)
    (run,) = Journal(tmp_path / "us" / "paper" / "ml_runs.jsonl").runs("build")
    assert run.run_id == line["run_id"]


def test_errors_and_debug_lines_are_objects_too(tmp_path: Path) -> None:
    done = job("rollback", tmp_path, "-v", ML_LOG_FORMAT="json")
    lines = lines_of(done.stdout + done.stderr)
    assert lines[-1]["level"] == "error"
    assert lines[-1]["exit_code"] == done.returncode == 3
    assert len({line["run_id"] for line in lines}) == 1


def test_unusable_settings_are_said_in_the_format_that_was_asked_for(tmp_path: Path) -> None:
    done = job("build", tmp_path, ML_LOG_FORMAT="json", ML_NOPE="1")
    (line,) = lines_of(done.stderr)
    assert "ML_NOPE" in line["message"]
    assert line["exit_code"] == 2


def test_text_is_the_default_and_a_result_stays_one_object(tmp_path: Path) -> None:
    assert "DATASET BUILDING" in job("build", tmp_path).stdout
    (result,) = lines_of(job("build", tmp_path, "--json", ML_LOG_FORMAT="json").stdout)
    assert result["job"] == "build"
    assert "rows_total" in result


def test_cron_wraps_what_is_no_object_and_leaves_what_is_one(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    show = _json_printer(settings)
    show('cycle | {"level":"info","message":"from the job"}')
    show("cycle | plain text\ncron | started")
    own, text, started = lines_of(capsys.readouterr().out)
    assert own == {"level": "info", "message": "from the job"}
    assert (text["job"], text["message"], text["scope"]) == ("cycle", "plain text", "us/paper")
    assert started["job"] == "cron"
