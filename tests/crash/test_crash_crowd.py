"""Many jobs on one scope at once: exit 0 or 4, and one truth on disk."""

import json
import random
import threading

import pytest

from afterclose.disk.scope_lock import scope_lock
from afterclose.errors import ScopeBusy
from afterclose.learning.artifacts import ModelStore
from afterclose.model_registry import ModelRegistry
from afterclose.nightly.journal import Journal
from afterclose.operating.verification import verify_scope
from breaking import (
    NIGHT_3,
    Lab,
    closed_in_ledgers,
    newest_model,
    readers_work,
    rows_by_trade,
)
from builders import append_ledger


def test_a_crowd_of_jobs_ends_in_0_or_4_and_leaves_one_truth(lab: Lab) -> None:
    chance = random.Random(2)  # noqa: S311 - a repeatable series
    scope = lab.scope()
    readings: list[str | None] = []
    done = threading.Event()

    def read_on() -> None:
        while not done.is_set():
            readings.append(readers_work(scope))

    reader = threading.Thread(target=read_on)
    reader.start()
    ids = ModelStore(scope.model_dir).model_ids()
    rounds, crowd = lab.often(12, 2), 5
    codes: dict[int, int] = {}
    for round_number in range(rounds):
        jobs = []
        for number in range(crowd):
            name = chance.choice(["cycle", "cycle", "build", "promote", "status", "verify"])
            options = ["--now", NIGHT_3.isoformat()]
            options += {
                "promote": ["--anyway", "--id", chance.choice(ids)],
                "cycle": ["--force"],
            }.get(name, [])
            result = lab.folder / f"{round_number}-{number}-{name}.json"
            jobs.append((name, result, lab.processes.start_job(name, scope, result, *options)))
        for name, result, process in jobs:
            process.join()
            told = json.loads(result.read_text())
            if name == "verify":  # may look in the middle of a write, and say so
                assert told["code"] in (0, 3), told
                continue
            assert told["code"] in (0, 4), (name, told)
            codes[told["code"]] = codes.get(told["code"], 0) + 1
    done.set()
    reader.join()
    assert codes[0]
    assert set(readings) <= set(ids)
    registry = ModelRegistry.from_settings(scope)
    assert registry.view().problems == []
    assert list(registry.list_models()) == sorted(ModelStore(scope.model_dir).model_ids())
    assert rows_by_trade(scope) == closed_in_ledgers(scope)
    assert set(rows_by_trade(scope).values()) == {1}
    runs = [run for job in ("cycle", "build", "promote") for run in journal(scope).runs(job)]
    assert all(run.end for run in runs)
    assert verify_scope(scope, NIGHT_3).exit_code == 0
    lab.tally(f"jobs in crowds of {crowd} on one scope, with a reader beside", rounds * crowd)


def journal(scope: object) -> Journal:
    return Journal(scope.root / "ml_runs.jsonl")


def test_two_processes_that_promote_different_models_leave_one_active(lab: Lab) -> None:
    scope = lab.scope()
    ids = ModelStore(scope.model_dir).model_ids()
    rounds = lab.often(20, 3)
    for number in range(rounds):
        results = [lab.folder / f"{number}-{model_id}.json" for model_id in ids]
        crowd = [
            lab.processes.start_job(
                "promote",
                scope,
                result,
                "--id",
                model_id,
                "--anyway",
                "--now",
                NIGHT_3.isoformat(),
            )
            for model_id, result in zip(ids, results, strict=True)
        ]
        for process in crowd:
            process.join()
        told = [json.loads(result.read_text()) for result in results]
        assert {answer["code"] for answer in told} <= {0, 4}
        view = ModelRegistry.from_settings(scope).view()
        assert view.problems == []
        assert [r.state for r in view.state.models.values()].count("active") == 1
    lab.tally("two promotions of different models at once", rounds)


def test_the_lock_of_a_dead_process_is_free_at_once(lab: Lab) -> None:
    """The kernel holds it: nothing to clean up, on this host or any other with the volume."""
    scope = lab.scope()
    rounds = lab.often(20, 3)
    for _ in range(rounds):
        process = lab.processes.start("cycle", scope, lab.diary, fatal=12)
        process.join()
        with scope_lock(scope.root, wait_s=0):
            pass
    lab.tally("lock of a killed process taken over at once", rounds)


def test_the_lock_of_a_living_process_is_not_taken(lab: Lab) -> None:
    scope = lab.scope()
    result = lab.folder / "busy.json"
    with scope_lock(scope.root):
        lab.processes.start_job("cycle", scope, result, "--now", NIGHT_3.isoformat()).join()
        told = json.loads(result.read_text())
    assert told["code"] == 4
    assert told["result"]["status"] == "busy"
    assert str(scope.root) in told["result"]["reason"]


def test_a_ledger_written_while_the_dataset_is_built_is_not_read_in_half(lab: Lab) -> None:
    """The trading side never waits for a lock of ours."""
    from breaking import trades

    scope = lab.scope()
    rounds = lab.often(60, 8)
    records = trades(70 + rounds)[70:]
    for record in records:
        build = lab.processes.start_job(
            "build", scope, lab.folder / "build.json", "--now", NIGHT_3.isoformat()
        )
        append_ledger(scope.ledger_paths[0], [record])
        build.join()
    lab.processes.start_job(
        "build", scope, lab.folder / "build.json", "--now", NIGHT_3.isoformat()
    ).join()
    assert rows_by_trade(scope) == closed_in_ledgers(scope)
    lab.tally("builds while the ledger grows", rounds)


def test_two_threads_of_one_process_do_not_share_the_lock(lab: Lab) -> None:
    scope = lab.scope()
    seen: list[Exception] = []

    def other() -> None:
        try:
            with scope_lock(scope.root):
                pass
        except ScopeBusy as busy:
            seen.append(busy)

    with scope_lock(scope.root):
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    assert len(seen) == 1


@pytest.mark.parametrize("name", ["status", "candidates"])
def test_who_only_asks_needs_no_lock(lab: Lab, name: str) -> None:
    scope = lab.scope()
    result = lab.folder / "asked.json"
    with scope_lock(scope.root):
        lab.processes.start_job(name, scope, result, "--now", NIGHT_3.isoformat()).join()
    assert json.loads(result.read_text())["code"] == 0
    assert newest_model(scope)
