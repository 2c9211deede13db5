"""A process that is killed, or loses its power: at each disk call in turn, and at any moment.

Afterwards everybody can read, the active model is the old or the new one, the next run does
the rest, and every trade is there once.
"""

import json
import os
import random
import time
from itertools import islice

import pytest

from afterclose.dataset_builder import DatasetBuilder
from afterclose.ledger import TradeLedger
from afterclose.model_registry import ModelRegistry
from afterclose.operating.cycle import run_cycle
from afterclose.operating.verification import verify_scope
from afterclose.paper_trading_executor import PaperTradingExecutor
from afterclose.risk_filter import RiskFilter
from afterclose.settings import Settings
from breaking import (
    IMPORTED_TRADES,
    MORNING,
    NIGHT_3,
    WORK,
    Lab,
    closed_in_ledgers,
    newest_model,
    readers_work,
    risk_of,
    rows_by_trade,
    trades,
)
from builders import append_ledger

SIGKILL_EXIT = -9

HARMS = {"kill -9": None, "a power cut that forgets": 0.0, "a power cut that muddles": 0.5}
"""What happens at a disk call, and how much of what was not synced the disk keeps (`PowerCut`)."""


def prepared(lab: Lab, name: str) -> Settings:
    """A copy of the scope in which the work has something to do."""
    scope = lab.scope()
    if name == "repair":
        (scope.root / "ml_status.json").write_bytes(b"{")
        events = scope.model_dir / "registry_events.jsonl"
        events.write_bytes(events.read_bytes().replace(b"the first one", b"the worst one"))
        rows = scope.root / "ml_training_dataset.jsonl"
        rows.write_bytes(rows.read_bytes().replace(b"AAPL", b"AAPk", 1))
    if name == "rollback":
        WORK["promote"](scope, lambda _: None)
    if name == "long build":
        (scope.root / "ml_training_dataset.jsonl").unlink()
        (scope.root / "ml_dataset_metadata.json").unlink()
    return scope


def finish(scope: Settings, name: str) -> None:
    """What a person or cron does next: a repair, the same again, the nightly cycle, a check."""
    verify_scope(scope, NIGHT_3, repair=True)
    if name == "promote":
        WORK["promote"](scope, lambda _: None)
        assert ModelRegistry.from_settings(scope).get_active_model() == newest_model(scope)
    if name == "import":
        WORK["import"](scope, lambda _: None)
        again = WORK["import"](scope, lambda _: None)
        assert (again.status, again.details["usable"]) == ("unchanged", IMPORTED_TRADES)
    assert run_cycle(scope, NIGHT_3).exit_code == 0
    DatasetBuilder.from_settings(scope).build(NIGHT_3)  # where the session was handled already
    assert verify_scope(scope, NIGHT_3).text == "Every file of the scope is sound."
    assert list(scope.root.rglob(".tmp-*")) == []


def every_trade_once(scope: Settings) -> None:
    booked = closed_in_ledgers(scope)
    assert set(booked.values()) == {1}
    assert rows_by_trade(scope) == booked


def test_a_journal_line_torn_by_a_kill_is_ended_by_the_next_job(lab: Lab) -> None:
    """And `verify`, which until then names it, has nothing more to say."""
    torn = 0
    for fatal in range(1, lab.processes.calls_of("promote", lab.scope(), lab.diary) + 1):
        scope = lab.scope()
        process = lab.processes.start("promote", scope, lab.diary, fatal)
        process.join()
        assert process.exitcode == SIGKILL_EXIT
        if (scope.root / "ml_runs.jsonl").read_bytes().endswith(b"\n"):
            continue
        torn += 1
        said = verify_scope(scope, NIGHT_3)
        assert said.exit_code == 3
        assert "an unfinished line, left by an interrupted write; the next job" in said.text
        WORK["promote"](scope, lambda _: None)
        assert verify_scope(scope, NIGHT_3).text == "Every file of the scope is sound."
    assert torn == 2, "its first line and its last"
    lab.tally("kill -9 in the middle of a journal line", torn)


@pytest.mark.parametrize("harm", HARMS)
@pytest.mark.parametrize("name", ["cycle", "promote", "rollback", "repair", "long build", "import"])
def test_killed_at_any_disk_call_nothing_is_lost(lab: Lab, name: str, harm: str) -> None:
    calm = prepared(lab, name)
    old = ModelRegistry.from_settings(calm).get_active_model()
    total = lab.processes.calls_of(name, calm, lab.diary)
    new = ModelRegistry.from_settings(calm).get_active_model()
    points = lab.some(total, 5)
    for fatal in points:
        scope = prepared(lab, name)
        process = lab.processes.start(name, scope, lab.diary, fatal, HARMS[harm])
        process.join()
        assert process.exitcode == SIGKILL_EXIT
        if name != "repair":
            assert readers_work(scope) in (old, new)
        finish(scope, name)
        every_trade_once(scope)
        with RiskFilter.load(scope, MORNING) as risk:
            assert risk.mode == ("rules-only" if risk.model_id is None else "ml")
            if risk.model_id:
                assert risk.predict_risk({}) == risk.predict_risk({})
                assert risk.model_id in (old, new, newest_model(scope))
    lab.tally(f"{harm} at a disk call of a {name} (it has {total})", len(points))


