"""A tick: do the nightly work if it is due, or say why not.

It may be started at any time and as often as one likes. This module and all it imports stay
light, so that the 95 of 96 ticks a day that find nothing to do cost hardly more than
starting Python; the orchestrator is only imported for the one that does.
"""

from datetime import datetime

from afterclose.market.clock import MarketClock
from afterclose.nightly.due import refuse_live_training, what_is_due
from afterclose.records import Outcome
from afterclose.settings import Settings


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
    from afterclose.disk.scope_lock import scope_lock
    from afterclose.ml_orchestrator import OfflineMLOrchestrator

    orchestrator = OfflineMLOrchestrator.from_settings(settings, clock=clock)
    with scope_lock(settings.root):
        # Asked again under the lock: another cycle may have done the session's work meanwhile.
        due = what_is_due(settings, clock, now, force=force)
        if due.session is None:
            return Outcome(job="cycle", status="nothing_due", reason=due.reason)
        return orchestrator.run_offline_ml_cycle(
            force, now, session=due.session, attempt=due.attempt
        )


def _note_once_a_day(settings: Settings, now: datetime, reason: str) -> Outcome:
    """Journal that the calendar has no answer: it may have none for days, at each tick."""
    from afterclose.nightly.journal import Journal
    from afterclose.nightly.work import Workplace
    from afterclose.scope_files import JOURNAL_FILE

    outcome = Outcome(job="cycle", status="skipped", reason=reason)
    noted = Journal(settings.root / JOURNAL_FILE).runs("cycle")
    last = noted[-1].end if noted else None
    if last and last.reason == reason and last.at.date() == now.date():
        return outcome
    with Workplace.from_settings(settings).run("cycle", now) as end:
        return end(outcome)
