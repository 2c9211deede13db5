"""Which model a trading session runs on: found, verified, loaded and locked, or why none is.

The model is read once and kept in memory. From then on no promotion, rollback or new file
changes an answer, and a process that restarts during the session finds the lock and loads
the same model. Asking the registry at each signal would be simpler, and would let a job
change the rules of the game between two trades.

Nothing here raises: a session without a model trades by the rules alone.
"""

from datetime import UTC, datetime, time, timedelta, tzinfo

import msgspec
from msgspec.structs import replace

from afterclose.disk.signature import scope_of
from afterclose.errors import (
    AftercloseError,
    CannotTell,
    IntegrityError,
    RefusedError,
    ScopeBusy,
    StorageError,
    UsageError,
)
from afterclose.learning.artifacts import ModelStore
from afterclose.learning.scorer import Scorer
from afterclose.market.clock import MarketClock
from afterclose.records import Reason
from afterclose.registry.events import Lock, artifacts_digest, is_signed
from afterclose.registry.reader import RegistryView, read_registry
from afterclose.scope_files import MODEL_FILE, SCORECARD_FILE
from afterclose.settings import Settings

MODEL_ID_TIME = "%Y%m%d_%H%M%S"
MODEL_ID_TIME_CHARACTERS = 15
"""A model's id begins with the moment of its training, in UTC."""


class Pin(msgspec.Struct, frozen=True, kw_only=True):
    """What a session runs on.

    ``scorer`` is None for the rules alone, and ``reason`` then the code of every verdict.
    ``digest`` is the SHA-256 of the file that is scored with. ``text`` says in words what
    the session runs on, ``trouble`` whether a person should look into it. ``until`` is the
    session's close, ``over_at`` the open after it, None where no calendar can tell.
    """

    text: str
    trouble: bool
    reason: Reason = "low_risk"
    model_id: str | None = None
    digest: str | None = None
    scorer: Scorer | None = None
    session: str | None = None
    until: datetime | None = None
    over_at: datetime | None = None


class _RulesOnly(Exception):
    """The session has no model; ``reason`` is the code, the message the words."""

    def __init__(self, reason: Reason, text: str) -> None:
        self.reason: Reason = reason
        super().__init__(text)


class _Session(msgspec.Struct, frozen=True):
    """What a lock is for; ``doubt`` is why it is a guess, empty when it is not.

    Not ``lockable`` where another session follows at once: loading each day would then lock
    everybody out of promoting, for ever. The model is pinned in memory alone.
    """

    date: str
    until: datetime
    doubt: str = ""
    lockable: bool = True


def pin_model(settings: Settings, now: datetime, *, lock: bool = True) -> Pin:
    """The model for the session at ``now`` or the next one, verified, and locked with ``lock``.

    A running lock decides; else the active model is loaded and the session locked on it.
    Where the lock cannot be had (read-only folder, another writer) the model still counts,
    and ``text`` says so. Never raises, whatever is on disk.
    """
    session = over_at = None
    try:
        clock = MarketClock.from_settings(settings)
        session = _session(clock, now)
        over_at = _open_after(clock, session.until)
        try:
            pin = _pin(settings, now, session, lock=lock)
        except RefusedError:  # promoted or locked by another between our reading and locking
            pin = _pin(settings, now, session, lock=lock)
        return replace(pin, over_at=_open_after(clock, pin.until or session.until))
    except _RulesOnly as none:
        found: tuple[Reason, str] = none.reason, str(none)
    except Exception as error:  # noqa: BLE001 - a damaged file may raise anything in a library
        words = str(error) if isinstance(error, AftercloseError) else repr(error)
        found = "model_load_failed", words
    reason, words = found
    return Pin(
        text=f"{reason}: {words}",
        trouble=reason != "no_active_model",
        reason=reason,
        session=session.date if session else None,
        over_at=over_at,
    )


def _open_after(clock: MarketClock, until: datetime) -> datetime:
    """The open that follows a session which closes at ``until``: from then it is over."""
    try:
        return clock.session_for_lock(until).open
    except Exception:  # noqa: BLE001 - a calendar that cannot tell must not keep a model going
        return until


