"""The edge of every job: exit codes, one JSON object on stdout, no traceback."""

import argparse
import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from afterclose.errors import AftercloseError, InputError, MarketOpen, ScopeBusy
from afterclose.records import Outcome
from afterclose.runner import job_parser, run_job, seconds, whole_number
from repository import REPOSITORY


@pytest.fixture(autouse=True)
def _in_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def parser() -> argparse.ArgumentParser:
    return job_parser("probe", "A probe.")


def test_options_reach_the_settings_and_now(capsys: pytest.CaptureFixture[str]) -> None:
    seen = {}

    def run(settings, now, args):
        seen.update(root=settings.root, now=now)
        return Outcome(job="probe", status="done", reason="because", details={"rows": 3})

    argv = ["--logs-dir", "v", "--market", "india", "--env", "live", "--now", "2026-01-01"]
    assert run_job(run, parser(), [*argv, "--json"]) == 0
    assert seen == {"root": Path("v/india/live"), "now": datetime(2026, 1, 1, tzinfo=UTC)}
    printed = json.loads(capsys.readouterr().out)
    assert printed["status"] == "done"
    assert printed["rows"] == 3
    assert printed["schema_version"] == 1


def test_people_see_the_text_or_the_reason_and_quiet_shows_neither(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def run(settings, now, args):
        return Outcome(job="probe", status="nothing_due", reason="no session is due")

    assert run_job(run, parser(), []) == 0
    assert capsys.readouterr().out == "probe: no session is due\n"
    assert run_job(run, parser(), ["-q"]) == 0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("error", "code", "status"),
    [
        (AftercloseError("it broke"), 1, "failed"),
        (InputError("bad file"), 2, "unusable"),
        (MarketOpen("open until 16:00"), 3, "refused"),
        (ScopeBusy("busy"), 4, "busy"),
        (ZeroDivisionError("division by zero"), 1, "failed"),
    ],
)
def test_an_error_is_one_sentence_an_exit_code_and_one_json_object(
    error: Exception, code: int, status: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(settings, now, args):
        raise error

    assert run_job(run, parser(), ["--json"]) == code
    shown = capsys.readouterr()
    assert json.loads(shown.out)["status"] == status
    assert str(error) in shown.err
    assert "Traceback" not in shown.err


def test_a_bad_setting_or_moment_is_exit_2(capsys: pytest.CaptureFixture[str]) -> None:
    def run(settings, now, args):
        raise AssertionError("must not be reached")

    assert run_job(run, parser(), ["--market", "mars"]) == 2
    assert run_job(run, parser(), ["--now", "soon"]) == 2
    assert "mars" in capsys.readouterr().err


def test_an_unknown_option_is_exit_2() -> None:
    with pytest.raises(SystemExit) as caught:
        run_job(lambda s, n, a: Outcome(job="", status=""), parser(), ["--colour"])
    assert caught.value.code == 2


@pytest.mark.parametrize("argv", [["--json", "--colour"], ["--now", "--json"]])
def test_unusable_arguments_are_one_json_object_too(
    argv: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        run_job(lambda s, n, a: Outcome(job="", status=""), parser(), argv)
    assert caught.value.code == 2
    shown = capsys.readouterr()
    said = json.loads(shown.out)
    assert (said["job"], said["status"], said["exit_code"]) == ("probe", "unusable", 2)
    assert said["reason"] in shown.err


def test_a_job_ends_without_a_last_search_for_garbage() -> None:
    """Python looks through all that the libraries made when it ends: a tenth of a cycle."""
    code = """
import atexit, gc
atexit.register(lambda: print(len(gc.get_objects()), gc.get_freeze_count() > 1000))
from afterclose.records import Outcome
from afterclose.runner import job_parser, run_job, seconds, whole_number
run_job(lambda *_: Outcome(job="probe", status="done"), job_parser("probe", ""), ["-q"])
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=REPOSITORY
    )
    left, frozen = done.stdout.split()
    assert int(left) < 100
    assert frozen == "True"


@pytest.mark.parametrize(("shared", "mode"), [("true", 0o020), ("false", 0)])
def test_a_jobs_files_and_folders_are_group_writable_where_the_settings_say_so(
    tmp_path: Path, shared: str, mode: int
) -> None:
    code = "import os, sys; os.umask(0o022); from jobs import cycle as job; "
    code += "from afterclose.runner import run_job; sys.exit(run_job(job.run, job.parser()))"
    done = subprocess.run(
        [sys.executable, "-c", code, "--logs-dir", str(tmp_path), "--now", "2026-01-27T22:00Z"],
        check=False, capture_output=True, cwd=REPOSITORY,
        env=os.environ | {"ML_GROUP_WRITABLE": shared},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    made = [tmp_path / "us", *(tmp_path / "us").rglob("*")]
    assert {"ml_runs.jsonl", "ml_status.json", ".lock", "paper"} <= {path.name for path in made}
    assert {path.stat().st_mode & 0o020 for path in made} == {mode}


def test_what_was_done_is_done_though_stdout_is_full() -> None:
    script = (
        "from afterclose.runner import *\nfrom afterclose.records import Outcome\n"
        "run = lambda *_: Outcome(job='probe', status='done', reason='because')\n"
        "sys.exit(run_job(run, job_parser('probe', ''), []))"
    )
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [sys.executable, "-c", script], stdout=full, stderr=subprocess.PIPE, text=True,
            check=False,
        )  # fmt: skip
    assert ended.returncode == 0
    assert ended.stderr.startswith("probe: done, but it could not be printed:")


@pytest.mark.parametrize("text", ["-1", "0", "five", "2.5", "nan"])
def test_an_option_that_is_no_such_number_is_named_with_the_bound(
    text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    options = parser()
    options.add_argument("--count", type=whole_number(1))
    assert options.parse_args(["--count", "1"]).count == 1
    with pytest.raises(SystemExit, match="2"):
        options.parse_args([f"--count={text}"])
    assert f"argument --count: {text!r} is no whole number from 1 on" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["-0.5", "nan", "inf", "soon"])
def test_an_option_in_seconds_is_finite_and_not_below_0(
    text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    options = parser()
    options.add_argument("--wait-s", type=seconds)
    assert options.parse_args(["--wait-s", "0.5"]).wait_s == 0.5
    with pytest.raises(SystemExit, match="2"):
        options.parse_args([f"--wait-s={text}"])
    assert f"argument --wait-s: {text!r} is no number of seconds" in capsys.readouterr().err


def test_every_number_among_the_options_of_the_jobs_has_a_bound() -> None:
    unbounded = [
        path.name
        for path in (REPOSITORY / "jobs").glob("*.py")
        if "type=int" in path.read_text() or "type=float" in path.read_text()
    ]
    assert unbounded == []
