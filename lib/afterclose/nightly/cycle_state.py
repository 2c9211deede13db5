"""How the latest session's nightly work ended: the one question of every tick.

Apart from the rest of the status, because a tick that finds nothing to do should cost hardly
more than starting Python, and the status knows the registry, the journal and their hashes.
"""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import msgspec
from msgspec import Meta

from afterclose.disk.sealed_json import decode_sealed
from afterclose.errors import UNREADABLE
from afterclose.scope_files import JOURNAL_FILE, STATUS_FILE

if TYPE_CHECKING:
    from afterclose.nightly.journal import Run

CYCLE_JOB = "cycle"

STATUS_VERSION = 1
"""Of the status file. It is derived: one of a number that is not read is made anew."""

StatusVersion = Annotated[int, Meta(ge=1, le=STATUS_VERSION)]
"""The versions of the status file that are read."""

Part = TypeVar("Part")


class CycleState(msgspec.Struct, frozen=True, kw_only=True):
    """How the latest session's nightly work ended.

    ``outcome`` is COMPLETED, SKIPPED, FAILED or STOPPED; STARTED is a run without an end, one
    that goes on or was killed. ``attempts`` counts the failed and the killed ones.
    """

    session: str
    outcome: str
    reason: str
    attempts: int
    at: datetime


class _CyclePart(msgspec.Struct, frozen=True):
    """The one part of the status that a tick needs; the rest is not even parsed."""

    schema_version: StatusVersion
    last_cycle: CycleState | None


def read_cycle_state(root: Path) -> CycleState | None:
    """The latest session's outcome in a few milliseconds; None before the first cycle.

    Asked at each tick, so it reads only the status file; without a sound one, the journal.
    """
    part = read_part(root / STATUS_FILE, _CyclePart)
    return part.last_cycle if part else state_from_journal(root)


def state_from_journal(root: Path) -> CycleState | None:
    """The same, as the journal tells it."""
    from afterclose.nightly.journal import Journal  # only where the status file does not answer

    return latest_state(Journal(root / JOURNAL_FILE).runs(CYCLE_JOB))


def latest_state(runs: "list[Run]") -> CycleState | None:
    """The outcome of the session that the last of these runs was for; oldest run first."""
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


def read_part(path: Path, kind: type[Part]) -> Part | None:
    """What ``kind`` describes in a JSON file; None when it is absent or not that."""
    try:
        return decode_sealed(path.read_bytes(), kind)
    except (OSError, *UNREADABLE):
        return None
