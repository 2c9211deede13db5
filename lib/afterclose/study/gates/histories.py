"""Histories on which gates are counted: made up, or real trades of real prices.

Made-up trades of rules that break even: those of a session share a market, those held together
share its moves, volatility comes in waves, and symbols differ in volatility and beta, which are
the features. Real ones are the trades of the demo's rules in a file of daily prices, or in the
demo's own, with the features of the demo and each symbol's beta.
"""

import dataclasses
from pathlib import Path
from statistics import NormalDist
from tempfile import TemporaryDirectory
from typing import Final

import msgspec
import numpy as np
import pandas as pd

from afterclose.dataset.columns import EPOCH, MICROSECOND, Dataset
from afterclose.dataset_builder import DatasetBuilder
from afterclose.disk.files import append_durable
from afterclose.evaluating.sessions import DAY_US
from afterclose.history.bars import DailyBars, on_sessions, read_ohlcv
from afterclose.learning.training import TrainingOptions, label
from afterclose.settings import Settings
from afterclose.study.sources import all_trades, usual_scope

SYMBOLS: Final = 30
HELD_SESSIONS: Final = 10
MARKET_SHARE: Final = 0.3
"""Of a made-up trade's variance, at a beta of 1."""

USUAL_MOVE_PCT: Final = 0.03
VOLATILITY_PERSISTENCE: Final = 0.98
VOLATILITY_STEP: Final = 0.1
FIRST_SESSION: Final = 20_000
NOTIONAL: Final = 10_000.0
BETA_DAYS: Final = 60
EDGE: Final = "edge"


def made_up(seed: int, *, sessions: int, a_session: int) -> Dataset:
    """Trades that break even on average and hang together as real ones do.

    ``a_session`` decisions a session, each in another of `SYMBOLS` symbols.
    """
    rng = np.random.default_rng([seed, a_session])
    day = np.repeat(np.arange(sessions), a_session)
    count = len(day)
    held = rng.integers(HELD_SESSIONS // 2, 3 * HELD_SESSIONS // 2 + 1, count)
    shocks = np.cumsum(rng.standard_t(5, sessions + 2 * HELD_SESSIONS))
    market = (shocks[day + held] - shocks[day]) / np.sqrt(held * 5 / 3)
    waves = rng.normal(0, VOLATILITY_STEP, sessions)
    for number in range(1, sessions):
        waves[number] += VOLATILITY_PERSISTENCE * waves[number - 1]
    symbol = np.argsort(rng.random((sessions, SYMBOLS)), axis=1)[:, :a_session].ravel()
    volatility = np.exp(rng.normal(0, 0.3, SYMBOLS))[symbol] * np.exp(waves)[day]
    beta = rng.uniform(0.3, 1.7, SYMBOLS)[symbol]
    own = np.sqrt(1 - MARKET_SHARE) * rng.standard_t(4, count) / np.sqrt(2)
    pnl = USUAL_MOVE_PCT * volatility * (np.sqrt(MARKET_SHARE) * beta * market + own)
    pnl = np.maximum(pnl, -0.9)
    mae = np.minimum(pnl, 0) - USUAL_MOVE_PCT * volatility * np.abs(rng.normal(size=count)) / 2
    decision_us = (FIRST_SESSION + day) * DAY_US + DAY_US * 5 // 8
    return Dataset(
        trade_id=[f"M{number:06d}" for number in range(count)],
        symbol=[f"S{number:02d}" for number in symbol.tolist()],
        side=["long"] * count,
        source=["simulation"] * count,
        strategy=[""] * count,
        exit_type=[""] * count,
        decision_us=decision_us,
        exit_us=decision_us + held * DAY_US,
        realized_pnl_pct=pnl,
        mae_pct=mae,
        mfe_pct=np.maximum(pnl, 0),
        fees_pct=np.zeros(count),
        quantity=np.ones(count),
        notional=np.full(count, NOTIONAL),
        stop_pct=np.full(count, np.nan),
        feature_names=("beta", "volatility"),
        features=np.column_stack([beta, volatility]),
        version=f"v{count:08d}-made-up",
        sha256="",
    )


def real(settings: Settings, path: Path | None) -> Dataset:
    """The trades of the demo's rules in a file of daily prices; in the demo's own for None.

    Raises InputError for a file that is no price file, or where the demo's are not installed.
    """
    if path is None:
        from afterclose.study.demo_prices import load_demo_bars

        read = load_demo_bars()
    else:
        read = read_ohlcv(path)
    with TemporaryDirectory(prefix="afterclose-gates-") as folder:
        scope = usual_scope(settings, folder, read)
        bars = on_sessions(read, scope)
        trades = all_trades(scope, bars.frame)
        ledger = scope.ledger_paths[0]
        ledger.parent.mkdir(parents=True, exist_ok=True)
        append_durable(ledger, b"".join(msgspec.json.encode(trade) + b"\n" for trade in trades))
        builder = DatasetBuilder.from_settings(scope)
        builder.build()
        return _with_beta(builder.load(), bars)


def thinned(history: Dataset, decisions: int, seed: int) -> Dataset:
    """At most so many decisions, chosen at random, over the whole time."""
    if len(history) <= decisions:
        return history
    rng = np.random.default_rng(seed)
    return history.take(np.sort(rng.permutation(len(history))[:decisions]))


def with_edge(history: Dataset, auc: float, seed: int, options: TrainingOptions) -> Dataset:
    """The history with one feature that tells its bad trades by ``auc``, and three of noise."""
    rng = np.random.default_rng(seed)
    bad = label(history, options)
    apart = np.sqrt(2) * NormalDist().inv_cdf(auc)
    values = rng.normal(size=(len(history), 4))
    values[:, 0] += apart * bad
    return dataclasses.replace(history, feature_names=(EDGE, "n1", "n2", "n3"), features=values)


def _with_beta(history: Dataset, bars: DailyBars) -> Dataset:
    closes = bars.frame.pivot_table(index="date", columns="symbol", values="close")
    returns = closes.pct_change(fill_method=None)
    market = returns.mean(axis=1)
    beta = returns.rolling(BETA_DAYS).cov(market).div(market.rolling(BETA_DAYS).var(), axis=0)
    at = [EPOCH + int(moment) * MICROSECOND for moment in history.decision_us]
    dates = pd.DatetimeIndex([moment.date() for moment in at])
    rows = beta.index.searchsorted(dates, side="right") - 1
    columns = beta.columns.get_indexer(pd.Index(history.symbol))
    values = beta.to_numpy()[rows, columns]
    return dataclasses.replace(
        history,
        feature_names=("beta", *history.feature_names),
        features=np.column_stack([values, history.features]),
    )
