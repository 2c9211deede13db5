"""The operator's page in one versioned file: what is active, locked, waiting, due and wrong.

`ml_status.json` is derived, like the registry's pointer: it may be deleted at any time and
is made anew from the events, the dataset's metadata and the journal. It exists so that a
monitor, a page or a cron tick need not know those formats, and so that every key it reads
is written by somebody (the structs below are the only schema there is).
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import msgspec

from lib.errors import UNREADABLE
from lib.files import write_atomic
from lib.nightly.journal import Journal
from lib.nightly.seal import is_damaged, seal
from lib.records import SCHEMA_VERSION, Problem
from lib.registry.checks import EVALUATION_FILE
from lib.registry.events import Lock, SchemaVersion
from lib.registry.reader import read_registry
from lib.registry.state import ActiveModel
from lib.settings import Settings

STATUS_FILE = "ml_status.json"
REPORT_FILE = "report.html"
INDEX_FILE = "index.html"
JOURNAL_FILE = "ml_runs.jsonl"
METADATA_FILE = "ml_dataset_metadata.json"
CYCLE_JOB = "cycle"

Part = TypeVar("Part")


class ActiveStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The model that may be traded on, and who made it active, when and why."""

    id: str
    since: datetime
    promoted_by: str
    reason: str


class CandidateStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Models that wait for a promotion: how many, and the newest."""

    count: int
    newest: str | None


class DatasetStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The dataset's version and number of rows."""

    version: str
    rows: int


class CycleState(msgspec.Struct, frozen=True, kw_only=True):
    """How the latest session's nightly work ended.

    ``outcome`` is COMPLETED, SKIPPED or FAILED; STARTED is a run without an end, one that
    goes on or was killed. ``attempts`` counts the failed and the killed ones.
    """

    session: str
    outcome: str
    reason: str
    attempts: int
    at: datetime


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """`ml_status.json`, schema version 1."""

    schema_version: SchemaVersion
    scope: str
    updated_at: datetime
    active_model: ActiveStatus | None
    previous_active: str | None
    lock: Lock | None
    candidates: CandidateStatus
    dataset: DatasetStatus | None
    last_cycle: CycleState | None
    alerts: tuple[str, ...]


class _CyclePart(msgspec.Struct, frozen=True):
    """The one part of the status that a tick needs; the rest is not even parsed."""

    schema_version: SchemaVersion
    last_cycle: CycleState | None


def current_status(settings: Settings, now: datetime, alerts: Iterable[str] = ()) -> Status:
    """The status of the scope as its files stand; ``alerts`` are added to the registry's.

    Raises StorageError when the registry cannot be read.
    """
    view = read_registry(settings.model_dir, settings.signing_key)
    waiting = [name for name, record in view.state.models.items() if record.state == "candidate"]
    return Status(
        schema_version=SCHEMA_VERSION,
        scope=f"{settings.market}/{settings.env}",
        updated_at=now.astimezone(UTC),
        active_model=_active(view.active),
        previous_active=view.state.previous_id,
        lock=view.state.running_lock(now),
        candidates=CandidateStatus(count=len(waiting), newest=max(waiting, default=None)),
        dataset=_read(settings.root / METADATA_FILE, DatasetStatus),
        last_cycle=_from_journal(settings.root),
        alerts=(*map(_words, view.problems), *_undrawn(settings, waiting), *alerts),
    )


def _undrawn(settings: Settings, waiting: Iterable[str]) -> Iterator[str]:
    """That the newest candidate was evaluated and has no page to decide by."""
    newest = max(waiting, default="")
    folder = settings.model_dir / newest
    if newest and (folder / EVALUATION_FILE).is_file() and not (folder / REPORT_FILE).is_file():
        yield f"the review page of {newest} is missing; `make report` draws it"


def write_status(settings: Settings, now: datetime, alerts: Iterable[str] = ()) -> Status:
    """Derive the status and replace the file. Raises StorageError."""
    status = current_status(settings, now, alerts)
    data = msgspec.json.format(msgspec.json.encode(status), indent=2)
    write_atomic(settings.root / STATUS_FILE, seal(data + b"\n"))
    return status


def read_status(root: Path) -> Status | None:
    """The status as it was last written; None when it is absent or damaged."""
    return _read(root / STATUS_FILE, Status)


def read_cycle_state(root: Path) -> CycleState | None:
    """The latest session's outcome in a few milliseconds; None before the first cycle.

    Asked at each tick, so it reads only the status file; without a sound one, the journal.
    """
    part = _read(root / STATUS_FILE, _CyclePart)
    return part.last_cycle if part else _from_journal(root)


def _from_journal(root: Path) -> CycleState | None:
    runs = Journal(root / JOURNAL_FILE).runs(CYCLE_JOB)
    for run in reversed(runs):
        if session := run.start.session:
            line = run.end or run.start
            return CycleState(
                session=session,
                outcome=run.end.event if run.end else "STARTED",
                reason=line.reason or line.error,
                attempts=sum(other.failed for other in runs if other.start.session == session),
                at=line.at,
            )
    return None


def _active(active: ActiveModel | None) -> ActiveStatus | None:
    if active is None:
        return None
    return ActiveStatus(
        id=active.model_id,
        since=active.since,
        promoted_by=active.promoted_by,
        reason=active.reason,
    )


def _words(problem: Problem) -> str:
    where = f"{problem.file}, {problem.where}" if problem.where else problem.file
    return f"{where}: {problem.what}"


def _read(path: Path, kind: type[Part]) -> Part | None:
    """What ``kind`` describes in a JSON file; None when it is absent or not that."""
    try:
        data = path.read_bytes()
        return None if is_damaged(data) else msgspec.json.decode(data, type=kind)
    except (OSError, *UNREADABLE):
        return None
