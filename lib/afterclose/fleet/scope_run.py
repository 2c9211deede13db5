"""One scope's step inside a fleet, wherever it runs: its own lock, its own journal, a time limit.

What comes back are plain values, so that a worker process or a worker of a cluster can send
them, and never an exception: one scope's trouble is a line of the table, not the end of the run.
"""

import faulthandler
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final, Literal

from afterclose.clock import monotonic_s
from afterclose.errors import AftercloseError, status_of
from afterclose.nightly.cycle_state import read_cycle_state
from afterclose.records import Outcome, ScopeResult
from afterclose.settings import Settings

Step = Literal["cycle", "verify", "report"]

WATCHDOG_FACTOR: Final = 1.5
"""A worker that does not even notice its time limit is ended after this times as long."""


class OutOfTime(AftercloseError):
    """A scope's step took longer than its time limit and was interrupted."""

    exit_code = 1


def run_scope(settings: Settings, step: Step, now: datetime, limit_s: float) -> ScopeResult:
    """Do ``step`` in the scope of ``settings`` within ``limit_s`` seconds."""
    started = monotonic_s()
    scope = scope_name(settings)

    def result(status: str, reason: str, exit_code: int, session: str | None = None) -> ScopeResult:
        took_s = round(monotonic_s() - started, 3)
        return ScopeResult(
            scope=scope,
            session=session,
            status=status,
            reason=reason,
            exit_code=exit_code,
            seconds=took_s,
        )

    try:
        with _time_limit(scope, limit_s):
            outcome = _step(settings, step, now)
    except AftercloseError as error:
        return result(status_of(error.exit_code), str(error), error.exit_code)
    except Exception as error:  # noqa: BLE001 - one scope's trouble must not end the others' work
        return result("failed", f"{type(error).__name__}: {error}", 1)
    if outcome.status == "nothing_due" and _is_given_up(settings):
        return result("failed", outcome.reason, 1)
    reason = outcome.reason or ("sound" if step == "verify" and not outcome.exit_code else "")
    session = outcome.details.get("session")
    return result(outcome.status, reason, outcome.exit_code, session)


def trouble(scope: Settings, reason: str) -> ScopeResult:
    """The result of a scope that has none of its own."""
    return ScopeResult(
        scope=scope_name(scope),
        session=None,
        status="failed",
        reason=reason,
        exit_code=1,
        seconds=0.0,
    )


def scope_name(scope: Settings) -> str:
    """Market and environment, as the table has them."""
    return f"{scope.market}/{scope.env}"


def _is_given_up(settings: Settings) -> bool:
    """Whether the scope was due, and now waits for a person after its last attempt."""
    state = read_cycle_state(settings.root)
    return state is not None and state.outcome in {"FAILED", "STARTED"}


def _step(settings: Settings, step: Step, now: datetime) -> Outcome:
    if step == "verify":
        from afterclose.operating.verification import verify_scope

        return verify_scope(settings, now, repair=False)
    if step == "report":
        from afterclose.report.writer import draw_missing

        return draw_missing(settings, now)
    from afterclose.operating.cycle import run_cycle

    return run_cycle(settings, now)


@contextmanager
def _time_limit(scope: str, limit_s: float) -> Iterator[None]:
    """Raise OutOfTime in the body after ``limit_s`` seconds, where a signal can reach it.

    A thread of a cluster's worker gets no signals: there whoever waits for it gives up. A
    library that holds the interpreter sees no signal either, so a watchdog ends the process.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def give_up(*_: object) -> None:
        raise OutOfTime(
            f"{scope} was interrupted after its time limit of {limit_s:g} s; look at what it waits "
            "for, or give it longer: --time-limit-s"
        )

    before = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, limit_s)
    if sys.stderr is not None and hasattr(sys.stderr, "fileno"):
        faulthandler.dump_traceback_later(limit_s * WATCHDOG_FACTOR, exit=True)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        faulthandler.cancel_dump_traceback_later()
