"""`ml_monitor.json`: the facts, the four alarms, and all that the next night begins from.

It may be deleted at any time: the next step computes it anew from the log and the ledgers. So
a file that is damaged, of another version or of another model is no error, only a longer night.
"""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Final, Literal, TypeVar

import msgspec
from msgspec import Meta

from afterclose.disk.sealed_json import decode_sealed, write_sealed
from afterclose.errors import UNREADABLE
from afterclose.monitoring.reading import Position
from afterclose.monitoring.weeks import Week
from afterclose.scope_files import MONITOR_FILE

MONITOR_VERSION: Final = 1

MonitorVersion = Annotated[int, Meta(ge=1, le=MONITOR_VERSION)]
"""The versions of the file that are read; of another one the step begins anew."""

Kind = Literal["drift", "calibration", "harm", "challenger"]
KINDS: Final[tuple[Kind, ...]] = ("drift", "calibration", "harm", "challenger")

Part = TypeVar("Part")


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What is simply counted.

    ``verdicts`` are all of the log, by reason. The shares are of the verdicts of the last
    ``sessions`` days that had any, None where there are none; ``latency_us`` is their median,
    in microseconds from the question to the answer, None where the log does not say.
    """

    verdicts: dict[str, int]
    sessions: int
    block_share: float | None
    abstain_share: float | None
    latency_us: float | None
    model_age_sessions: int | None


class Alarm(msgspec.Struct, frozen=True, kw_only=True):
    """One alarm: whether it sounds, its stake, and in words what it rests on.

    ``log_stake`` is the natural logarithm of what a stake of 1 has become
    (`afterclose.monitoring.betting`), ``decisions`` how many it was put on, ``since`` the
    activation of the model that is watched, None without one.
    """

    alarm: bool
    log_stake: float
    decisions: int
    since: datetime | None
    words: str


class Calibration(Alarm, frozen=True, kw_only=True):
    """The alarm on scores, and what they say of decisions whose outcome is not known yet.

    ``estimated_bad_share`` is an estimate, the mean of their scores; None where scores are no
    probabilities, or no decision waits.
    """

    estimated_bad_share: float | None = None


class Pending(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A decision whose week has not settled.

    ``score`` is its risk score, ``size`` what the verdict left of the rules' quantity, and
    ``candidate_size`` what the newest candidate would have left of it. ``units`` and ``bad``
    are its outcome, once it is known.
    """

    monday: str
    ids: list[str]
    kept: bool
    size: float
    score: float | None = None
    candidate_size: float | None = None
    atr_pct: float | None = None
    is_open: bool = False
    units: float | None = None
    bad: bool = False


class Day(msgspec.Struct, array_like=True):
    """Verdicts of one session: all, those that blocked, those that abstained; some latencies."""

    verdicts: int = 0
    blocked: int = 0
    abstained: int = 0
    latencies_us: list[float] = []


class State(msgspec.Struct, kw_only=True):
    """What was read, up to where, and what is kept of it (`afterclose.monitoring.weeks`).

    ``before`` are weeks from before the model was active: drift is measured against them.
    """

    model_id: str | None = None
    since: datetime | None = None
    feature_names: tuple[str, ...] = ()
    log: Position = Position()
    ledgers: dict[str, Position] = {}
    verdicts: dict[str, int] = {}
    days: dict[str, Day] = {}
    before: list[Week] = []
    weeks: list[Week] = []
    pending: dict[str, Pending] = {}


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """The part for readers; the state of the next night is not even parsed."""

    schema_version: MonitorVersion = MONITOR_VERSION
    at: datetime
    facts: Facts
    drift: Alarm
    calibration: Calibration
    harm: Alarm
    challenger: Alarm

    def alarm_of(self, kind: Kind) -> Alarm:
        """The alarm of that kind."""
        found: Alarm = getattr(self, kind)
        return found


class Monitor(Judged, frozen=True, kw_only=True):
    """The whole file."""

    state: State


def read_judged(root: Path) -> Judged | None:
    """What the last step found; None where there is no such file, or it is damaged."""
    return _read(root, Judged)


def read_monitor(root: Path) -> Monitor | None:
    """The whole file, to go on from."""
    return _read(root, Monitor)


def write_monitor(root: Path, monitor: Monitor) -> None:
    """Replace the file. Raises StorageError."""
    write_sealed(root / MONITOR_FILE, monitor)


def _read(root: Path, kind: type[Part]) -> Part | None:
    try:
        data = (root / MONITOR_FILE).read_bytes()
        return decode_sealed(data, kind)
    except (OSError, *UNREADABLE):
        return None
