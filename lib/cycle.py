"""When the nightly work is due, and the call that does it.

A cycle may be started at any time and as often as one likes: it works once per market
session, after close plus delay, and catches up after downtime because it asks for the last
completed session, not for today's. This module and all it imports stay light, so that the
95 of 96 ticks a day that find nothing to do cost hardly more than starting Python.
"""

from datetime import datetime
from typing import NamedTuple

from lib.errors import CannotTell, LiveScopeRefused
from lib.market_clock import MarketClock
from lib.records import Outcome
from lib.settings import Settings
from lib.status import CycleState, read_cycle_state

MAX_ATTEMPTS = 3
"""How often one session's failing cycle is tried before it waits for a person."""


class Due(NamedTuple):
    """What a tick found: a session to work on (with the attempt's number), or why not."""

    session: str | None
    attempt: int
    reason: str
    cannot_tell: bool = False


def run_cycle(settings: Settings, now: datetime, *, force: bool = False) -> Outcome:
    """Do the nightly work if a session is due; ``force`` does it again for the last one.

    Raises LiveScopeRefused in a live scope. A market that trades, or a calendar that cannot
    tell, trains nothing whatever ``force`` says: the outcome says why.
    """
    refuse_live_training(settings)
    clock = MarketClock.from_settings(settings, may_build=True)
    due = what_is_due(settings, clock, now, force=force)
    if due.cannot_tell:
        return _note_once_a_day(settings, now, due.reason)
    if due.session is None:
        return Outcome(job="cycle", status="nothing_due", reason=due.reason)
    from lib.ml_orchestrator import OfflineMLOrchestrator

    orchestrator = OfflineMLOrchestrator.from_settings(settings, clock=clock)
    return orchestrator.run_offline_ml_cycle(force, now, session=due.session, attempt=due.attempt)


def what_is_due(
    settings: Settings, clock: MarketClock, now: datetime, *, force: bool = False
) -> Due:
    """The session whose cycle should run at ``now``, or the reason why none should."""
    delay = settings.after_close_delay_minutes
    try:
        if clock.may_build:  # a status only asks
            clock.ensure(now)
        if clock.market_open_for_training(now):
            return Due(None, 0, "the market is open; the cycle runs after its close")
        session = clock.last_completed(now, delay).date
    except CannotTell as error:
        return Due(None, 0, f"cannot tell whether the market is closed: {error}", cannot_tell=True)
    if force:
        return Due(session, 1, "forced")
    return _due_after(read_cycle_state(settings.root), session)


def training_is_refused(settings: Settings) -> bool:
    """Whether this scope takes its models from another one."""
    return settings.env == "live" and not settings.allow_live_training


def refuse_live_training(settings: Settings) -> None:
    """Raise LiveScopeRefused unless training is allowed in this scope."""
    if training_is_refused(settings):
        raise LiveScopeRefused(
            "env=live never trains (ML_ALLOW_LIVE_TRAINING=false); bring a model that was "
            f"trained on paper: make promote ID=... FROM={settings.market}/paper"
        )


def _note_once_a_day(settings: Settings, now: datetime, reason: str) -> Outcome:
    """Journal that the calendar has no answer: it may have none for days, at each tick."""
    from lib.journal import Journal
    from lib.status import JOURNAL_FILE
    from lib.work import Workplace

    outcome = Outcome(job="cycle", status="skipped", reason=reason)
    noted = Journal(settings.root / JOURNAL_FILE).runs("cycle")
    last = noted[-1].end if noted else None
    if last and last.reason == reason and last.at.date() == now.date():
        return outcome
    with Workplace.from_settings(settings).run("cycle", now) as end:
        return end(outcome)


def _due_after(state: CycleState | None, session: str) -> Due:
    if state is None or state.session < session:
        return Due(session, 1, "a session has completed")
    if state.session > session:
        return Due(None, 0, f"session {state.session}, later than {session}, was handled already")
    if state.outcome in {"COMPLETED", "SKIPPED"}:
        return Due(None, 0, f"session {session} was handled ({state.outcome.lower()})")
    if state.attempts >= MAX_ATTEMPTS:
        return Due(
            None,
            0,
            f"session {session} failed {state.attempts} times ({state.reason}); "
            "mend the cause, then run `make cycle FORCE=1`",
        )
    return Due(session, state.attempts + 1, f"attempt {state.attempts + 1} of {MAX_ATTEMPTS}")
