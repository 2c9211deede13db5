"""Volumes of many scopes, and what a fleet has made of them."""

import json
from datetime import UTC, datetime
from pathlib import Path

from afterclose.nightly.journal import Journal
from builders import synthetic_records, write_ledger

NOW = datetime(2026, 1, 27, 22, tzinfo=UTC)
SESSION = "2026-01-27"

APART = 40
"""Hours between two decisions; at one an hour, 60 trades would all overlap the held-out ones."""


def scope(volume: Path, name: str, trades: int = 150) -> Path:
    """A scope with closed trades and nothing else; few of them are far enough apart to train."""
    root = volume / name
    root.mkdir(parents=True)
    write_ledger(root / "trade_ledger.jsonl", synthetic_records(trades * APART)[::APART])
    return root


def fleet_of(volume: Path, count: int, trades: int = 150) -> list[Path]:
    """That many scopes with the same trades."""
    return [scope(volume, f"us/p{number:04d}", trades) for number in range(count)]


def ends(root: Path) -> list[str]:
    """How the scope's cycles for the session ended, in order."""
    runs = Journal(root / "ml_runs.jsonl").runs("cycle")
    return [run.end.event for run in runs if run.end and run.start.session == SESSION]


def good_ends(root: Path) -> list[str]:
    """The ends of cycles that did their work; one that was killed in between has none."""
    return [event for event in ends(root) if event in {"COMPLETED", "SKIPPED"}]


def models(root: Path) -> list[str]:
    """The scope's models that are finished."""
    folder = root / "ml_models"
    found = folder.iterdir() if folder.is_dir() else ()
    return sorted(path.name for path in found if path.is_dir() and path.name[0] != ".")


def cards(root: Path) -> tuple[bytes, ...]:
    """The bytes of the scope's scorecards."""
    return tuple(path.read_bytes() for path in sorted(root.glob("ml_models/2*/scorecard.json")))


def rows_of(root: Path) -> list[str]:
    """The trade of each row of the scope's dataset."""
    lines = (root / "ml_training_dataset.jsonl").read_bytes().splitlines()
    return [str(json.loads(line)["trade_id"]) for line in lines]
