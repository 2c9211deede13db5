"""Cron in the foreground, for a container: one process that starts the crontab's jobs.

Debian's cron wipes the environment, writes its log nowhere and ignores CRON_TZ; it and
busybox's are killed in the middle of a job when the container is stopped. Here jobs inherit
the container's environment, what they print goes to stdout line by line, a line whose last
run is still going is skipped and said so, and SIGTERM ends everything in order: no new job
starts, running ones get SIGTERM and, after a grace period, SIGKILL.

PID 1's duties, reaping orphans, are left to an init such as tini.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import cast

from afterclose.clock import monotonic_s, utc_now
from afterclose.cron import heartbeat
from afterclose.cron.crontab import Entry, describe
from afterclose.cron.crontab_file import read_crontab, shell_of
from afterclose.errors import StorageError
from afterclose.records import Outcome
from afterclose.settings import Settings

GRACE_S = 8.0
"""From SIGTERM to SIGKILL: inside the 10 s that an engine waits before it kills everything."""

CHUNK_BYTES = 1 << 16


def run_cron(settings: Settings, now: datetime, crontab: Path, *, check: bool) -> Outcome:
    """Check ``crontab``, then, unless that is all, run it until SIGTERM or SIGINT.

    ``now`` matters to the check only; what runs, runs by the wall clock. Raises InputError
    naming a wrong line, and StorageError when the scope's folder cannot be written.
    """
    entries = read_crontab(crontab, now)
    if check:
        return Outcome(job="cron", status="done", text=describe(entries, now))
    path = settings.root / heartbeat.FILE_NAME
    asyncio.run(_run_until_stopped(entries, lambda at: heartbeat.beat(path, at)))
    return Outcome(job="cron", status="done", reason="stopped by a signal")


class CronRunner:
    """The lines of a crontab and their running jobs; one `tick` a minute starts what is due."""

    def __init__(
        self, entries: Iterable[Entry], now: datetime, *, show: Callable[[str], None]
    ) -> None:
        self._entries = tuple(entries)
        self._show = show
        self._last_tick = now
        self._due = self._next_runs(now)
        self._jobs: dict[Entry, tuple[asyncio.subprocess.Process, asyncio.Task[None]]] = {}

    async def tick(self, now: datetime) -> None:
        """Start each line that is due at ``now`` and not still running.

        Runs missed while the machine slept are made up for once, not once each.
        """
        if now < self._last_tick:  # the clock was set back: do not wait until it has caught up
            self._due = self._next_runs(now)
        self._last_tick = now
        for entry, due in self._due.items():
            if due <= now:
                self._due[entry] = entry.next_run(now)
                if entry in self._jobs:
                    self._say(entry, "skipped: its last run is still going")
                else:
                    await self._start(entry)

    async def stop(self, grace_s: float = GRACE_S) -> None:
        """End all jobs: SIGTERM to each process group, SIGKILL after ``grace_s`` seconds."""
        for number, patience_s in ((signal.SIGTERM, grace_s), (signal.SIGKILL, 1.0)):
            for entry, (process, _) in self._jobs.items():
                self._say(entry, f"sending {number.name}")
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, number)
            if tasks := [task for _, task in self._jobs.values()]:
                await asyncio.wait(tasks, timeout=patience_s)

    def _next_runs(self, now: datetime) -> dict[Entry, datetime]:
        return {entry: entry.next_run(now) for entry in self._entries}

    async def _start(self, entry: Entry) -> None:
        started_s = monotonic_s()
        try:
            process = await asyncio.create_subprocess_exec(
                *shell_of(entry), "-c", entry.command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,  # its own process group: stop() reaches its children too
            )  # fmt: skip
        except OSError as error:
            self._say(entry, f"cannot start: {error.strerror or error}")
            return
        self._jobs[entry] = process, asyncio.create_task(self._follow(entry, process, started_s))

    async def _follow(
        self, entry: Entry, process: asyncio.subprocess.Process, started_s: float
    ) -> None:
        output = cast("asyncio.StreamReader", process.stdout)  # it was started with a pipe
        rest = b""
        while chunk := await output.read(CHUNK_BYTES):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                self._say(entry, line.decode(errors="replace"))
        if rest:
            self._say(entry, rest.decode(errors="replace"))
        code = await process.wait()
        end = f"exit {code}" if code >= 0 else f"ended by {signal.Signals(-code).name}"
        del self._jobs[entry]
        self._say(entry, f"{end} after {monotonic_s() - started_s:.1f} s")

    def _say(self, entry: Entry, text: str) -> None:
        self._show(f"{entry.name} | {text}")


async def _run_until_stopped(entries: tuple[Entry, ...], beat: Callable[[datetime], None]) -> None:
    """Start what is due, minute by minute, until SIGTERM or SIGINT.

    The first ``beat`` may raise StorageError: a volume that cannot be written is said at
    the start. Later failures are logged, and the health check sees the stale heartbeat.
    """
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    now = utc_now()
    beat(now)
    _print(f"cron | started, next runs:\n{describe(entries, now)}")
    runner = CronRunner(entries, now, show=_print)
    while not await _set_before_next_minute(stopping):
        now = utc_now()
        try:
            beat(now)
        except StorageError as error:
            _print(f"cron | no heartbeat: {error}")
        await runner.tick(now)
    await runner.stop()


async def _set_before_next_minute(stopping: asyncio.Event) -> bool:
    now = utc_now()
    with suppress(TimeoutError):
        await asyncio.wait_for(stopping.wait(), 60 - now.second - now.microsecond / 1e6)
    return stopping.is_set()


def _print(text: str) -> None:
    for line in text.splitlines():
        sys.stdout.write(f"{utc_now():%Y-%m-%dT%H:%M:%SZ} {line}\n")
    sys.stdout.flush()
