"""What an operator asks: what is active, what waits, what is wrong, is it alive.

Answers are derived from the files as they stand, not read from `ml_status.json`: whoever asks
after a crash wants the truth and not the last thing that was written. Nothing is written.
"""

from datetime import UTC, datetime, timedelta

import msgspec

from afterclose.cron.heartbeat import FILE_NAME as HEARTBEAT
from afterclose.cron.heartbeat import STALE_AFTER_S, age_s
from afterclose.errors import CannotTell
from afterclose.market.clock import MarketClock
from afterclose.model_registry import ModelRegistry
from afterclose.nightly.cycle_state import CycleState, read_cycle_state
from afterclose.nightly.due import training_is_refused, what_is_due
from afterclose.nightly.status import current_status
from afterclose.records import Outcome
from afterclose.settings import Settings
from afterclose.wording.registry import candidates_text, status_text

OVERDUE_AFTER = timedelta(hours=1)
"""Four missed ticks: a session that should have been handled and was not."""

WARN_BEFORE_END = timedelta(days=14)
"""When to say that the calendar ends."""


def show_status(settings: Settings, now: datetime, *, health: bool = False) -> Outcome:
    """The scope's status; with ``health`` one line, and exit code 1 when something is wrong."""
    if health:
        return _health(settings, now)
    clock = MarketClock.from_settings(settings)
    alerts = [*_ailments(settings, now), *_calendar_warnings(clock, now)]
    status = msgspec.to_builtins(current_status(settings, now, alerts))
    return Outcome(job="status", status="done", details=status, text=status_text(status))


def show_candidates(settings: Settings, now: datetime) -> Outcome:
    """All registered models, the newest first."""
    models = ModelRegistry.from_settings(settings).list_candidates()
    return Outcome(
        job="candidates",
        status="done",
        reason=f"{len(models)} models at {now.isoformat(timespec='minutes')}",
        details={"models": models},
        text=candidates_text(models),
    )


def _health(settings: Settings, now: datetime) -> Outcome:
    """Healthy while the last due session was handled and cron, where it runs, is alive."""
    ailments = _ailments(settings, now)
    words = "; ".join(ailments) or "healthy"
    return Outcome(
        job="status",
        status="unhealthy" if ailments else "healthy",
        reason=words,
        details={"healthy": not ailments},
        exit_code=1 if ailments else 0,
    )


def _ailments(settings: Settings, now: datetime) -> list[str]:
    found = []
    silent_s = age_s(settings.root / HEARTBEAT, now)
    if silent_s is not None and silent_s > STALE_AFTER_S:
        found.append(f"cron has not fired for {silent_s:.0f} s; restart the service")
    if not training_is_refused(settings):
        found += _cycle_ailments(settings, now, read_cycle_state(settings.root))
    return found


def _cycle_ailments(settings: Settings, now: datetime, state: CycleState | None) -> list[str]:
    if state and state.outcome == "FAILED":
        return [f"the cycle of session {state.session} failed: {state.reason}"]
    if state is None:
        return []  # nothing has run here yet, so nothing can be late
    clock = MarketClock.from_settings(settings)
    try:
        due = what_is_due(settings, clock, now - OVERDUE_AFTER)
    except CannotTell:
        return []
    return [f"session {due.session} has not been handled"] if due.session else []


def _calendar_warnings(clock: MarketClock, now: datetime) -> list[str]:
    try:
        ends = clock.calendar_ends(now)
    except CannotTell as error:
        return [str(error)]
    if ends is None or datetime.fromisoformat(ends).replace(tzinfo=UTC) - now > WARN_BEFORE_END:
        return []
    return [
        f"the calendar {clock.calendar} ends on {ends}; sessions after that are assumed from its "
        "regular week, without holidays: update exchange_calendars, or list the days that differ "
        "in ML_CALENDAR_OVERRIDES"
    ]
