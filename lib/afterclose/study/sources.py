"""What a study lives through: the rules' trades on a file of prices, or a ledger of one's own.

A file of prices is traded by the demo's rule with fixed costs, on the calendar that fits its
dates best; a ledger is taken as it is, on the calendar of the settings.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

import pandas as pd
from msgspec.structs import replace

from afterclose.errors import CannotTell, InputError
from afterclose.features.chosen import bar_features
from afterclose.features.market import MARKET
from afterclose.history.bars import DailyBars, on_sessions, read_ohlcv
from afterclose.history.indicators import with_market
from afterclose.market.clock import market_timezone
from afterclose.market.overrides import NO_OVERRIDES
from afterclose.parallel import run_all
from afterclose.records import Trade
from afterclose.settings import CALENDARS, Settings
from afterclose.study.demo_prices import load_demo_bars
from afterclose.study.lived import DatedTrade
from afterclose.study.own_trades import own_trades
from afterclose.study.rule_trades import rule_trades
from afterclose.trading.costs import Costs

DEMO: Final = "demo"
DEMO_NAME: Final = "the demo's prices"

COSTS_BPS: Final = 5.0
"""Fees, and slippage, of each side: what a liquid stock costs."""


class Source(NamedTuple):
    """Trades by entry, the days (first and last) to live through, and what was left out, why.

    ``settings`` are those that go with it; ``of`` says what it is in a few words.
    """

    name: str
    of: str
    trades: list[DatedTrade]
    first: date
    last: date
    left_out: Mapping[str, int]
    settings: Settings


def prices_source(settings: Settings, path: Path) -> Source:
    """The trades of the demo's rule in a file of daily prices; `DEMO` stands for the demo's own.

    Raises InputError.
    """
    demo = str(path) == DEMO and not path.exists()
    read = load_demo_bars() if demo else read_ohlcv(path)
    calendar = best_calendar(read, settings)
    return bars_source(
        replace(settings, calendar=calendar, fees_bps=COSTS_BPS, slippage_bps=COSTS_BPS),
        read,
        DEMO_NAME if demo else path.name,
    )


def bars_source(settings: Settings, bars: DailyBars, name: str) -> Source:
    """The trades of the demo's rule in ``bars``, with the costs and calendar of ``settings``."""
    kept = on_sessions(bars, settings)
    dates = kept.frame["date"]
    trades = all_trades(settings, kept.frame)
    return Source(
        name=name,
        of=f"Symbols: {kept.frame['symbol'].nunique()}",
        trades=[_dated(trade) for trade in trades],
        first=dates.min().date(),
        last=dates.max().date(),
        left_out={f"bars, {why}": rows for why, rows in kept.dropped.items()},
        settings=settings,
    )


def ledger_source(settings: Settings, ledgers: str, now: datetime) -> Source:
    """The trades of ``ledgers``, with ``:`` between, closed by ``now``. Raises InputError."""
    paths = [Path(part) for part in ledgers.split(":") if part]
    found = own_trades(paths, market_timezone(settings), settings.excluded_exit_types, now)
    if not found.trades:
        raise InputError(f"there is no closed trade in {ledgers} that can be used")
    days = [moment.date() for one in found.trades for moment in (one.entered, one.left)]
    return Source(
        name=", ".join(path.name for path in paths),
        of="One's own trades",
        trades=found.trades,
        first=min(days),
        last=max(days),
        left_out=dict(found.left_out),
        settings=settings,
    )


def usual_scope(settings: Settings, folder: str, bars: DailyBars) -> Settings:
    """A scope of its own for prices, where every trade is taken, at the usual costs."""
    return replace(
        settings,
        logs_dir=folder,
        env="paper",
        calendar=best_calendar(bars, settings),
        ledger_file="",
        shadow_blocked=True,
        auto_promote=False,
        sizing="off",
        fees_bps=COSTS_BPS,
        slippage_bps=COSTS_BPS,
    )


def best_calendar(bars: DailyBars, settings: Settings) -> str:
    """The calendar whose sessions agree best with the dates in ``bars``.

    Agreement is dates in both over dates in either (Jaccard). The settings' own calendar
    stands first and wins ties.
    """
    from afterclose.market.calendar import build_sessions

    dates = {f"{date:%Y-%m-%d}" for date in bars.frame["date"].unique()}
    first, last = bars.frame["date"].min().date(), bars.frame["date"].max().date()

    def agreement(calendar: str) -> float:
        try:
            sessions = {
                session.date for session in build_sessions(calendar, first, last, NO_OVERRIDES)
            }
        except CannotTell:  # of years that it does not know
            return 0.0
        return len(dates & sessions) / len(dates | sessions)

    own = settings.calendar or CALENDARS.get(settings.market, CALENDARS["us"])
    return max(dict.fromkeys([own, *CALENDARS.values()]), key=agreement)


def all_trades(settings: Settings, bars: pd.DataFrame) -> list[Trade]:
    """The closed trades of the rules in all symbols, by entry and then by symbol."""
    names = bar_features(settings.bar_features)
    bars = with_market(bars, [name for name in names if name in MARKET])
    opens = [moment.to_pydatetime() for moment in sorted(bars["opens_at"].unique())]
    trade = partial(
        rule_trades,
        market_opens=opens,
        timezone=market_timezone(settings),
        costs=Costs.from_settings(settings),
        names=names,
    )
    of_symbol: Sequence[list[Trade]] = run_all(
        trade,
        [frame for _, frame in bars.groupby("symbol")],
        n_jobs=settings.n_jobs,
        backend=settings.joblib_backend,
        dask_scheduler=settings.dask_scheduler,
    )
    trades = [trade for found in of_symbol for trade in found]
    return sorted(trades, key=lambda trade: (trade.entry_timestamp, trade.symbol))


def _dated(trade: Trade) -> DatedTrade:
    entered, left = (
        datetime.fromisoformat(str(moment))
        for moment in (trade.entry_timestamp, trade.exit_timestamp)
    )
    return DatedTrade(trade, entered, left)