def _pin(settings: Settings, now: datetime, session: _Session, *, lock: bool) -> Pin:
    view = read_registry(settings.model_dir, settings.signing_key)
    running = view.state.running_lock(now)
    if running is None:
        model_id, artifacts = _active(view)
    else:
        model_id, artifacts = _locked(view, running, settings)
        session = _Session(running.session, running.until)
    _check_age(settings, now, model_id)
    scorer = ModelStore(settings.model_dir).load_scorer(
        model_id, artifacts, max_abs_z=settings.ood_max_z
    )
    doubts = [session.doubt]
    if lock and running is None and session.lockable:
        doubts.append(_lock_session(settings, session, model_id, now))
    doubt = "; ".join(filter(None, doubts))
    until = f"{session.until:%Y-%m-%d %H:%M} UTC"
    return Pin(
        text=f"model {model_id} for session {session.date} until {until}"
        + (f"; {doubt}" if doubt else ""),
        trouble=bool(doubt),
        model_id=model_id,
        digest=artifacts.get(SCORECARD_FILE) or artifacts[MODEL_FILE],
        scorer=scorer,
        session=session.date,
        until=session.until,
    )


def _session(clock: MarketClock, now: datetime) -> _Session:
    """The session to lock; where the calendar cannot tell, the local day is one."""
    try:
        session = clock.session_for_lock(now)
        lockable = not clock.never_closes(now)
    except (CannotTell, UsageError) as error:
        zone = _zone(clock)
        today = now.astimezone(zone).date()
        midnight = datetime.combine(today + timedelta(days=1), time(), zone).astimezone(UTC)
        return _Session(
            today.isoformat(),
            midnight,
            f"the session is taken to be the local day, as the calendar says: {error}",
            lockable=not clock.always_open,
        )
    return _Session(session.date, session.close, lockable=lockable)


def _zone(clock: MarketClock) -> tzinfo:
    from zoneinfo import ZoneInfo  # only a guess needs it

    try:
        return ZoneInfo(clock.timezone)
    except (CannotTell, UsageError):
        return UTC


def _active(view: RegistryView) -> tuple[str, dict[str, str]]:
    if view.active is not None:
        return view.active.model_id, view.active.artifacts
    if view.broken is None and view.state.active_id is None:
        raise _RulesOnly("no_active_model", "no model has been promoted; `make promote` does it")
    problems = "; ".join(f"{p.file}: {p.what}" for p in view.problems)
    raise _RulesOnly("model_load_failed", f"the registry is not to be trusted: {problems}")


def _locked(view: RegistryView, lock: Lock, settings: Settings) -> tuple[str, dict[str, str]]:
    """The model that a running session is pinned on, even where another is active by now."""
    if lock.model_id is None:
        raise _RulesOnly("no_active_model", f"session {lock.session} was opened without a model")
    if view.active is not None and view.active.model_id == lock.model_id:
        artifacts = view.active.artifacts
    else:
        known = view.state.models.get(lock.model_id)
        locking = next(event for event in reversed(view.chain.events) if event.lock == lock)
        key, scope = settings.signing_key, scope_of(settings.model_dir)
        if known is None or not all(
            is_signed(event, key, scope) for event in (known.registered, locking)
        ):
            raise _RulesOnly(
                "model_load_failed",
                f"session {lock.session} is locked on {lock.model_id}, which the registry "
                "does not vouch for",
            )
        artifacts = known.registered.artifacts
    if artifacts_digest(artifacts) != lock.digest:
        raise _RulesOnly(
            "model_load_failed", f"{lock.model_id} is not the one session {lock.session} locked"
        )
    return lock.model_id, artifacts


def _check_age(settings: Settings, now: datetime, model_id: str) -> None:
    limit = settings.model_max_age_sessions
    if not limit:
        return
    moment = model_id[:MODEL_ID_TIME_CHARACTERS]
    trained = datetime.strptime(moment, MODEL_ID_TIME).replace(tzinfo=UTC)
    if (now - trained).days < limit:  # a day has one session at most: no calendar is needed
        return
    try:
        age = MarketClock.from_settings(settings).sessions_between(trained, now)
    except (CannotTell, UsageError) as error:
        raise _RulesOnly(
            "model_expired", f"{model_id} may be older than {limit} sessions: {error}"
        ) from None
    if age > limit:
        raise _RulesOnly("model_expired", f"{model_id} is {age} sessions old, allowed {limit}")


def _lock_session(settings: Settings, session: _Session, model_id: str, now: datetime) -> str:
    """Why the session could not be locked, empty when it was."""
    from afterclose.model_registry import ModelRegistry  # a restart in mid-session does not write

    registry = ModelRegistry.from_settings(settings)
    try:
        registry.lock(session.date, session.until, model_id, now=now)
    except (ScopeBusy, StorageError, IntegrityError) as error:
        return f"not locked, but kept in memory: {error}"
    return ""
