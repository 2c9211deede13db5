"""`make placebo` on a scope: what it says, and that nothing in the scope changes."""

from datetime import timedelta
from pathlib import Path

import pytest

from afterclose.dataset_builder import DatasetBuilder
from afterclose.errors import InputError
from afterclose.settings import Settings
from afterclose.study.gates.placebo_study import placebo
from builders import synthetic_records, write_ledger


def scope(logs: Path, records: int, *, effect: float = 1.5) -> Settings:
    settings = Settings(logs_dir=str(logs), bootstrap_resamples=200)
    apart = timedelta(hours=18)
    trades = synthetic_records(records, effect=effect, apart=apart)
    write_ledger(settings.ledger_paths[0], trades)
    DatasetBuilder.from_settings(settings).build()
    return settings


def every_byte(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {
        str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_it_counts_each_gate_and_changes_not_a_byte_of_the_scope(tmp_path: Path) -> None:
    settings = scope(tmp_path, 400)
    before = every_byte(tmp_path)
    outcome = placebo(settings, 3, quiet=True)
    assert every_byte(tmp_path) == before
    rates = outcome.details["rates"]
    assert rates["luck_of_all_nights"]["tries"] == 3
    assert rates["all gates together, tonight"]["happened"] == 0
    assert "blocked_lose_money" in rates
    assert "Your 400 trades with features that know nothing, 3 times" in outcome.text
    assert "luck of all nights on any night" in outcome.text
    assert len(outcome.text.splitlines()) < 40
    assert placebo(settings, 3, quiet=True).text == outcome.text


def test_what_cannot_be_asked_is_refused_with_the_remedy(tmp_path: Path) -> None:
    settings = scope(tmp_path, 8)
    with pytest.raises(InputError, match="Dataset too small"):
        placebo(settings, 2, quiet=True)
    with pytest.raises(InputError, match="0 placebos"):
        placebo(settings, 0, quiet=True)
