"""From a night's work to its pages, as a person who follows the screen finds them."""

import json
import os
import subprocess
import sys
from pathlib import Path

from builders import synthetic_records, write_ledger
from repository import REPOSITORY

NOW = "2026-01-27T21:45:00+00:00"


def job(name: str, logs: Path, *options: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", f"jobs.{name}", "--logs-dir", str(logs), "--now", NOW, *options],
        capture_output=True, text=True, check=True, cwd=REPOSITORY,
        env={name: value for name, value in os.environ.items() if not name.startswith("ML_")},
    )  # fmt: skip
    return done.stdout


def test_the_screen_names_the_page_and_a_lost_page_is_missed_and_drawn_again(
    tmp_path: Path,
) -> None:
    scope = tmp_path / "us" / "paper"
    write_ledger(scope / "trade_ledger.jsonl", synthetic_records(245))
    said = job("cycle", tmp_path)
    (page,) = scope.glob("ml_models/*/report.html")
    model_id = page.parent.name
    assert f"To look at it first, open in a browser:\n  {page}\n" in said
    drawn = page.read_bytes()
    assert model_id.encode() in drawn
    assert f'href="ml_models/{model_id}/report.html"' in (scope / "index.html").read_text()

    page.unlink()
    (alert,) = json.loads(job("status", tmp_path, "--json"))["alerts"]
    assert alert == f"the review page of {model_id} is missing; `make report` draws it"

    result = json.loads(job("report", tmp_path, "--json"))
    assert (result["status"], result["drawn"]) == ("done", [model_id])
    assert page.read_bytes() == drawn
    assert json.loads(job("status", tmp_path, "--json"))["alerts"] == []

    job("promote", tmp_path, "--id", model_id, "--reason", "looked at it", "--anyway")
    job("report", tmp_path)
    index = (scope / "index.html").read_text()
    assert "looked at it" in index
    assert "awaits you" not in index


def test_two_models_are_compared_and_the_scopes_page_leads_there(tmp_path: Path) -> None:
    scope = tmp_path / "us" / "paper"
    records = synthetic_records(260)
    write_ledger(scope / "trade_ledger.jsonl", records[:245])
    job("cycle", tmp_path)
    (first,) = [path.parent.name for path in scope.glob("ml_models/*/report.html")]
    job("promote", tmp_path, "--id", first, "--anyway")
    assert f"{first} is active" in (scope / "index.html").read_text()  # drawn by the promotion
    write_ledger(scope / "trade_ledger.jsonl", records)
    job("build", tmp_path, "--now", "2026-01-28T21:45:00+00:00")
    job("train", tmp_path, "--now", "2026-01-28T21:45:00+00:00")
    job("evaluate", tmp_path, "--now", "2026-01-28T21:45:00+00:00")
    job("register", tmp_path, "--now", "2026-01-28T21:45:00+00:00")
    said = json.loads(job("compare", tmp_path, "--json"))
    second = "20260128_214500"
    assert (said["first"], said["second"]) == (first, second)
    assert said["decisions"] > 100
    assert said["low"] <= said["net_pnl_difference"] <= said["high"]
    page = scope / f"compare_{first}_{second}.html"
    assert said["page"] == str(page)
    drawn = page.read_bytes()
    job("compare", tmp_path, "--a", first, "--b", second)
    assert page.read_bytes() == drawn
    job("report", tmp_path)
    assert f'data-drawn="{first}_{second}"' in (scope / "index.html").read_text()
    job("deactivate", tmp_path, "--reason", "enough")
    assert "No model is active" in (scope / "index.html").read_text()
