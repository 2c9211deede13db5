"""The monitor as a job of its own: for live scopes, which have no cycle, and for people."""

from datetime import datetime

from afterclose.market.clock import MarketClock
from afterclose.nightly.work import Workplace
from afterclose.records import Outcome
from afterclose.settings import Settings


def run_monitor(settings: Settings, now: datetime) -> Outcome:
    """Do one step of the monitor under the scope's lock. Raises ScopeBusy, StorageError."""
    from afterclose.monitoring.monitor import watch  # NumPy

    clock = MarketClock.from_settings(settings, may_build=True)
    with Workplace.from_settings(settings).run("monitor", now) as end:
        return end(watch(settings, now, clock))
