"""No receiver can slow a job down: nothing but the courier knows of the courier or its network.

It is a process of its own, so a job is slower by it only where the two wait for each other. They
share the volume alone: there the courier opens files for reading, and takes no lock.
"""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from afterclose.nightly.work import Workplace
from afterclose.records import Outcome
from afterclose.settings import Settings
from afterclose.trading.switch import Switch
from fleets import NOW, scope
from repository import REPOSITORY
from trading_builders import write_sessions

NIGHT = datetime(2026, 1, 27, 21, 45, tzinfo=UTC)

WATCHED = """
import json, os, sys
seen = []
def tell(event, arguments):
    if event == "open" and isinstance(arguments[0], (str, bytes, os.PathLike)):
        flags = arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC)
        seen.append(["write" if flags else "read", os.path.realpath(os.fsdecode(arguments[0]))])
    elif event in ("fcntl.flock", "fcntl.lockf"):
        fd = arguments[0] if isinstance(arguments[0], int) else arguments[0].fileno()
        seen.append(["lock", os.readlink(f"/proc/self/fd/{fd}")])
    elif event in ("os.rename", "os.remove", "os.mkdir", "os.truncate", "os.chmod", "os.utime"):
        seen.append(["write", os.path.realpath(os.fsdecode(arguments[0]))])
    elif event in ("socket.connect", "socket.bind", "socket.getaddrinfo", "socket.sendto"):
        seen.append(["network", event])
sys.addaudithook(tell)
from importlib import import_module
from afterclose.runner import run_job
job = import_module("jobs." + sys.argv.pop(1))
code = run_job(job.run, job.parser())
courier = sorted(name for name in sys.modules if name.startswith("afterclose.courier"))
print("\\n" + json.dumps([code, seen, courier]))
"""
"""Runs a job and tells each file it opened, each lock it took and each word to a network."""


def watched(job: str, *options: str, **environment: str) -> tuple[int, list[list[str]], list[str]]:
    """A job's exit code, what it touched, and the courier's modules that it loaded."""
    done = subprocess.run(
        [sys.executable, "-c", WATCHED, job, *options],
        cwd=REPOSITORY, capture_output=True, text=True, check=False, env=os.environ | environment,
    )  # fmt: skip
    assert done.stdout, done.stderr
    found: Any = json.loads(done.stdout.splitlines()[-1])
    return found[0], found[1], found[2]


def test_a_whole_night_says_no_word_to_a_network_and_opens_nothing_of_the_courier(
    tmp_path: Path,
) -> None:
    scope(tmp_path / "logs", "us/paper")
    state = tmp_path / "state"
    code, seen, courier = watched(
        "cycle", "--logs-dir", str(tmp_path / "logs"), "--now", NOW.isoformat(),
        ML_COURIER_STATE=str(state), ML_PING_URL="http://127.0.0.1:9/ping",
        ML_NOTIFY_URLS="json://127.0.0.1:9/", ML_N_JOBS="1",
    )  # fmt: skip
    assert code == 0
    assert [what for what in seen if what[0] == "network"] == []
    assert courier == []
    assert [path for _, path in seen if path.startswith(str(state))] == []
    assert ["lock", str(tmp_path / "logs/us/paper/.lock")] in seen  # the hook does hear


def test_the_courier_only_reads_the_volume_and_takes_no_lock_there(
    settings: Settings, tmp_path: Path
) -> None:
    write_sessions(settings)
    Switch(settings).turn_off(NIGHT, "tester", "a test")
    with Workplace.from_settings(settings).run("cycle", NIGHT) as end:
        end(Outcome(job="cycle", status="done"))
    state, volume = tmp_path / "state", str(settings.logs_dir)
    code, seen, courier = watched(
        "courier", "--once", "--logs-dir", volume, "--state-dir", str(state),
        "--now", NIGHT.isoformat(), ML_PING_URL="http://127.0.0.1:9/ping",
    )  # fmt: skip
    assert code == 0
    assert courier
    assert ["network", "socket.connect"] in seen
    touched = [[what, path] for what, path in seen if path.startswith(volume)]
    assert {what for what, _ in touched} == {"read"}
    assert ["read", f"{settings.root}/ml_runs.jsonl"] in touched
    assert {path for what, path in seen if what == "lock"} == {f"{state}/.lock"}
