"""Cron in the foreground, for a container: one process that starts the crontab's jobs.

Debian's cron wipes the environment, writes its log nowhere and ignores CRON_TZ; it and
busybox's are killed in the middle of a job when the container is stopped. Here jobs inherit
the container's environment, what they print goes to stdout line by line, a line whose last
run is still going is skipped and said so, one that is over its time limit is ended, the last
exit code of each line is kept for the health check, and SIGTERM ends everything in order: no
new job starts, running ones get SIGTERM and, after a grace period, SIGKILL.

PID 1's duties, reaping orphans, are left to an init such as tini.
"""

import asyncio
import signal
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from afterclose.clock import utc_now
from afterclose.cron import heartbeat
from afterclose.cron.crontab import Entry, describe
from afterclose.cron.crontab_file import read_crontab
from afterclose.cron.line_results import LineResult, LineResults
from afterclose.cron.line_run import LineRun
from afterclose.errors import StorageError
from afterclose.log_lines import begin_run, is_json_line, json_line
from afterclose.records import Outcome
from afterclose.scope_files import CRON_LINES_FILE, HEARTBEAT_FILE
from afterclose.settings import Settings

GRACE_S = 8.0
"""From SIGTERM to SIGKILL: inside the 10 s that an engine waits before it kills everything."""


def run_cron(settings: Settings, now: datetime, crontab: Path, *, check: bool) -> Outcome:
    """Check ``crontab``, then, unless that is all, run it until SIGTERM or SIGINT.

    ``now`` matters to the check only; what runs, runs by the wall clock. Raises InputError
    naming a wrong line, and StorageError when the scope's folder cannot be written.
    """
    entries = read_crontab(crontab, now)
    if check:
        return Outcome(job="cron", status="done", text=describe(entries, now))
    path = settings.root / HEARTBEAT_FILE
    results = LineResults(settings.root / CRON_LINES_FILE, entries)
    show = _json_printer(settings) if settings.log_format == "json" else _print
    asyncio.run(_run_until_stopped(entries, lambda at: heartbeat.beat(path, at), results, show))
    return Outcome(job="cron", status="done", reason="stopped by a signal")


class CronRunner:
    """The lines of a crontab and their running jobs; one `tick` a minute starts what is due."""

    def __init__(
        self,
        entries: Iterable[Entry],
        now: datetime,
        *,
        show: Callable[[str], None],
        keep: Callable[[LineResult], None] = lambda _: None,
    ) -> None:
        """``show`` prints a line; ``keep`` stores how a run ended, and may raise StorageError."""
        self._entries = tuple(entries)
        self._show, self._keep = show, keep
        self._stopping = False
        self._last_tick = now
        self._due = self._next_runs(now)
        self._jobs: dict[Entry, tuple[LineRun, asyncio.Task[None]]] = {}

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
        self._stopping = True
        for number, patience_s in ((signal.SIGTERM, grace_s), (signal.SIGKILL, 1.0)):
            for run, _ in self._jobs.values():
                run.send(number)
            if tasks := [task for _, task in self._jobs.values()]:
                await asyncio.wait(tasks, timeout=patience_s)

    def _next_runs(self, now: datetime) -> dict[Entry, datetime]:
        return {entry: entry.next_run(now) for entry in self._entries}

    async def _start(self, entry: Entry) -> None:
        try:
            run = await LineRun.start(entry, lambda text: self._say(entry, text))
        except OSError as error:
            self._say(entry, f"cannot start: {error.strerror or error}")
            return
        self._jobs[entry] = run, asyncio.create_task(self._follow(entry, run))

    async def _follow(self, entry: Entry, run: LineRun) -> None:
        result = await run.follow(GRACE_S)
        del self._jobs[entry]
        if not self._stopping:  # what a stop ends has not failed
            try:
                self._keep(result)
            except StorageError as error:
                self._say(entry, f"its result is not kept: {error}")

    def _say(self, entry: Entry, text: str) -> None:
        self._show(f"{entry.name} | {text}")


async def _run_until_stopped(
    entries: tuple[Entry, ...],
    beat: Callable[[datetime], None],
    results: LineResults,
    show: Callable[[str], None],
) -> None:
    """Start what is due, minute by minute, until SIGTERM or SIGINT.

    The first ``beat`` may raise StorageError: a volume that cannot be written is said at
    the start. Later failures are logged, and the health check sees the stale heartbeat.
    """
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    now = utc_now()
    beat(now)
    show(f"cron | started, next runs:\n{describe(entries, now)}")
    runner = CronRunner(entries, now, show=show, keep=results.add)
    while not await _set_before_next_minute(stopping):
        now = utc_now()
        try:
            beat(now)
        except StorageError as error:
            show(f"cron | no heartbeat: {error}")
        await runner.tick(now)
    await runner.stop()
    results.forget()


async def _set_before_next_minute(stopping: asyncio.Event) -> bool:
    now = utc_now()
    with suppress(TimeoutError):
        await asyncio.wait_for(stopping.wait(), 60 - now.second - now.microsecond / 1e6)
    return stopping.is_set()


def _json_printer(settings: Settings) -> Callable[[str], None]:
    """Prints lines of JSON: what a job prints as one stays as it is, all else becomes one."""
    scope = f"{settings.market}/{settings.env}"
    run_id = begin_run(utc_now())

    def show(text: str) -> None:
        for line in text.splitlines():
            job, _, said = line.partition(" | ")
            said = said or line
            whole = json_line("info", said, scope=scope, run_id=run_id, job=job or "cron")
            sys.stdout.write((said if is_json_line(said) else whole) + "\n")
        sys.stdout.flush()

    return show


def _print(text: str) -> None:
    for line in text.splitlines():
        sys.stdout.write(f"{utc_now():%Y-%m-%dT%H:%M:%SZ} {line}\n")
    sys.stdout.flush()
