"""Which session's nightly work is due, if any, and whether this scope may train at all.

The work is due once per market session, after close plus delay. What is asked for is the
last completed session and not today's, so a downtime is caught up with by itself. Counting
days since the last run instead would train on holidays and miss early closes.
"""

from datetime import datetime
from typing import NamedTuple

from afterclose.errors import CannotTell, LiveScopeRefused
from afterclose.market.clock import MarketClock
from afterclose.nightly.cycle_state import CycleState, read_cycle_state
from afterclose.settings import Settings

MAX_ATTEMPTS = 3
"""How often one session's failing cycle is tried before it waits for a person."""


class Due(NamedTuple):
    """What a tick found: a session to work on (with the attempt's number), or why not.

    ``given_up`` is a session that failed too often and waits for a person.
    """

    session: str | None
    attempt: int
    reason: str
    cannot_tell: bool = False
    given_up: bool = False


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


def _due_after(state: CycleState | None, session: str) -> Due:
    if state is None or state.session < session:
        return Due(session, 1, "a session has completed")
    if state.session > session:  # a clock that was ahead, or a line that somebody wrote
        reason = f"session {state.session} is recorded as handled but has not closed; not believed"
        return Due(session, 1, reason)
    if state.outcome in {"COMPLETED", "SKIPPED"}:
        return Due(None, 0, f"session {session} was handled ({state.outcome.lower()})")
    if state.attempts >= MAX_ATTEMPTS:
        return Due(
            None,
            0,
            f"session {session} failed {state.attempts} times "
            f"({state.reason or 'it was killed before its end'}); "
            "mend the cause, then run `make cycle FORCE=1`",
            given_up=True,
        )
    return Due(session, state.attempts + 1, f"attempt {state.attempts + 1} of {MAX_ATTEMPTS}")
