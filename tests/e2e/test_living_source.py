"""A bot's own database, imported before each cycle as the crontab's line does it."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from bar_builders import wandering
from import_sources import bot
from repository import REPOSITORY

SYMBOLS, DAYS, TRADES = 4, 460, 150
FIRST_ENTRY = datetime(2025, 8, 4, 15, tzinfo=UTC)
NIGHTS = ["2026-01-26T22:00:00+00:00", "2026-01-27T22:00:00+00:00", "2026-01-28T22:00:00+00:00"]


@pytest.fixture
def bars(tmp_path: Path) -> Path:
    path = tmp_path / "prices.csv"
    wandering(SYMBOLS, DAYS, seed=3, start="2024-05-01").to_csv(path, index=False)
    return path


def rows(count: int, *, still_open: int = 0) -> list[tuple[object, ...]]:
    """The bot's table after ``count`` entries, the last ``still_open`` of them without an exit."""
    chance = np.random.default_rng(5)
    made: list[tuple[object, ...]] = []
    for number in range(count):
        entered = FIRST_ENTRY + timedelta(hours=28 * number)
        left = entered + timedelta(days=2)
        gain = float(chance.normal(0.002, 0.03))
        ended = number < count - still_open
        price = 100 * (1 + gain)
        made.append(
            (
                number + 1, "x", f"S{number % SYMBOLS}", int(not ended), 0, 0, 100.0,
                price if ended else None, 10 * (price - 100) if ended else None, 10.0,
                f"{entered:%Y-%m-%d %H:%M:%S}", f"{left:%Y-%m-%d %H:%M:%S}" if ended else None,
                100 * min(1.0, 1 + gain) - 0.5, 100 * max(1.0, 1 + gain) + 0.5, "s",
            )
        )  # fmt: skip
    return made


def run(name: str, logs: Path, now: str, *options: str) -> dict[str, object]:
    done = subprocess.run(
        [sys.executable, "-m", f"jobs.{name}", "--logs-dir", str(logs), "--now", now, "--json",
         *options],
        capture_output=True, text=True, check=False, cwd=REPOSITORY,
        env={k: v for k, v in os.environ.items() if not k.startswith("ML_")},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def test_a_database_that_grows_between_nights_ends_in_a_trained_candidate(
    tmp_path: Path, bars: Path
) -> None:
    logs, path = tmp_path / "logs", tmp_path / "bot.sqlite"
    source = [str(path), "--bars", str(bars)]
    connection = bot(path, rows(TRADES - 6, still_open=2), wal=True)  # the bot keeps it open

    first = run("import_ledger", logs, NIGHTS[0], *source)
    assert (first["added"], first["open"]) == (TRADES - 6, 2)
    night = run("cycle", logs, NIGHTS[0])
    assert night["model_id"]

    changed = rows(TRADES)
    changed[0] = (*changed[0][:7], 103.0, 30.0, *changed[0][9:])  # the bot corrects a price
    connection.executemany(
        f"insert or replace into trades values ({','.join('?' * 15)})",  # noqa: S608 - a count
        changed,
    )
    connection.commit()
    second = run("import_ledger", logs, NIGHTS[1], *source)
    assert (second["added"], second["changed"], second["open"]) == (6, 3, 0)
    assert len(second["changed_ids"]) == 3  # two that were open, one corrected: each is named
    again = run("cycle", logs, NIGHTS[1])
    assert again["model_id"] != night["model_id"]

    third = run("import_ledger", logs, NIGHTS[2], *source)
    assert (third["status"], third["added"], third["changed"]) == ("unchanged", 0, 0)
    dataset = (logs / "us" / "paper" / "ml_training_dataset.jsonl").read_text().splitlines()
    ids = [json.loads(line)["trade_id"] for line in dataset]
    assert len(ids) == len(set(ids)) == TRADES
    waiting = run("candidates", logs, NIGHTS[2])
    assert again["model_id"] in json.dumps(waiting)
    connection.close()
