"""Years of nights on a ledger that grows: files, memory and time stay within bounds."""

import resource
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from breaking import (
    Lab,
    closed_in_ledgers,
    newest_model,
    rows_by_trade,
    settings_of,
    trades,
)
from builders import append_ledger, write_ledger

from lib.model_registry import ModelRegistry
from lib.nightly.cycle import run_cycle
from lib.nightly.verification import verify_scope
from lib.settings import Settings

FIRST_TRADES = 60
FIRST_NIGHT = datetime(2024, 3, 12, 1, tzinfo=UTC)
KEEP_MODELS = 10
PROMOTE_EVERY = 7
TRADE_EVERY = 5
"""Nights; a swing strategy closes no trade on most of them."""


def soaked(logs: Path) -> Settings:
    """A market that never closes, so that each day is a night of work."""
    return settings_of(logs, ML_MARKET="crypto", ML_KEEP_MODELS=str(KEEP_MODELS))


def timed_cycle(scope: Settings, now: datetime) -> float:
    started_s = time.perf_counter()
    outcome = run_cycle(scope, now)
    assert outcome.exit_code == 0, outcome.reason
    assert outcome.status in {"done", "skipped"}, outcome.reason
    return time.perf_counter() - started_s


@pytest.mark.slow
def test_after_years_of_nights_a_scope_is_as_quick_and_tidy_as_a_new_one(lab: Lab) -> None:
    nights = lab.often(1000, 10)
    scope = soaked(lab.folder / "old")
    records = trades(FIRST_TRADES + 1 + nights // TRADE_EVERY)
    write_ledger(scope.ledger_paths[0], records[:FIRST_TRADES])
    took_s = []
    for night in range(nights):
        now = FIRST_NIGHT + timedelta(days=night)
        took_s.append(timed_cycle(scope, now))
        if night % PROMOTE_EVERY == 0:
            registry = ModelRegistry.from_settings(scope)
            registry.promote_candidate(newest_model(scope), "the newest", now=now)
        if night % TRADE_EVERY == 0:
            append_ledger(scope.ledger_paths[0], [records[FIRST_TRADES + night // TRADE_EVERY]])
    append_ledger(scope.ledger_paths[0], records[-1:])
    kept_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    fresh = soaked(lab.folder / "new")
    write_ledger(fresh.ledger_paths[0], records)
    last = FIRST_NIGHT + timedelta(days=nights)
    again_s = [timed_cycle(scope, last), timed_cycle(fresh, last)]

    files = [path for path in scope.root.rglob("*") if path.is_file()]
    models = [path for path in scope.model_dir.iterdir() if path.is_dir()]
    assert len(models) <= KEEP_MODELS + 3  # the newest, the active, the previous, the locked
    assert len(files) <= 15 + 6 * len(models)
    journal_bytes = sum(path.stat().st_size for path in scope.root.glob("ml_runs.jsonl*"))
    assert journal_bytes <= 2 * (2 << 20) + 100_000
    assert rows_by_trade(scope) == closed_in_ledgers(scope) == rows_by_trade(fresh)
    assert verify_scope(scope, last).exit_code == 0
    assert again_s[0] <= 3 * again_s[1] + 1.0  # all that is kept costs no more than the data
    events_kib = (scope.model_dir / "registry_events.jsonl").stat().st_size >> 10
    lab.tally(f"nights on a growing ledger ({FIRST_TRADES} to {len(records)} trades)", nights)
    lab.note(
        f"the longest of the first ten nights took {max(took_s[:10]):.2f} s, of the "
        f"last ten {max(took_s[-10:]):.2f} s; one more night {again_s[0]:.2f} s, "
        f"in a new scope with the same ledger {again_s[1]:.2f} s; {len(files)} files, "
        f"{len(models)} models, {events_kib} KiB of events, journal {journal_bytes >> 10} KiB, "
        f"{kept_kib >> 10} MiB of memory at most"
    )
