"""One run over all scopes of a volume: tick each in this process, work on those that are due.

A service a scope wakes a thousand interpreters in the same second to find nothing to do. Here
one warm process asks all clocks, and only what is due is handed to workers. There is no state
of its own: each scope's journal says what was done, so a second run does only what is left.
"""

import os
import random
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final

import msgspec
from msgspec.structs import replace

from afterclose.clock import monotonic_s
from afterclose.errors import AftercloseError, InputError, status_of
from afterclose.fleet.cluster import on_dask
from afterclose.fleet.scope_run import Step, run_scope
from afterclose.fleet.scopes import find_scopes
from afterclose.fleet.workers import on_processes
from afterclose.market.clock import MarketClock
from afterclose.nightly.due import training_is_refused, what_is_due
from afterclose.progress import showing_progress
from afterclose.records import Outcome, ScopeResult
from afterclose.report.drawn import volume_page
from afterclose.settings import Settings
from afterclose.wording.fleet import fleet_text
from afterclose.wording.numbers import counted

SEVERITY: Final = (0, 4, 3, 2, 1)
"""Exit codes from harmless to worst: busy passes by itself, failed does not."""


class FleetOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How to run a fleet; times in seconds, ``workers`` 0 for one a core."""

    scopes: str = "*"
    step: Step = "cycle"
    workers: int = 0
    time_limit_s: float = 600.0
    jitter_s: float = 0.0


def run_fleet(settings: Settings, now: datetime, options: FleetOptions) -> Outcome:
    """Do a step in every scope of the volume; the outcome's exit code is the worst of theirs.

    Raises InputError when no scope is found, and ConfigError when a cluster cannot be reached.
    """
    if options.jitter_s:
        time.sleep(random.uniform(0, options.jitter_s))  # noqa: S311 - spreads load, no secret
    started = monotonic_s()
    volume = Path(settings.logs_dir)
    names = find_scopes(volume, options.scopes)
    if not names:
        raise InputError(
            f"{volume}: no scope matches {options.scopes!r}; a scope is a folder MARKET/ENV with a "
            "ledger, a dataset or a journal in it"
        )
    idle, due, troubled = _ticked(settings, names, now, options)
    results = [*troubled]
    title = f"{options.step} of {len(due)} scopes"
    with showing_progress(title, len(due), quiet=not due) as progress:
        for result in _worked_on(settings, due, now, options):
            results.append(result)
            progress.advance()
    results.sort(key=lambda result: result.scope)
    if due:
        volume_page(volume, now)
    trouble = worst(results)
    counts = Counter(result.status for result in results)
    took_s = round(monotonic_s() - started, 3)
    said = ", ".join(f"{count} {status}" for status, count in sorted(counts.items()))
    reason = f"{counted(len(names), 'scope')}: {idle} with nothing due" + (
        f", {said}" if said else ""
    )
    return Outcome(
        job="fleet",
        status=trouble.status if trouble else "done" if due else "nothing_due",
        reason=reason,
        details={
            "step": options.step,
            "scopes": len(names),
            "nothing_due": idle,
            "counts": dict(counts),
            "seconds": took_s,
            "results": [msgspec.structs.asdict(result) for result in results],
        },
        text=fleet_text(f"FLEET: {options.step}", reason, results, took_s),
        exit_code=trouble.exit_code if trouble else 0,
    )


def worst(results: Sequence[ScopeResult]) -> ScopeResult | None:
    """The result with the worst exit code; None where all are 0."""
    found = max(results, key=lambda result: SEVERITY.index(result.exit_code), default=None)
    return found if found and found.exit_code else None


def _ticked(
    settings: Settings, names: Sequence[tuple[str, str]], now: datetime, options: FleetOptions
) -> tuple[int, list[Settings], list[ScopeResult]]:
    """How many scopes have nothing to do, those that are due, and those that cannot be asked."""
    idle, due, troubled = 0, [], []
    for market, env in names:
        scope = msgspec.structs.replace(settings, market=market, env=env)
        try:
            if _is_due(scope, now, options.step):
                due.append(scope)
            else:
                idle += 1
        except (AftercloseError, KeyError, OSError) as error:
            code = error.exit_code if isinstance(error, AftercloseError) else 1
            code = 2 if isinstance(error, KeyError) else code
            words = f"no calendar is known for {market!r}; set ML_CALENDAR" if isinstance(
                error, KeyError) else str(error)  # fmt: skip
            troubled.append(
                ScopeResult(
                    scope=f"{market}/{env}",
                    session=None,
                    status=status_of(code),
                    reason=words,
                    exit_code=code,
                    seconds=0.0,
                )
            )
    return idle, due, troubled


def _is_due(scope: Settings, now: datetime, step: Step) -> bool:
    if step != "cycle":
        return True
    if training_is_refused(scope):
        return False
    clock = MarketClock.from_settings(scope, may_build=True)
    found = what_is_due(scope, clock, now)
    return found.session is not None or found.cannot_tell or found.given_up


def _worked_on(
    settings: Settings, due: Sequence[Settings], now: datetime, options: FleetOptions
) -> Iterator[ScopeResult]:
    run = partial(run_scope, step=options.step, now=now, limit_s=options.time_limit_s)
    if not due:
        return iter(())
    workers = options.workers or len(os.sched_getaffinity(0))
    if workers > 1 or settings.joblib_backend == "dask":
        # a scope has one worker and no more: parts of it on the cluster would wait for others'
        due = [replace(scope, n_jobs=1, joblib_backend="loky") for scope in due]
    if settings.joblib_backend == "dask":
        return on_dask(run, due, settings.dask_scheduler, workers, options.time_limit_s)
    if workers == 1 or len(due) == 1:
        return (run(scope) for scope in due)
    return on_processes(run, due, min(workers, len(due)))
