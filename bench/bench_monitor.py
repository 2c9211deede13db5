"""The monitor's first look at ten years of verdicts, and the night after it.

Run `python -m bench.bench_monitor`. A first look reads the whole log and every ledger; later
nights read what is new.
"""

import gc
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from afterclose.config import load_settings
from afterclose.monitoring.monitor import watch
from afterclose.settings import Settings
from bench.measure import report, report_time


class FiveSessions:
    """A clock without a calendar: five sessions between any two moments."""

    def sessions_between(self, *_: datetime) -> int:
        return 5


CLOCK: Any = FiveSessions()


def cpu_s(settings: Settings, now: datetime) -> float:
    """Processor time of one step, without the collector, as in a job."""
    gc.collect()
    gc.disable()
    try:
        started_s = time.process_time()
        watch(settings, now, CLOCK)
        return time.process_time() - started_s
    finally:
        gc.enable()


def main(*, smallest: bool = False) -> None:
    # bench.measure puts tests/ on the path, where type checkers do not look
    from monitoring_builders import FIRST_MONDAY, append_verdicts, card, entries
    from trading_builders import promote_model

    weeks, a_week = (12, 10) if smallest else (520, 193)
    with tempfile.TemporaryDirectory() as volume:
        settings = load_settings({}, logs_dir=volume)
        model_id = promote_model(settings, FIRST_MONDAY, card())
        made = entries(3, range(weeks), a_week, model_id=model_id)
        append_verdicts(settings, made)
        ledgers = {"paper": settings.ledger_paths[0], "shadow": settings.shadow_ledger_path}
        for source, path in ledgers.items():
            lines = [msgspec.json.encode(e.trade) for e in made if e.trade["source"] == source]
            Path(path).write_bytes(b"\n".join([*lines, b""]))
        now = FIRST_MONDAY + timedelta(weeks=weeks + 1)
        first, next_night = (cpu_s(settings, now + timedelta(days=days)) for days in (0, 1))
    report_time(f"the monitor's first look at {len(made):,} verdicts, seconds", first, at_most=2)
    report("the night after it / that first look", next_night / first, at_most=0.125)


if __name__ == "__main__":
    main()
