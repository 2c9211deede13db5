"""The operator's page in one versioned file: what is active, locked, waiting, due and wrong.

`ml_status.json` is derived, like the registry's pointer: it may be deleted at any time and
is made anew from the events, the dataset's metadata and the journal. It exists so that a
monitor, a page or a cron tick need not know those formats, and so that every key it reads
is written by somebody (the structs below are the only schema there is).
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

import msgspec

from afterclose.disk.sealed_json import write_sealed
from afterclose.learning.blocking import Blocking, blocking_asked, blocking_of
from afterclose.nightly import health
from afterclose.nightly.cycle_state import (
    CYCLE_JOB,
    STATUS_VERSION,
    CycleState,
    StatusVersion,
    latest_state,
    read_part,
)
from afterclose.nightly.journal import Journal
from afterclose.records import Problem
from afterclose.registry.events import Lock, read_figures
from afterclose.registry.reader import RegistryView, read_registry
from afterclose.registry.state import ActiveModel
from afterclose.scope_files import (
    DATASET_FILE,
    EVALUATION_FILE,
    JOURNAL_FILE,
    REPORT_FILE,
    STATUS_FILE,
)
from afterclose.settings import Settings
from afterclose.trading.switch import Switch


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
    """The dataset's version and number of rows, and the counts of trades in its ledgers.

    Among ``trades`` are ``superseded`` and ``id_conflicts`` (`afterclose.dataset.metadata`).
    """

    version: str
    rows: int
    trades: dict[str, int] = {}


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """`ml_status.json`.

    ``threshold`` is the active model's; without one, how the settings have the next model's found.
    """

    schema_version: StatusVersion
    scope: str
    updated_at: datetime
    active_model: ActiveStatus | None
    previous_active: str | None
    lock: Lock | None
    candidates: CandidateStatus
    dataset: DatasetStatus | None
    last_cycle: CycleState | None
    alerts: tuple[str, ...]
    threshold: Blocking | None = None


def current_status(settings: Settings, now: datetime, alerts: Iterable[str] = ()) -> Status:
    """The status of the scope as its files stand; ``alerts`` are added to what is found wrong.

    Raises StorageError when the registry cannot be read.
    """
    view = read_registry(settings.model_dir, settings.signing_key)
    runs = Journal(settings.root / JOURNAL_FILE).runs(CYCLE_JOB)
    waiting = [name for name, record in view.state.models.items() if record.state == "candidate"]
    return Status(
        schema_version=STATUS_VERSION,
        scope=f"{settings.market}/{settings.env}",
        updated_at=now.astimezone(UTC),
        active_model=_active(view.active),
        previous_active=view.state.previous_id,
        lock=view.state.running_lock(now),
        candidates=CandidateStatus(count=len(waiting), newest=max(waiting, default=None)),
        dataset=read_part(settings.root / DATASET_FILE, DatasetStatus),
        last_cycle=latest_state(runs),
        alerts=(
            *_switched_off(settings),
            *map(_words, view.problems),
            *health.alerts(settings, now, view, runs),
            *_undrawn(settings, waiting),
            *alerts,
        ),
        threshold=_blocking(settings, view),
    )


def _blocking(settings: Settings, view: RegistryView) -> Blocking:
    record = view.state.models.get(view.active.model_id) if view.active else None
    if record is None:
        return blocking_asked(settings)
    metrics = read_figures(record.registered.metrics) or {}
    return blocking_of(metrics, settings.risk_threshold)


def _switched_off(settings: Settings) -> Iterator[str]:
    """That the filter is off, since when, by whom and why."""
    if off := Switch(settings).read():
        since = f" since {off.at:%Y-%m-%d %H:%M} UTC" if off.at else ""
        why = f": {off.reason}" if off.reason else ""
        yield f"the filter is switched off{since} by {off.by}{why}; `make on` ends it"


def _undrawn(settings: Settings, waiting: Iterable[str]) -> Iterator[str]:
    """That the newest candidate was evaluated and has no page to decide by."""
    newest = max(waiting, default="")
    folder = settings.model_dir / newest
    if newest and (folder / EVALUATION_FILE).is_file() and not (folder / REPORT_FILE).is_file():
        yield f"the review page of {newest} is missing; `make report` draws it"


def write_status(settings: Settings, now: datetime, alerts: Iterable[str] = ()) -> Status:
    """Derive the status and replace the file. Raises StorageError."""
    status = current_status(settings, now, alerts)
    write_sealed(settings.root / STATUS_FILE, status, indent=2)
    return status


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
