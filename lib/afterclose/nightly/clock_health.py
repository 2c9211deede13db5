"""What a clock that was ahead has left in a scope: believed by nobody, and said to a person.

One job with the clock, or ``NOW=``, half a year ahead writes moments that have not come yet.
Nothing waits for them: the night's work goes by the sessions that have closed
(`afterclose.nightly.due`), a lock taken then is not in force (`afterclose.registry.state`). But
whoever set the clock should know, for as long as the records stand in the files: a mistyped
year in a script comes back.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime

from afterclose.nightly.journal import Run
from afterclose.nightly.sealed_lines import is_ahead
from afterclose.registry.state import RegistryState


def clock_alerts(runs: Iterable[Run], state: RegistryState, now: datetime) -> Iterator[str]:
    """One sentence for the cycles, one for the lock; ``runs`` are those of the cycle."""
    ahead = [run for run in runs if is_ahead(run.start.session or "", now)]
    if ahead:
        yield _handled_ahead(ahead)
    if lock := state.lock_from_ahead(now):
        yield (
            f"session {lock.session} was locked at a moment that has not come yet: a clock was "
            "ahead. The lock is not in force; `make unlock` removes it"
        )


def _handled_ahead(runs: list[Run]) -> str:
    last = runs[-1].start
    made = [run.end.model_id for run in runs if run.end and run.end.model_id]
    models = f" What it trained is dated so too: {', '.join(made)}." if made else ""
    return (
        f"session {last.session} is recorded as handled but has not closed yet: a clock was ahead. "
        f"That is not believed, and the work goes on.{models} See to the clock and to NOW=; "
        "`make verify REPAIR=1` puts the record aside"
    )
