"""Fixtures that every kind of test may use."""

from pathlib import Path

import pytest

from afterclose.config import load_settings
from afterclose.settings import Settings


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Default settings over an empty volume, whatever this shell exports."""
    monkeypatch.chdir(tmp_path)
    return load_settings({}, logs_dir=tmp_path / "logs")
