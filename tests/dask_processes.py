"""A Dask cluster of real processes on loopback, each of which a test can kill.

Ports are those that the system gives out. What the workers import is the repository, as it
would be an image's.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Self

from repository import REPOSITORY

START_UP_S = 60
STOP_S = 10
LOCAL = ("--host", "127.0.0.1", "--no-dashboard")


class Cluster:
    """The processes of a scheduler and its workers, and the scheduler's address."""

    def __init__(self, folder: Path, *, tls: Mapping[str, str] | None = None) -> None:
        self.folder, self._tls = folder, tls or {}
        self._running = ExitStack()
        self.workers: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        found = self.folder / "scheduler.json"
        port = ["--protocol", "tls"] if self._tls else []
        self.scheduler = self._start(
            "dask_scheduler", "--port", "0", "--scheduler-file", str(found), *port, *LOCAL
        )
        deadline = time.monotonic() + START_UP_S
        while not found.exists():
            assert time.monotonic() < deadline, self.log("dask_scheduler")
            time.sleep(0.1)
        self._file = found
        return self

    def __exit__(self, *_: object) -> None:
        self._running.close()

    def start_workers(self, count: int) -> str:
        """Start workers of one thread; the scheduler's address once they have joined it."""
        from distributed import Client

        here = ["--scheduler-file", str(self._file), "--nthreads", "1", "--no-nanny", *LOCAL]
        self.workers += [self._start("dask_worker", *here) for _ in range(count)]
        with Client(scheduler_file=str(self._file), timeout=START_UP_S) as client:
            client.wait_for_workers(len(self.alive()), timeout=START_UP_S)
            return str(client.scheduler.address)

    def alive(self) -> list["subprocess.Popen[bytes]"]:
        """The workers that have not ended."""
        return [worker for worker in self.workers if worker.poll() is None]

    def log(self, name: str) -> str:
        """What the processes of that name have said."""
        return (self.folder / f"{name}.log").read_text()

    def _start(self, name: str, *arguments: str) -> "subprocess.Popen[bytes]":
        return self._running.enter_context(_process(self.folder, self._tls, name, *arguments))


@contextmanager
def _process(
    folder: Path, environment: Mapping[str, str], name: str, *arguments: str
) -> Iterator["subprocess.Popen[bytes]"]:
    """One process, stopped by its own handle."""
    inherited = os.environ | {"PYTHONPATH": str(REPOSITORY)} | environment
    with (folder / f"{name}.log").open("ab") as log:
        running = subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.{name}", *arguments],
            cwd=folder, env=inherited, stdout=log, stderr=log,
        )  # fmt: skip
    try:
        yield running
    finally:
        running.terminate()
        try:
            running.wait(STOP_S)
        except subprocess.TimeoutExpired:
            running.kill()  # one that was stopped by a signal does not end otherwise
            running.wait(STOP_S)
