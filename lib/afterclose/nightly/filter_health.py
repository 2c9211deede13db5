"""Whether the filter that trades is the model that was promoted.

Nothing in the nightly work fails when the trading process cannot load its model: it trades by
the rules, as it should, and only its verdicts tell. So the newest lines of the decision log are
read, and the active model is checked as a loading filter would.
"""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from pathlib import Path

import msgspec
from msgspec.structs import replace

from afterclose.disk.sealed_json import decode_sealed
from afterclose.errors import UNREADABLE, AftercloseError, CannotTell, UsageError
from afterclose.learning.artifacts import ModelStore
from afterclose.market.clock import MarketClock
from afterclose.monitoring.alerts import monitor_alerts
from afterclose.registry.reader import RegistryView
from afterclose.registry.state import CLOCKS_DIFFER, ActiveModel
from afterclose.scope_files import DECISIONS_FILE
from afterclose.settings import Settings
from afterclose.trading.model_pin import MODEL_ID_TIME, MODEL_ID_TIME_CHARACTERS

TAIL_BYTES = 1 << 16
"""Of the decision log; a line is under a kilobyte for some dozens of features."""

NEWEST_VERDICTS = 40
RECENT = timedelta(days=14)
"""Older verdicts say nothing of what trades now."""

ONE_SESSION = timedelta(hours=24)
"""A verdict later than this after a promotion is of a session that began after it."""

WITHOUT_MODEL = {"model_load_failed", "model_expired"}
OF_ITS_MODEL = {"low_risk", "high_risk", "no_active_model"}
ABSTAINING = {"features_missing", "features_invalid", "out_of_distribution", "scoring_failed"}
ABSTAINING_FROM = 10
"""So many verdicts without one score are a fault, and not an unusual signal."""


class _Verdict(msgspec.Struct, frozen=True):
    """What is needed of a line of the decision log."""

    at: datetime
    session: str | None
    model_id: str | None
    reason: str


def filter_alerts(
    settings: Settings, clock: MarketClock, now: datetime, view: RegistryView
) -> Iterator[str]:
    """What is wrong with the model that trades; nothing while none is active."""
    active = view.active
    if active is None:
        return  # none was promoted, or the registry's own problems are said already
    yield from _model_alerts(settings, clock, now, active)
    if active.since - now > CLOCKS_DIFFER:  # a clock was ahead: nobody knows since when really
        active = replace(active, since=datetime.min.replace(tzinfo=UTC))
    tail = _tail(settings.root / DECISIONS_FILE)
    verdicts = _of_newest_session(tail)
    newest = verdicts[-1].at if verdicts else None
    yield from monitor_alerts(settings.root, now, newest, active.since)
    if not verdicts or not active.since < verdicts[-1].at or now - verdicts[-1].at > RECENT:
        return
    judged = [verdict for verdict in tail if verdict.at > active.since]
    yield from _verdict_alerts(verdicts, judged[-NEWEST_VERDICTS:], active)
    yield from _lock_alerts(clock, verdicts[-1], view)


def newest_verdicts(path: Path) -> list[_Verdict]:
    """The last verdicts of the newest session in the log, oldest first; damaged lines left out."""
    return _of_newest_session(_tail(path))


def _of_newest_session(tail: list[_Verdict]) -> list[_Verdict]:
    newest = [verdict for verdict in tail if verdict.session == tail[-1].session]
    return newest[-NEWEST_VERDICTS:]


def _tail(path: Path) -> list[_Verdict]:
    """The verdicts at the end of the log, of whatever session, oldest first."""
    try:
        with path.open("rb") as file:
            start = max(0, file.seek(0, os.SEEK_END) - TAIL_BYTES)
            file.seek(start)
            lines = file.read().splitlines()
    except OSError:
        return []
    return [verdict for line in lines[1 if start else 0 :] if (verdict := _verdict(line))]


def _verdict(line: bytes) -> _Verdict | None:
    try:
        verdict = decode_sealed(line, _Verdict)
    except UNREADABLE:
        return None
    return None if verdict.at.tzinfo is None else verdict


def _model_alerts(
    settings: Settings, clock: MarketClock, now: datetime, active: ActiveModel
) -> Iterator[str]:
    model_id = active.model_id
    try:
        ModelStore(settings.model_dir).verify(model_id, active.artifacts)
    except (AftercloseError, OSError) as error:
        yield f"the active model {model_id} cannot be loaded: {error} Or run `make rollback`"
    limit = settings.model_max_age_sessions
    try:
        moment = model_id[:MODEL_ID_TIME_CHARACTERS]
        trained = datetime.strptime(moment, MODEL_ID_TIME).replace(tzinfo=UTC)
        age = clock.sessions_between(trained, now) if limit else 0
    except (CannotTell, UsageError, ValueError):
        return
    if limit and age > limit:
        yield (
            f"the active model {model_id} is {age} sessions old and no longer used "
            f"(ML_MODEL_MAX_AGE_SESSIONS={limit}); promote a newer one"
        )


def _verdict_alerts(
    verdicts: list[_Verdict], judged: list[_Verdict], active: ActiveModel
) -> Iterator[str]:
    """``verdicts`` are of the newest session, ``judged`` of all sessions since the promotion.

    Who trades twice a day has no ten verdicts in a session, and abstentions are counted over all.
    """
    last = verdicts[-1]
    dead = list(takewhile(lambda verdict: verdict.reason in WITHOUT_MODEL, reversed(verdicts)))
    if last.reason == "session_over":
        yield (
            f"the filter of session {last.session} was asked at {last.at:%Y-%m-%d %H:%M} UTC, "
            "after the next one had opened: it leaves everything to the rules (session_over); "
            "the trading process must load the filter before each session"
        )
        return
    if dead:
        why = " and ".join(sorted({verdict.reason for verdict in dead}))
        yield (
            f"the trading process has no model: the last {len(dead)} verdicts of session "
            f"{last.session} are {why}; "
            "`make verify` names the file, `make promote` or `make rollback` brings another model"
        )
    elif (
        last.at - active.since > ONE_SESSION
        and last.reason in OF_ITS_MODEL
        and last.model_id != active.model_id
    ):
        yield (
            f"the trading process does not use {active.model_id}, active since "
            f"{active.since:%Y-%m-%d %H:%M} UTC, but {last.model_id or 'the rules alone'}; "
            "it must load the filter before each session"
        )
    elif len(judged) >= ABSTAINING_FROM and {one.reason for one in judged} <= ABSTAINING:
        why = " and ".join(sorted({one.reason for one in judged}))
        yield (
            f"the filter abstains from everything: the last {len(judged)} verdicts are {why}; "
            "compare the names and units of the features with those of the ledger"
        )


def _lock_alerts(clock: MarketClock, last: _Verdict, view: RegistryView) -> Iterator[str]:
    """That a model trades in a session that nobody locked: another could be promoted into it."""
    if last.model_id is None or last.session is None:
        return
    try:
        if clock.never_closes(last.at):
            return
    except (CannotTell, UsageError):
        return
    if not any(event.lock and event.lock.session == last.session for event in view.chain.events):
        yield (
            f"session {last.session} trades on {last.model_id} without a lock: the trading process "
            "may not write in the scope's folder. Let both run as one user, or share a group and "
            "set ML_GROUP_WRITABLE=true"
        )
