"""`afterclose JOB`: every job once, in the order of a trader's day, and the same exit codes."""

from pathlib import Path

import pytest

from afterclose.cli import known_jobs, main
from repository import REPOSITORY


def test_the_list_has_every_job_once() -> None:
    files = {path.stem for path in (REPOSITORY / "jobs").glob("*.py")} - {"__init__"}
    assert sorted(known_jobs()) == sorted(files)


def test_without_a_word_it_lists_the_jobs_with_what_each_does(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main([]) == 0
    shown = capsys.readouterr().out
    assert shown.index("  lock ") < shown.index("  cycle ") < shown.index("  promote ")
    assert "Make a candidate the active model" in shown


def test_an_unknown_job_is_named_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["promot"]) == 2
    assert "no job 'promot'. Did you mean promote?" in capsys.readouterr().err


def test_a_job_runs_with_its_options_and_its_exit_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["status", "--logs-dir", str(tmp_path), "--json"]) == 0
    assert '"job":"status"' in capsys.readouterr().out
    assert main(["promote", "--logs-dir", str(tmp_path), "--id", "20260127_153000"]) == 3


def test_a_missing_library_is_named_with_the_extra_that_has_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def absent(*_: object, **__: object) -> None:
        raise ModuleNotFoundError("No module named 'sklearn'", name="sklearn")

    monkeypatch.setattr("afterclose.nightly.operator_view.show_status", absent)
    assert main(["status", "--logs-dir", str(tmp_path)]) == 2
    assert "'sklearn'" in (told := capsys.readouterr().err)
    assert "pip install 'afterclose[nightly]'" in told
