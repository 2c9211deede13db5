"""What a crontab says: which command runs when, in which zone, with which variables.

Plain crontab(5) lines, so that any other cron can take the file over: comments, ``NAME=value``,
``CRON_TZ=zone`` and ``CRON_TIME_LIMIT=2h`` for the lines below them, and five fields or a name
such as ``@daily`` before a command. The fields and their meaning across daylight saving are
cronsim's: a time in the spring gap runs when the gap ends, a time in the autumn repeat runs
once. Everything wrong is an error that names the line; a cron that skips a mistyped line is
quiet for months.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from cronsim import CronSim, CronSimError

from afterclose.errors import InputError

NICKNAMES = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
"""As in crontab(5); @reboot is missing: the engine decides when a container starts."""

ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)")


TIME_LIMIT_S = 6 * 3600.0
"""How long a run may take unless the crontab says otherwise: the longest night, many times over."""

UNIT_S = {"s": 1, "m": 60, "h": 3600}


class Entry(msgspec.Struct, frozen=True):
    """One line that runs something: ``schedule`` in the wall time of ``zone``.

    ``number`` is the line's number, from 1; ``environment`` holds NAME=value texts;
    ``limit_s`` is the time limit of a run in seconds.
    """

    number: int
    schedule: str
    zone: ZoneInfo
    environment: tuple[str, ...]
    command: str
    limit_s: float = TIME_LIMIT_S

    @property
    def name(self) -> str:
        """A short name for logs: the job, or the command's first word."""
        job = re.search(r"-m\s+jobs\.(\w+)", self.command)
        word = self.command.split()[0]
        return job.group(1) if job else word.rpartition("/")[2] or word

    def next_run(self, now: datetime) -> datetime:
        """The first run after ``now`` (aware), in the line's zone."""
        runs = CronSim(self.schedule, now.astimezone(self.zone))
        # Inside the hour that autumn repeats, cronsim's first answer may lie before now.
        return next(run for run in runs if run.astimezone(UTC) > now)


def parse_crontab(text: str, source: str, now: datetime) -> tuple[Entry, ...]:
    """All entries of a crontab; ``source`` is its name for messages.

    Raises InputError with the line and what is wrong with it: an unreadable field, an
    unknown zone, a missing command, a date that never comes after ``now``; or when no line
    runs anything.
    """
    entries: list[Entry] = []
    zone = ZoneInfo("UTC")
    environment: dict[str, str] = {}
    limit_s = TIME_LIMIT_S
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.strip()
        try:
            if not words or words.startswith("#"):
                continue
            if assignment := ASSIGNMENT.fullmatch(words):
                name, value = assignment[1], _unquoted(assignment[2])
                if name == "CRON_TZ":
                    zone = _zone(value)
                elif name == "CRON_TIME_LIMIT":
                    limit_s = _time_limit_s(value)
                else:
                    environment[name] = value
                continue
            pairs = tuple(f"{name}={value}" for name, value in environment.items())
            entry = _entry(number, words, zone, pairs, now)
            entries.append(msgspec.structs.replace(entry, limit_s=limit_s))
        except ValueError as error:
            raise InputError(f"{source}, line {number}: {error}\n    {words}") from None
    if not entries:
        raise InputError(f"{source}: no line runs anything; write one, such as: @daily true")
    return tuple(entries)


def describe(entries: Iterable[Entry], now: datetime) -> str:
    """Each line's next run after ``now`` in the line's zone, for people."""
    rows = []
    for entry in entries:
        when = f"{entry.next_run(now):%a %Y-%m-%d %H:%M %Z}"
        rows.append(f"line {entry.number:>3}  {entry.schedule:<16}  {when:<24}  {entry.command}")
    return "\n".join(rows)


def _entry(
    number: int, words: str, zone: ZoneInfo, environment: tuple[str, ...], now: datetime
) -> Entry:
    if words.startswith("@"):
        nickname, command = [*words.split(None, 1), ""][:2]
        if nickname not in NICKNAMES:
            raise ValueError(f"unknown name {nickname}; there are {', '.join(NICKNAMES)}")
        schedule = NICKNAMES[nickname]
    else:
        *fields, command = [*words.split(None, 5), *[""] * 6][:6]
        schedule = " ".join(fields)
    if "\0" in command or "\0" in "".join(environment):
        raise ValueError("a NUL character here or in a variable, which no command can hold")
    if not command.strip():
        raise ValueError("five fields (minute hour day month weekday) and a command are needed")
    entry = Entry(number, schedule, zone, environment, command.strip())
    try:
        entry.next_run(now)
    except CronSimError as error:
        raise ValueError(f"{error} in {schedule!r}") from None
    return entry


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"unknown time zone {name!r}; write one such as Asia/Kolkata") from None


def _time_limit_s(text: str) -> float:
    found = re.fullmatch(r"(\d{1,6})([smh])", text)
    if found is None or int(found[1]) == 0:
        raise ValueError(f"CRON_TIME_LIMIT={text} is not a time; write one such as 90s, 30m or 6h")
    return float(found[1]) * UNIT_S[found[2]]


def _unquoted(value: str) -> str:
    quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
    return value[1:-1] if quoted else value
