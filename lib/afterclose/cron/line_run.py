"""One run of a crontab line: its process, its output, its time limit, its end."""

import asyncio
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import cast

from afterclose.clock import monotonic_s, utc_now
from afterclose.cron.crontab import Entry
from afterclose.cron.crontab_file import shell_of
from afterclose.cron.line_results import LineResult

CHUNK_BYTES = 1 << 16

Say = Callable[[str], None]
"""Shows one line of text, under the crontab line's name."""


class LineRun:
    """A running process and its children, which are in a process group of their own."""

    def __init__(
        self, entry: Entry, process: asyncio.subprocess.Process, started_s: float, say: Say
    ) -> None:
        self._entry, self._process, self._started_s = entry, process, started_s
        self._say = say
        self._over_limit_s: float | None = None

    @classmethod
    async def start(cls, entry: Entry, say: Say) -> "LineRun":
        """Start the line's command. Raises OSError when no process can be made."""
        started_s = monotonic_s()
        process = await asyncio.create_subprocess_exec(
            *shell_of(entry), "-c", entry.command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,  # its own process group: a signal reaches its children too
        )  # fmt: skip
        return cls(entry, process, started_s, say)

    async def follow(self, grace_s: float) -> LineResult:
        """Relay the output until the end; past the time limit, end it and say so.

        ``grace_s`` is the time from SIGTERM to SIGKILL, in seconds.
        """
        watch = asyncio.create_task(self._end_at_limit(grace_s))
        try:
            await self._relay()
            code = await self._process.wait()
        finally:
            watch.cancel()
        duration_s = monotonic_s() - self._started_s
        end = f"exit {code}" if code >= 0 else f"ended by {signal.Signals(-code).name}"
        self._say(f"{end} after {duration_s:.1f} s")
        return self.result(code, utc_now(), duration_s)

    def result(self, code: int, at: datetime, duration_s: float) -> LineResult:
        """What to keep of a run that ended with ``code``."""
        entry = self._entry
        return LineResult(
            line=entry.number,
            schedule=entry.schedule,
            command=entry.command,
            at=at,
            exit_code=code,
            duration_s=round(duration_s, 3),
            over_limit_s=self._over_limit_s,
        )

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the process and its children."""
        self._say(f"sending {number.name}")
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)

    async def _relay(self) -> None:
        output = cast("asyncio.StreamReader", self._process.stdout)  # it was started with a pipe
        rest = b""
        while chunk := await output.read(CHUNK_BYTES):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                self._say(line.decode(errors="replace"))
        if rest:
            self._say(rest.decode(errors="replace"))

    async def _end_at_limit(self, grace_s: float) -> None:
        await asyncio.sleep(self._entry.limit_s)
        self._over_limit_s = self._entry.limit_s
        self._say(f"over its time limit of {self._entry.limit_s:.0f} s")
        self.send(signal.SIGTERM)
        await asyncio.sleep(grace_s)
        self.send(signal.SIGKILL)