@pytest.mark.parametrize("harm", HARMS)
def test_killed_at_any_disk_call_of_a_trading_day_no_trade_is_lost_or_doubled(
    lab: Lab, harm: str
) -> None:
    total = lab.processes.calls_of("day", lab.scope(), lab.diary)
    points = lab.some(total, 12)
    for fatal in points:
        scope = lab.scope()
        process = lab.processes.start("day", scope, lab.diary, fatal, HARMS[harm])
        process.join()
        assert process.exitcode == SIGKILL_EXIT
        entered = [line for line in lab.diary.read_text().splitlines() if line != "blocked"]
        readers_work(scope)
        with RiskFilter.load(scope, MORNING) as risk:
            assert risk.mode == "ml"
            ledger = TradeLedger(scope.ledger_paths[0])
            executor = PaperTradingExecutor(scope, risk, ledger)
            book = {position.trade_id for position in executor.positions}
            booked = closed_in_ledgers(scope)
            assert set(booked.values()) == {1}
            assert not book & set(booked)
            assert set(entered) <= book | set(booked)
            for trade_id in book:
                executor.close_position(trade_id, 100.0, "2026-01-30T10:00:00-05:00")
        assert set(closed_in_ledgers(scope).values()) == {1}
        assert book <= set(closed_in_ledgers(scope))
    lab.tally(f"{harm} at a disk call of a trading day (it has {total})", len(points))


def test_killed_at_any_moment_again_and_again_one_scope_stays_whole(
    lab: Lab,
) -> None:
    """One scope lives through all the kills, so that what one leaves meets the next."""
    chance = random.Random(11)  # noqa: S311 - a repeatable series
    scope = lab.scope()
    wanted, killed = lab.often(200, 5), 0
    records = iter(trades(600)[70:])
    while killed < wanted:  # work that was done before its kill does not count
        append_ledger(scope.ledger_paths[0], islice(records, 1))
        name = chance.choice(["cycle", "cycle", "promote", "day", "rollback"])
        old = ModelRegistry.from_settings(scope).get_active_model()
        allowed = {old, newest_model(scope), ModelRegistry.from_settings(scope).previous_active()}
        process = lab.processes.start(name, scope, lab.diary)
        time.sleep(chance.uniform(0.0, 0.5 if name == "cycle" else 0.12))
        process.kill()
        process.join()
        killed += process.exitcode == SIGKILL_EXIT
        active = readers_work(scope)
        assert active in allowed
        assert set(closed_in_ledgers(scope).values()) == {1}
        ModelRegistry.from_settings(scope).unlock("next", now=NIGHT_3)
    for left in scope.root.rglob(".*.tmp"):
        os.utime(left, (0, 0))  # an hour later
    finish(scope, "cycle")
    assert list(scope.root.rglob(".*.tmp")) == []
    with RiskFilter.load(scope, MORNING) as risk:
        PaperTradingExecutor(scope, risk, TradeLedger(scope.ledger_paths[0]))
    every_trade_once_after_a_build(scope)
    assert risk_of(scope, newest_model(scope))
    lab.tally("kill -9 at a random moment of a cycle, promote, rollback or day", killed)


def every_trade_once_after_a_build(scope: Settings) -> None:
    DatasetBuilder.from_settings(scope).build(NIGHT_3.replace(year=2027))
    every_trade_once(scope)


@pytest.mark.slow
def test_a_whole_job_killed_at_any_moment_is_caught_up_by_the_next(
    lab: Lab,
) -> None:
    """The real command line this time, imports and all."""
    import subprocess
    import sys

    chance = random.Random(5)  # noqa: S311 - a repeatable series
    scope = lab.scope()
    command = [sys.executable, "-m", "jobs.cycle", "--logs-dir", scope.logs_dir, "--json",
               "--force", "--now", NIGHT_3.isoformat()]  # fmt: skip
    rounds = lab.often(20, 2)
    for _ in range(rounds):
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        time.sleep(chance.uniform(0.3, 4.0))
        process.kill()
        process.communicate()
        readers_work(scope)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["rows_total"] == len(rows_by_trade(scope))
    every_trade_once(scope)
    lab.tally("kill -9 of the whole job `python -m jobs.cycle` at a random moment", rounds)
