"""Trading days from two files: prices, and the signals of whatever strategy made them.

The bridge for people whose strategy is not in this project: their bars and their signals
go through the same replay that the demo uses, and their scope gets a ledger to learn from.
"""

from datetime import date, datetime
from pathlib import Path

from afterclose.errors import InputError
from afterclose.history.bars import on_sessions, read_ohlcv
from afterclose.history.replay import BLOCKED, ENTERED, ReplaySummary, replay_sessions
from afterclose.history.signals import read_signals
from afterclose.market.clock import market_timezone
from afterclose.nightly.work import Workplace
from afterclose.progress import showing_progress
from afterclose.records import Outcome
from afterclose.settings import Settings

RULE = "=" * 80


def replay_files(
    settings: Settings,
    now: datetime,
    bars_path: str,
    signals_path: str,
    *,
    start: str | None = None,
    end: str | None = None,
    quiet: bool = False,
) -> Outcome:
    """Replay the sessions of two files, from ``start`` to ``end``, that have closed by ``now``.

    Raises InputError for a file or a date that cannot be used, ScopeBusy, and what a replay
    raises.
    """
    _check_date("--from", start)
    _check_date("--to", end)
    bars = on_sessions(read_ohlcv(Path(bars_path)), settings)
    signals = read_signals(Path(signals_path), market_timezone(settings))
    frame = bars.frame[bars.frame["closes_at"] <= now]
    days = frame["date"].nunique()
    with (
        Workplace.from_settings(settings).run("session", now) as journalled,
        showing_progress("Trading days", days, quiet=quiet) as progress,
    ):
        summary = replay_sessions(
            settings, frame, signals, start=start, end=end, on_session=lambda _: progress.advance()
        )
        return journalled(_outcome(summary, bars.dropped))


def _outcome(summary: ReplaySummary, dropped: dict[str, int]) -> Outcome:
    if not summary.sessions:
        reason = "these files hold no session that was not replayed before"
        return Outcome(job="session", status="nothing_due", reason=reason)
    return Outcome(
        job="session",
        status="done",
        reason=f"{len(summary.sessions)} sessions replayed",
        details={
            "sessions": len(summary.sessions),
            "signals": dict(summary.signals),
            "closed": summary.closed,
            "shadow_closed": summary.shadow_closed,
            "bars_left_out": dropped,
        },
        text=replay_text(summary, dropped),
    )


def replay_text(summary: ReplaySummary, dropped: dict[str, int]) -> str:
    """The section TRADING DAYS REPLAYED of a replay that had at least one."""
    sessions, signals = summary.sessions, summary.signals
    others = sorted(signals.keys() - {ENTERED, BLOCKED})
    lines = [
        f"Sessions: {len(sessions)} ({sessions[0]} to {sessions[-1]})",
        f"Signals entered: {signals[ENTERED]}",
        f"Signals blocked by the filter: {signals[BLOCKED]}",
        *(f"Signals not entered, {reason}: {signals[reason]}" for reason in others),
        f"Trades closed: {summary.closed}",
        f"Shadow trades closed: {summary.shadow_closed}",
        *(f"Bars left out, {reason}: {rows}" for reason, rows in dropped.items()),
    ]
    return "\n".join([RULE, "TRADING DAYS REPLAYED", RULE, *lines])


def _check_date(name: str, text: str | None) -> None:
    try:
        if text is None or date.fromisoformat(text).isoformat() == text:
            return
    except ValueError:
        pass
    raise InputError(f"{name} {text!r} is not a date; write YYYY-MM-DD")
