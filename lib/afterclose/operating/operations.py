"""What a person does to the registry: promote, roll back, lock, unlock.

The same few steps surround each of them (scope lock, journal line, status file), so they
stand here once and the registry itself stays about models. Nothing here imports pandas or
scikit-learn: a promotion answers in a fraction of a second.
"""

from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from afterclose.errors import InputError
from afterclose.learning.artifacts import check_model_id
from afterclose.learning.blocking import blocking_of
from afterclose.market.clock import MarketClock
from afterclose.model_registry import ModelRegistry
from afterclose.nightly.work import Workplace
from afterclose.operating.consent import gates_consent
from afterclose.operating.redrawn import redraws
from afterclose.records import Outcome
from afterclose.scope_files import MODELS_FOLDER
from afterclose.settings import Settings
from afterclose.wording.registry import NO_MODEL, promotion_text


class PromotionRequest(NamedTuple):
    """A promotion as a person asks for it.

    ``origin`` (``us/paper``) is the scope to copy the model from first, ``anyway`` overrules
    the gates, ``by`` names the person where the process cannot know (a container).
    """

    model_id: str
    reason: str = ""
    origin: str | None = None
    anyway: bool = False
    by: str | None = None


@redraws
def promote(settings: Settings, now: datetime, request: PromotionRequest) -> Outcome:
    """Make a candidate active.

    Raises RefusedError naming the check that failed, or the gates that refuse; then nothing
    has changed.
    """
    model_id, reason = request.model_id, request.reason
    check_model_id(model_id)
    source = _scope(settings, request.origin) if request.origin else None
    registry = ModelRegistry.from_settings(settings, by=request.by)
    overruled: list[str] = []
    consent = gates_consent(
        settings, source or settings.model_dir, model_id, overruled if request.anyway else None
    )
    with Workplace.from_settings(settings).run("promote", now, model_id=model_id) as end:
        if source:
            registry.import_model(source, model_id, consent=consent, now=now)
        ask = None if source else consent
        changed = registry.promote_candidate(model_id, reason=reason, consent=ask, now=now)
        outcome = Outcome(
            job="promote",
            status="done" if changed else "unchanged",
            reason=reason if changed else f"{model_id} is active already",
            details={
                "model_id": model_id,
                "previous_active": registry.previous_active(),
                "overruled": overruled,
            },
            text=promotion_text(
                model_id,
                registry.previous_active(),
                _threshold(registry, model_id, settings),
                changed=changed,
                overruled=overruled,
            ),
        )
        return end(outcome)


@redraws
def rollback(settings: Settings, now: datetime, reason: str, by: str | None = None) -> Outcome:
    """Return to the previous active model. Raises RefusedError when there is none.

    ``by`` names the person where the process cannot know (a container).
    """
    registry = ModelRegistry.from_settings(settings, by=by)
    with Workplace.from_settings(settings).run("rollback", now) as end:
        left = registry.get_active_model()
        model_id = registry.rollback(reason=reason, now=now)
        outcome = Outcome(
            job="rollback",
            status="done",
            reason=reason,
            details={"model_id": model_id, "rolled_back_from": left},
            text=f"Rolled back from {left or NO_MODEL} to {model_id}.\n"
            f"Threshold: {_threshold(registry, model_id, settings)}",
        )
        return end(outcome)


@redraws
def lock(
    settings: Settings, now: datetime, within_minutes: int | None = None, by: str | None = None
) -> Outcome:
    """Pin the active model until the close of the running or next session.

    With ``within_minutes`` only from so long before its open: a cron tick in the evening
    would otherwise take the night away in which promotions are made. A market that never
    closes, or only for minutes, is not locked then, for the lock would never end. ``by`` is as for
    `rollback`.

    Raises InputError for minutes below 0, and what `ModelRegistry.lock` raises.
    """
    if within_minutes is not None and within_minutes < 0:
        raise InputError(f"--within {within_minutes} is before no open; name minutes from 0")
    clock = MarketClock.from_settings(settings, may_build=True)
    if within_minutes is not None and (early := _too_early(clock, now, within_minutes)):
        return Outcome(job="lock", status="nothing_due", reason=early)
    registry = ModelRegistry.from_settings(settings, by=by)
    with Workplace.from_settings(settings).run("lock", now) as end:
        clock.ensure(now)
        active = registry.get_active_model()
        if active is None:
            reason = "no model is active, so there is none to pin"
            return end(Outcome(job="lock", status="nothing_due", reason=reason))
        session = clock.session_for_lock(now)
        registry.lock(session.date, session.close, active, now=now)
        until = session.close.isoformat()
        outcome = Outcome(
            job="lock",
            status="done",
            reason=f"session {session.date} is locked on {active} until {until}; it blocks above "
            f"{_threshold(registry, active, settings)}",
            details={"session": session.date, "model_id": active, "until": until},
        )
        return end(outcome)


def _too_early(clock: MarketClock, now: datetime, within_minutes: int) -> str:
    if clock.never_closes(now):
        return "the market never closes, so a lock would never end"
    session = clock.session_for_lock(now)
    if session.open - now <= timedelta(minutes=within_minutes):
        return ""
    opens = session.open.isoformat(timespec="minutes")
    return f"session {session.date} opens at {opens}; locked from {within_minutes} minutes before"


@redraws
def unlock(settings: Settings, now: datetime, reason: str, by: str | None = None) -> Outcome:
    """End the session lock by hand; ``by`` as for `rollback`."""
    registry = ModelRegistry.from_settings(settings, by=by)
    with Workplace.from_settings(settings).run("unlock", now) as end:
        ended = registry.unlock(reason=reason, now=now)
        if ended is None:
            return end(Outcome(job="unlock", status="nothing_due", reason="no session is locked"))
        done = f"session {ended.session} is unlocked"
        return end(Outcome(job="unlock", status="done", reason=done))


def _threshold(registry: ModelRegistry, model_id: str, settings: Settings) -> str:
    """Where a registered model blocks, in words."""
    metrics = registry.list_models()[model_id]["metrics"]
    return blocking_of(metrics, settings.risk_threshold).words()


def _scope(settings: Settings, origin: str) -> Path:
    from msgspec.structs import replace

    market, _, env = origin.partition("/")
    known = replace(settings, market=settings.market, env=settings.env)
    folder = Path(known.logs_dir) / market / env / MODELS_FOLDER
    if not market or not env or "/" in env or ".." in origin or not folder.is_dir():
        raise InputError(
            f"--from {origin!r} names no scope with models in {settings.logs_dir}; "
            "write MARKET/ENV, such as us/paper"
        )
    return folder
