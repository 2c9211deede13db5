"""Years of nights on a ledger that grows: files, memory and time stay within bounds."""

import resource
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

import pytest

from afterclose.ml_orchestrator import OfflineMLOrchestrator
from afterclose.model_registry import ModelRegistry
from afterclose.nightly.journal import ROTATE_BYTES
from afterclose.operating.cycle import run_cycle
from afterclose.operating.verification import verify_scope
from afterclose.registry import event_log, reader
from afterclose.settings import Settings
from breaking import (
    Lab,
    closed_in_ledgers,
    newest_model,
    rows_by_trade,
    settings_of,
    trades,
)
from builders import append_ledger, write_ledger

FIRST_TRADES = 60
FIRST_NIGHT = datetime(2024, 3, 12, 1, tzinfo=UTC)
KEEP_MODELS = 10
PROMOTE_EVERY = 7
TRADE_EVERY = 5
"""Nights; a swing strategy closes no trade on most of them."""

WARM_NIGHTS = 100
"""All caches are filled by then: memory is compared with what it was that night."""


def soaked(logs: Path) -> Settings:
    """A market that never closes, so that each day is a night of work."""
    return settings_of(logs, ML_MARKET="crypto", ML_KEEP_MODELS=str(KEEP_MODELS))


def timed_cycle(scope: Settings, now: datetime) -> float:
    """Seconds of processor time of one cycle that reads everything anew, as each night's does."""
    event_log._audited.clear()
    reader._states.clear()
    started_s = time.process_time()
    outcome = run_cycle(scope, now)
    assert outcome.exit_code == 0, outcome.reason
    assert outcome.status in {"done", "skipped"}, outcome.reason
    return time.process_time() - started_s


def memory_mib() -> int:
    """The most that this process ever held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10


@pytest.mark.slow
def test_after_years_of_nights_a_scope_is_as_quick_and_tidy_as_a_new_one(lab: Lab) -> None:
    nights = lab.often(1000, 10)
    scope = soaked(lab.folder / "old")
    records = trades(FIRST_TRADES + 1 + nights // TRADE_EVERY)
    write_ledger(scope.ledger_paths[0], records[:FIRST_TRADES])
    took_s, warm_mib = [], 0
    for night in range(nights):
        now = FIRST_NIGHT + timedelta(days=night)
        took_s.append(timed_cycle(scope, now))
        OfflineMLOrchestrator.from_settings(scope).build(now)  # by hand, for the journal to grow
        if night % PROMOTE_EVERY == 0:
            registry = ModelRegistry.from_settings(scope)
            registry.promote_candidate(newest_model(scope), "the newest", now=now)
        if night % TRADE_EVERY == 0:
            append_ledger(scope.ledger_paths[0], [records[FIRST_TRADES + night // TRADE_EVERY]])
        warm_mib = memory_mib() if night <= WARM_NIGHTS else warm_mib
    grown_mib = memory_mib() - warm_mib
    append_ledger(scope.ledger_paths[0], records[-1:])
    fresh = soaked(lab.folder / "new")
    write_ledger(fresh.ledger_paths[0], records)
    last = FIRST_NIGHT + timedelta(days=nights)
    again_s = [timed_cycle(scope, last), timed_cycle(fresh, last)]
    idle = [timed_cycle(one, last + timedelta(days=1)) for one in (scope, fresh)]

    files = [path for path in scope.root.rglob("*") if path.is_file()]
    models = [path for path in scope.model_dir.iterdir() if path.is_dir()]
    assert len(models) <= KEEP_MODELS + 3  # the newest, the active, the previous, the locked
    assert len(files) <= 15 + 6 * len(models)
    journals = sorted(path.stat().st_size for path in scope.root.glob("ml_runs.jsonl*"))
    assert sum(journals) <= 2 * ROTATE_BYTES + 100_000
    assert len(journals) == (2 if lab.full else 1), "the journal was rotated"
    assert rows_by_trade(scope) == closed_in_ledgers(scope) == rows_by_trade(fresh)
    assert verify_scope(scope, last).exit_code == 0
    assert again_s[0] <= 1.5 * again_s[1] + 0.5  # all that is kept costs no more than the data
    assert idle[0] <= idle[1] + 0.3
    assert grown_mib <= 64
    events_kib = (scope.model_dir / "registry_events.jsonl").stat().st_size >> 10
    lab.tally(f"nights on a growing ledger ({FIRST_TRADES} to {len(records)} trades)", nights)
    lab.note(
        f"processor time of a night: {median(took_s[10:110] or took_s):.2f} s, of the last "
        f"hundred {median(took_s[-100:]):.2f} s; one more with a new trade {again_s[0]:.2f} s, in "
        f"a new scope with the same ledger {again_s[1]:.2f} s; one more without {idle[0]:.2f} s, "
        f"in the new scope {idle[1]:.2f} s; {len(files)} files, {len(models)} models, "
        f"{events_kib} KiB of events, journals {sum(journals) >> 10} KiB; {warm_mib} MiB of "
        f"memory at most by night {min(nights, WARM_NIGHTS)}, {grown_mib} MiB more in the end"
    )
