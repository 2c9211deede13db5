"""Where a model came from is known, or said to be unknown."""

import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
import sklearn

from afterclose import __version__
from afterclose.learning import provenance


def test_versions_are_those_of_the_imported_libraries() -> None:
    versions = provenance.library_versions()
    assert versions["numpy"] == np.__version__
    assert versions["scikit-learn"] == sklearn.__version__
    assert versions["afterclose"] == __version__


def test_the_commit_is_the_one_that_git_names() -> None:
    done = subprocess.run(
        ["git", "rev-parse", "HEAD"],
        cwd=Path(provenance.__file__).parent,
        capture_output=True,
        text=True,
        check=False,
    )
    expected = done.stdout.strip() if done.returncode == 0 else None
    assert provenance.git_commit() == expected
    assert expected is None or re.fullmatch("[0-9a-f]{40}", expected)


def test_without_git_the_commit_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert provenance.git_commit() is None


def test_outside_a_repository_the_commit_is_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.setattr(provenance, "__file__", str(tmp_path / "provenance.py"))
    assert provenance.git_commit() is None


def test_a_model_of_xgboost_names_its_version_too() -> None:
    assert set(provenance.library_versions("xgboost")) - set(provenance.library_versions()) == {
        "xgboost"
    }
