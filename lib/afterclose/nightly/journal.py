"""The journal of runs: one START and one COMPLETED, SKIPPED, FAILED or STOPPED line a run.

A START without an end is a run that was killed, which no log line of the run itself could
say. The cycle counts those and the failed ones per session, so that a broken night is
tried three times and not at each tick for ever. A run that was asked to stop, as by a
container's end, is STOPPED: nothing is wrong with it, and it is done again.

The file is rotated to one `.1` beside it, so it stays bounded however long the service
runs; readers take both. Lines that cannot be read (a crash in an append) or whose seal does
not match are passed over.
"""

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta
from msgspec.structs import replace

from afterclose.clock import monotonic_s
from afterclose.disk.files import move_durable
from afterclose.disk.line_appender import LineAppender
from afterclose.disk.scope_lock import scope_lock
from afterclose.disk.sealed_json import as_text, decode_sealed, encode_sealed
from afterclose.errors import UNREADABLE, AftercloseError, ScopeBusy
from afterclose.log_lines import take_run_id

JOURNAL_VERSION = 1
"""Of a line. To raise it, let `Journal._lines` read the old number: written lines stay."""

ROTATE_BYTES = 2 << 20
"""About two years of nights; with the rotated file two to four are kept."""

Step = Literal["START", "COMPLETED", "SKIPPED", "FAILED", "STOPPED"]
"""What a line says of its run; all but START end it."""


GOOD_ENDS: Final = ("COMPLETED", "SKIPPED")


class JournalLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of `ml_runs.jsonl`.

    ``session`` is the market session that a cycle is for, ``attempt`` counts from 1,
    ``duration_s`` is elapsed time in seconds. ``exit_code`` is the job's where it is not 0: what a
    safety rule refused (3) is SKIPPED, and is no success.
    """

    schema_version: Annotated[int, Meta(ge=1, le=JOURNAL_VERSION)]
    run_id: str
    job: str
    event: Step
    at: datetime
    session: str | None = None
    attempt: int | None = None
    model_id: str | None = None
    reason: str = ""
    error: str = ""
    duration_s: float | None = None
    exit_code: int = 0

    @property
    def code(self) -> int:
        """The exit code of an end; lines of 0.1.0 have none, and a failure was 1."""
        return self.exit_code or int(self.event == "FAILED")


class Run(msgspec.Struct, frozen=True):
    """A run that was started: its START line, its end once it has one."""

    start: JournalLine
    end: JournalLine | None = None

    @property
    def run_id(self) -> str:
        """Unique among all runs of all scopes."""
        return self.start.run_id

    @property
    def failed(self) -> bool:
        """Whether it ended as FAILED, or did not end at all."""
        return self.end is None or self.end.event == "FAILED"


class Journal:
    """The journal at ``path``; appends need no lock, each is one write of a short line."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._started_s: dict[str, float] = {}

    def start(
        self,
        job: str,
        now: datetime,
        *,
        session: str | None = None,
        attempt: int | None = None,
        model_id: str | None = None,
    ) -> Run:
        """Write the START line of a run. Raises StorageError."""
        run = self.plan(job, now, session=session, attempt=attempt, model_id=model_id)
        self.begin(run)
        return run

    def plan(
        self,
        job: str,
        now: datetime,
        *,
        session: str | None = None,
        attempt: int | None = None,
        model_id: str | None = None,
    ) -> Run:
        """A run whose START line is still to be written, by `begin`.

        A stop may arrive while that line is on its way. Who has the run before can end it; an
        end whose START was never written says nothing to readers.
        """
        moment = now.astimezone(UTC)
        line = JournalLine(
            schema_version=JOURNAL_VERSION,
            run_id=take_run_id(moment),
            job=job,
            event="START",
            at=moment,
            session=session,
            attempt=attempt,
            model_id=model_id,
        )
        self._started_s[line.run_id] = monotonic_s()
        return Run(line)

    def begin(self, run: Run) -> None:
        """Write the START line of a planned run. Raises StorageError."""
        self._rotate()
        self._append(run.start)
        self._started_s[run.run_id] = monotonic_s()

    def completed(
        self, run: Run, *, reason: str = "", model_id: str | None = None, exit_code: int = 0
    ) -> Run:
        """End a run that did its work."""
        return self._end(run, "COMPLETED", reason=reason, model_id=model_id, exit_code=exit_code)

    def skipped(
        self, run: Run, reason: str, *, model_id: str | None = None, exit_code: int = 0
    ) -> Run:
        """End a run that had a reason to do nothing, or was refused (``exit_code`` 3)."""
        return self._end(run, "SKIPPED", reason=reason, model_id=model_id, exit_code=exit_code)

    def failed(self, run: Run, error: BaseException | str) -> Run:
        """End a run that failed."""
        words = error if isinstance(error, str) else str(error) or type(error).__name__
        exit_code = error.exit_code if isinstance(error, AftercloseError) else 1
        return self._end(run, "FAILED", error=words, exit_code=exit_code)

    def stopped(self, run: Run) -> Run:
        """End a run that a signal or Ctrl-C asked to stop; it counts as no attempt."""
        return self._end(run, "STOPPED", reason="it was asked to stop")

    def read(self) -> list[JournalLine]:
        """All lines that are kept, oldest first."""
        return self._read(b"")

    def runs(self, job: str, session: str | None = None) -> list[Run]:
        """The runs of a job, oldest first; of one session where it is given."""
        found: dict[str, Run] = {}
        for line in self._read(msgspec.json.encode(job)):  # parsing all would take ten times that
            if line.job != job or session not in (None, line.session):
                continue
            if line.event == "START":
                found.setdefault(line.run_id, Run(line))
            elif (run := found.get(line.run_id)) and run.end is None:
                found[line.run_id] = replace(run, end=line)
        return list(found.values())

    def last_ends(self) -> dict[str, tuple[JournalLine, JournalLine | None]]:
        """Of each job the last end, and the last good one; STOPPED says nothing of a job.

        The newest lines are read first, and of a job of which both are known no more: years of
        nights cost hardly more than one.
        """
        last: dict[str, JournalLine] = {}
        best: dict[str, JournalLine] = {}
        newer = _raw_lines(self.path)  # before the older file, as in `_read`
        for raw in (*reversed(newer), *reversed(_raw_lines(self._rotated))):
            if _job_of(raw) in best:
                continue
            with suppress(*UNREADABLE):
                line = decode_sealed(raw, JournalLine)
                if line.event in (*GOOD_ENDS, "FAILED"):
                    last.setdefault(line.job, line)
                    if line.code == 0:
                        best[line.job] = line
        return {job: (line, best.get(job)) for job, line in last.items()}

    def attempts(self, job: str, session: str) -> int:
        """How often the job has failed in that session; a run without an end has failed."""
        return sum(run.failed for run in self.runs(job, session))

    def _read(self, word: bytes) -> list[JournalLine]:
        """The lines that contain ``word``, oldest first."""
        # The newer file first: a rotation in between shows lines twice, never not at all.
        newer = list(self._lines(self.path, word))
        return [*self._lines(self._rotated, word), *newer]

    @property
    def _rotated(self) -> Path:
        return self.path.with_name(self.path.name + ".1")

    def _end(
        self,
        run: Run,
        event: Step,
        *,
        reason: str = "",
        error: str = "",
        model_id: str | None = None,
        exit_code: int = 0,
    ) -> Run:
        if run.run_id not in self._started_s:
            raise ValueError(f"run {run.run_id} has ended already, or is another journal's")
        duration_s = round(monotonic_s() - self._started_s[run.run_id], 3)
        end = replace(
            run.start,
            event=event,
            at=run.start.at + timedelta(seconds=duration_s),
            reason=reason,
            error=error,
            model_id=model_id or run.start.model_id,
            duration_s=duration_s,
            exit_code=exit_code,
        )
        self._append(end)
        del self._started_s[run.run_id]
        return Run(run.start, end)

    def _append(self, line: JournalLine) -> None:
        file = LineAppender(self.path)  # a torn line before this one spoils only itself
        try:
            file.append(_encode(line))
            file.sync()
        finally:
            file.close()

    def _rotate(self) -> None:
        if self._is_small():
            return
        with suppress(ScopeBusy), scope_lock(self.path.parent):
            if not self._is_small():  # another run may have rotated it in between
                move_durable(self.path, self._rotated)

    def _is_small(self) -> bool:
        return not self.path.exists() or self.path.stat().st_size < ROTATE_BYTES

    @staticmethod
    def _lines(path: Path, word: bytes) -> Iterator[JournalLine]:
        for line in _raw_lines(path):
            if word not in line:
                continue
            with suppress(*UNREADABLE):
                yield decode_sealed(line, JournalLine)


def _raw_lines(path: Path) -> list[bytes]:
    try:
        return path.read_bytes().split(b"\n")
    except FileNotFoundError:
        return []


def _job_of(line: bytes) -> str:
    """The job that a line names, without parsing it; empty where that cannot be told."""
    return line.partition(b'"job":"')[2].partition(b'"')[0].decode(errors="replace")


def _encode(line: JournalLine) -> bytes:
    text = {"reason": line.reason, "error": line.error}
    clean = {name: as_text(words) for name, words in text.items()}
    return encode_sealed(replace(line, **clean))
