"""What is wrong with a scope, judged by outcomes: one sentence each, with its remedy.

A process that runs is not a job that succeeds, and a job that succeeds may have had nothing
it could use. So nothing here asks whether something is alive: it asks what came out, of the
last session, of each crontab line, of the ledgers, and of the filter at trading time
(`afterclose.nightly.filter_health`). `status --health` exits with 1 when there is a
sentence, and the same ones are the alerts of `ml_status.json`: a monitor, a page and a person
never hear different things.
"""

import math
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from afterclose.cron import heartbeat
from afterclose.cron.line_results import LineResult, read_results
from afterclose.dataset.metadata import ID_OF_ANOTHER_TRADE
from afterclose.disk.files import read_chunks
from afterclose.errors import UNREADABLE, CannotTell, ConfigError
from afterclose.market.clock import MarketClock
from afterclose.nightly.clock_health import clock_alerts
from afterclose.nightly.cycle_state import CycleState, latest_state, read_part
from afterclose.nightly.due import MAX_ATTEMPTS, training_is_refused, what_is_due
from afterclose.nightly.filter_health import filter_alerts
from afterclose.nightly.journal import Run
from afterclose.nightly.sealed_lines import is_ahead
from afterclose.registry.reader import RegistryView
from afterclose.scope_files import CRON_LINES_FILE, DATASET_FILE, HEARTBEAT_FILE, REJECTS_FILE
from afterclose.settings import Settings

OVERDUE_AFTER = timedelta(hours=1)
"""Four missed ticks: a session that should have been handled and was not."""

WARN_BEFORE_END = timedelta(days=14)
"""When to say that the calendar ends."""

MAX_REJECTED_SHARE = 0.05
"""Of a ledger's records; more is a broken export and not a slip."""

IDS_NAMED = 3
"""Of the ids that two trades share; the rejects name them all."""

HARMLESS_EXITS = {0, 4}
"""Done, and another job was at work in the scope: the next tick does it."""

HARMLESS_SKIPS = (
    "Dataset too small",
    "unchanged",
    "one class",
    "the market is open",
    "training refused: the market is open",
)
"""How the reasons begin for which a cycle may skip: more trades, or time, will end them."""


def alerts(settings: Settings, now: datetime, view: RegistryView, runs: list[Run]) -> Iterator[str]:
    """All that is wrong at ``now``, the most urgent first; ``runs`` are the cycle's, oldest first.

    Never raises for a file's contents.
    """
    clock, cycle = MarketClock.from_settings(settings), latest_state(runs)
    yield from _cron_alerts(settings.root, now)
    yield from clock_alerts(runs, view.state, now)
    built = read_part(settings.root / DATASET_FILE, _Built)
    yield from _missing_ledgers(settings, built)
    if not training_is_refused(settings):
        yield from _cycle_alerts(settings, clock, now, cycle)
        if built and built.rejects.lines:
            yield from _reject_alerts(settings.root, built)
    yield from filter_alerts(settings, clock, now, view)
    yield from _calendar_alerts(clock, now)


def _cron_alerts(root: Path, now: datetime) -> Iterator[str]:
    silent_s = heartbeat.age_s(root / HEARTBEAT_FILE, now)
    if silent_s is not None and silent_s > heartbeat.STALE_AFTER_S:
        long = f"{silent_s:.0f}" if math.isfinite(silent_s) else "?"  # its heartbeat is unreadable
        yield f"cron has not fired for {long} s; restart the service"
    for result in read_results(root / CRON_LINES_FILE):
        if result.exit_code not in HARMLESS_EXITS:
            yield _line_alert(result)


def _line_alert(result: LineResult) -> str:
    name = f"line {result.line} of the crontab ({result.command})"
    when = f"{result.at:%Y-%m-%d %H:%M} UTC"
    if result.over_limit_s is not None:
        return (
            f"{name} was ended at {when}, after its time limit of {result.over_limit_s:.0f} s; "
            "its output says how far it got, and CRON_TIME_LIMIT= above the line allows more"
        )
    how = f"exited with {result.exit_code}" if result.exit_code > 0 else "was killed"
    return f"{name} {how} at {when}; its output says why, and its next good run ends this"


