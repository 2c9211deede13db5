"""Trading days from two files: prices, and the signals of whatever strategy made them.

The bridge for people whose strategy is not in this project: their bars and their signals
go through the same replay that the demo uses, and their scope gets a ledger to learn from.
"""

from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import msgspec
from msgspec.structs import replace

from afterclose.clock import check_date
from afterclose.disk.files import write_atomic
from afterclose.history.bar_features import with_bar_features
from afterclose.history.bars import on_sessions, read_ohlcv
from afterclose.history.replay import BLOCKED, ENTERED, ReplaySummary, replay_sessions
from afterclose.history.signals import read_signals
from afterclose.ledger import TradeLedger
from afterclose.market.clock import market_timezone
from afterclose.nightly.work import Workplace
from afterclose.progress import showing_progress
from afterclose.records import Outcome, Trade
from afterclose.settings import Settings
from afterclose.wording.tables import section

BACKTEST: Final = "backtest"
"""The source of such trades, and the beginning of their ids."""


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
    check_date("--from", start)
    check_date("--to", end)
    bars = on_sessions(read_ohlcv(Path(bars_path)), settings)
    signals = read_signals(Path(signals_path), market_timezone(settings))
    frame = bars.frame[bars.frame["closes_at"] <= now]
    signals = with_bar_features(signals, frame, settings.bar_features)
    days = frame["date"].nunique()
    with (
        Workplace.from_settings(settings).run("session", now) as journalled,
        showing_progress("Trading days", days, quiet=quiet) as progress,
    ):
        summary = replay_sessions(
            settings, frame, signals, start=start, end=end, on_session=lambda _: progress.advance()
        )
        return journalled(_outcome(summary, bars.dropped))


def backtest_files(
    settings: Settings,
    now: datetime,
    bars_path: str,
    signals_path: str,
    *,
    start: str | None = None,
    end: str | None = None,
    quiet: bool = False,
) -> Outcome:
    """Replay the sessions by the rules alone, into the scope's backtest ledger, in its place.

    The trades are of source ``backtest``: a model learns from them, and what they show is no
    evidence that promotes (`afterclose.evaluating.evaluation`). Nothing else of the scope is
    touched. Raises as `replay_files` does.
    """
    check_date("--from", start)
    check_date("--to", end)
    bars = on_sessions(read_ohlcv(Path(bars_path)), settings)
    signals = read_signals(Path(signals_path), market_timezone(settings))
    frame = bars.frame[bars.frame["closes_at"] <= now]
    signals = with_bar_features(signals, frame, settings.bar_features)
    days = frame["date"].nunique()
    with (
        Workplace.from_settings(settings).run("session", now) as journalled,
        showing_progress("Trading days", days, quiet=quiet) as progress,
        TemporaryDirectory(prefix="afterclose-backtest-") as folder,
    ):
        apart = replace(settings, logs_dir=folder, env="paper", ledger_file="")
        summary = replay_sessions(
            apart, frame, signals, start=start, end=end, on_session=lambda _: progress.advance()
        )
        trades = [_as_backtest(trade) for trade in TradeLedger(apart.ledger_paths[0])]
        lines = b"".join(msgspec.json.encode(trade) + b"\n" for trade in trades)
        write_atomic(settings.backtest_ledger_path, lines)
        return journalled(_outcome(summary, bars.dropped))


def _as_backtest(trade: Trade) -> Trade:
    """The trade under an id that no real one has: a real entry may be of the same moment."""
    return replace(trade, trade_id=f"{BACKTEST}-{trade.trade_id}", source=BACKTEST)


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
    return section("TRADING DAYS REPLAYED", lines)
