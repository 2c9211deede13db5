"""Two containers on one volume at the same time, and one that is killed while it works."""

import json

import pytest

from builders import synthetic_records
from containers import Start, exit_code, job, job_json, logs, put, read, wait_for

pytestmark = [pytest.mark.container, pytest.mark.slow]

NIGHTS = ("2026-01-26T21:45:00+00:00", "2026-01-27T21:45:00+00:00", "2026-01-28T21:45:00+00:00")
"""16:45 in New York on session days: close plus delay have passed."""

TRADES, NEW_TRADES, ROUNDS = 120, 12, 3

CROWD = """
import json, random, subprocess, sys

seed, rounds, now, trades, *ids = sys.argv[1:]
chance, trades = random.Random(int(seed)), json.loads(trades)
write = "import sys, json; from afterclose.ledger import TradeLedger;"
write += "TradeLedger('/logs/us/paper/trade_ledger.jsonl').add_trade(json.loads(sys.argv[1]))"
codes = []
for number in range(int(rounds)):
    names = ["cycle", chance.choice(["build", "status"]), "promote"]
    options = {"cycle": ["--force"], "promote": ["--anyway", "--id", chance.choice(ids)]}
    crowd = [
        (name, [sys.executable, "-m", "jobs." + name, "--now", now, *options.get(name, [])])
        for name in names
    ]
    crowd += [("trade", [sys.executable, "-c", write, json.dumps(t)]) for t in trades[number::3]]
    running = [(name, subprocess.Popen(words)) for name, words in crowd]
    codes += [(name, process.wait()) for name, process in running]
print("codes", json.dumps(codes), flush=True)
"""


def lines(records: list[dict[str, object]]) -> bytes:
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


def test_two_containers_work_on_one_volume_and_leave_one_truth(start: Start) -> None:
    records = synthetic_records(TRADES + 2 * NEW_TRADES)
    one = start()
    ids = []
    for night, count in zip(NIGHTS[:2], (TRADES - 10, TRADES), strict=True):
        put(one, "trade_ledger.jsonl", lines(records[:count]))
        ids.append(job_json(one, "cycle", "--now", night)["model_id"])
    assert all(ids), "two candidates to promote"
    new = [records[TRADES + number :: 2] for number in range(2)]
    crowd = [
        start(command=["python", "-c", CROWD, str(seed), str(ROUNDS), NIGHTS[2],
                       json.dumps(trades), *ids])
        for seed, trades in enumerate(new)
    ]  # fmt: skip
    promoted = False
    for container in crowd:
        assert exit_code(container, 300) == 0, logs(container)
        (told,) = [line for line in logs(container).splitlines() if line.startswith("codes ")]
        codes = json.loads(told.removeprefix("codes "))
        assert {code for _, code in codes} <= {0, 4}, logs(container)
        assert {code for name, code in codes if name in ("trade", "status")} == {0}
        promoted |= ["promote", 0] in codes  # where a cycle always held the lock, none got in

    last = start()
    assert job(last, "build", "--now", NIGHTS[2])[0] == 0
    assert job(last, "verify", "--now", NIGHTS[2])[0] == 0, job(last, "verify")[1]
    dataset = read(last, "ml_training_dataset.jsonl").splitlines()
    rows = [json.loads(row)["trade_id"] for row in dataset]
    assert sorted(rows) == sorted(str(record["trade_id"]) for record in records)
    registry = json.loads(read(last, "ml_models/model_registry.json"))
    states = [model["state"] for model in registry["models"].values()]
    assert states.count("active") == promoted
    folders = last.exec_run(["ls", "/logs/us/paper/ml_models"]).output.decode().split()
    assert {name for name in folders if name[0] == "2"} == set(registry["models"])
    journal = [json.loads(line) for line in read(last, "ml_runs.jsonl").splitlines()]
    started = [line["run_id"] for line in journal if line["event"] == "START"]
    assert sorted(started) == sorted(e["run_id"] for e in journal if e["event"] != "START")


def test_a_container_killed_while_it_holds_the_lock_blocks_nobody(start: Start) -> None:
    watcher = start()
    put(watcher, "trade_ledger.jsonl", lines(synthetic_records(12_000)))
    working = start(command=["python", "-m", "jobs.cycle", "--now", NIGHTS[0]])
    assert wait_for(lambda: "START" in read(watcher, "ml_runs.jsonl"), 60), logs(working)
    assert job(watcher, "build", "--now", NIGHTS[0])[0] == 4, "it holds the lock"
    working.kill(signal="SIGKILL")
    assert exit_code(working) == 137
    assert job(watcher, "build", "--now", NIGHTS[0])[0] == 0
    cycle = job_json(watcher, "cycle", "--now", NIGHTS[0])
    assert cycle["status"] == "done"
    rows = read(watcher, "ml_training_dataset.jsonl").splitlines()
    assert len({json.loads(row)["trade_id"] for row in rows}) == len(rows) == 12_000
    assert job(watcher, "verify")[0] == 0