def _cycle_alerts(
    settings: Settings, clock: MarketClock, now: datetime, cycle: CycleState | None
) -> Iterator[str]:
    if cycle is None:
        return  # nothing has run here yet, so nothing can be late
    try:
        if cycle.session > (latest := clock.last_completed(now).date):
            if not is_ahead(cycle.session, now):  # or it is said already
                yield (
                    f"session {cycle.session} is recorded as handled but has not closed yet: a "
                    f"clock was ahead. Check it; `make cycle FORCE=1` handles {latest}"
                )
            return
        due = what_is_due(settings, clock, now - OVERDUE_AFTER)
    except (CannotTell, ConfigError):
        due = None  # said with the calendar
    again = (
        "mend the cause, then run `make cycle FORCE=1`"
        if cycle.attempts >= MAX_ATTEMPTS
        else "it is tried again at the next tick"
    )
    if cycle.outcome == "FAILED":
        yield f"the cycle of session {cycle.session} failed: {cycle.reason}; {again}"
    elif cycle.outcome == "STARTED" and cycle.attempts >= MAX_ATTEMPTS:
        yield (
            f"the cycle of session {cycle.session} was started {cycle.attempts} times and "
            f"killed before its end, or still runs; {again}"
        )
    elif cycle.outcome == "SKIPPED" and not _is_harmless(cycle.reason):
        yield (
            f"the cycle of session {cycle.session} trained nothing: {_sentence(cycle.reason)} "
            "This does not pass by itself: mend it, then run `make cycle FORCE=1`"
        )
    elif due and due.session and (due.session > cycle.session or now - cycle.at > OVERDUE_AFTER):
        yield f"session {due.session} has not been handled; `make cycle` does it, cron should"


def _sentence(reason: str) -> str:
    """A reason with one full stop: errors end with theirs."""
    return reason if reason.endswith(".") else f"{reason}."


def _is_harmless(reason: str) -> bool:
    return not reason or reason.startswith(HARMLESS_SKIPS)


class _Ledger(msgspec.Struct, frozen=True):
    ledger: str
    bytes: int = 0


class _Reject(msgspec.Struct, frozen=True):
    ledger: str
    reason: str
    trade_id: str | None


class _RejectCount(msgspec.Struct, frozen=True):
    lines: int = 0


class _Built(msgspec.Struct, frozen=True):
    """What the dataset's metadata say of the ledgers; the rest is not even parsed."""

    rows: int
    rejects: _RejectCount = _RejectCount()
    ledgers: tuple[_Ledger, ...] = ()


def _missing_ledgers(settings: Settings, built: _Built | None) -> Iterator[str]:
    """Ledgers that are named or were read, and are not there: where nothing trains too."""
    read = {settings.root / known.ledger for known in built.ledgers if known.bytes} if built else ()
    # Of a build without it the metadata say that nothing of it was read: the rows remember.
    named = settings.ledger_paths if settings.ledger_file or (built and built.rows) else ()
    for path in sorted({*named, *read}):
        if not path.exists():
            yield f"the ledger {path} is gone; restore it, or name the right one in ML_LEDGER_FILE"


def _reject_alerts(root: Path, built: _Built) -> Iterator[str]:
    """Ledgers of which nothing, or too little, could be used; ids that two trades share."""
    rejects = list(_rejects(root / REJECTS_FILE))
    for ledger, count in sorted(Counter(reject.ledger for reject in rejects).items()):
        records = max(_lines(root / ledger), count)
        where = f"{REJECTS_FILE} names each with its reason"
        if not built.rows:
            yield f"no trade could be used: {count} records of {ledger} were rejected; {where}"
        elif count > MAX_REJECTED_SHARE * records:
            yield (
                f"{count} of {records} records of {ledger} were rejected; {where}, and a mended "
                "record gets in on the next build"
            )
    if shared := [r.trade_id or "" for r in rejects if r.reason.startswith(ID_OF_ANOTHER_TRADE)]:
        named = ", ".join(shared[:IDS_NAMED]) + (", ..." if len(shared) > IDS_NAMED else "")
        yield (
            f"{len(shared)} records have the id of another trade and are left out: {named}; give "
            "the trades of each account ids of their own, then run `make build`"
        )


def _rejects(path: Path) -> Iterator[_Reject]:
    decode = msgspec.json.Decoder(_Reject).decode
    try:
        with path.open("rb") as file:
            yield from map(decode, file)
    except (OSError, *UNREADABLE):
        pass  # `make verify` says what is wrong with the file


def _lines(path: Path) -> int:
    try:
        return sum(chunk.count(b"\n") for chunk in read_chunks(path))
    except OSError:
        return 0


def _calendar_alerts(clock: MarketClock, now: datetime) -> Iterator[str]:
    if not clock.cache_path.exists():
        return  # the first job that needs it makes it
    try:
        ends = clock.calendar_ends(now)
    except CannotTell as error:
        yield str(error)
        return
    if ends and datetime.fromisoformat(ends).replace(tzinfo=UTC) - now <= WARN_BEFORE_END:
        yield (
            f"the calendar {clock.calendar} ends on {ends}; sessions after that are assumed from "
            "its regular week, without holidays: update exchange_calendars, or list the days that "
            "differ in ML_CALENDAR_OVERRIDES"
        )
