"""What the filter would have been worth on any file of daily prices, gates on.

The demo's rules trade the whole file (`afterclose.study.rule_trades`). Then history is lived
through month by month: after each month's last session the trades that have ended go into a ledger,
the nightly cycle builds, trains, evaluates and registers as it does in production, and a candidate
that passes every gate becomes active. From the next open on, each entry is asked of the risk
filter. What is reported are only trades entered while a model was active, so every number is of
trades that no model, and no promotion, had seen.

What is simplified: the cycle runs monthly instead of nightly (the gates' evidence may be
looked at any number of times), the filter is loaded once a month, and no page is kept. The
scope lives in a temporary folder and is removed.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import msgspec
import numpy as np
import pandas as pd
from msgspec.structs import replace

from afterclose.dataset_builder import DatasetBuilder
from afterclose.disk.files import write_atomic
from afterclose.errors import CannotTell, InputError
from afterclose.evaluating.comparison import Difference, Outcomes, differences
from afterclose.history.bars import DailyBars, on_sessions, read_ohlcv
from afterclose.learning.training import label
from afterclose.market.clock import market_timezone
from afterclose.market.overrides import NO_OVERRIDES
from afterclose.measures.metrics import TradeMetrics, trade_metrics
from afterclose.offline_trainer import OfflineTrainer
from afterclose.parallel import run_all
from afterclose.progress import showing_progress
from afterclose.records import Outcome, Trade
from afterclose.settings import CALENDARS, Settings
from afterclose.study.months import Months, Promotion, last_sessions
from afterclose.study.rule_trades import rule_trades
from afterclose.trading.costs import Costs
from afterclose.wording.study import page_with, study_text, title_of

COSTS_BPS: Final = 5.0
"""Fees, and slippage, of each side: what a liquid stock costs."""

KEEP_ALL_MODELS: Final = 100_000

RECIPE: Final = (
    *("model", "target", "mae_threshold", "mae_unit", "risk_threshold", "threshold_mode"),
    "block_share",
    *("sample_weights", "calibration", "min_dataset_size", "test_fraction", "embargo_sessions"),
    *("seed", "ood_max_z", "gate_alpha", "gate_min_trades", "gate_min_kept_share"),
    "gate_min_window_share",
)
"""Settings that may change what a study finds."""


class Study(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one file. ``data`` is its name; dates are ISO 8601.

    ``recipe`` are the settings that are not the defaults, as one would write them.
    ``trades`` are all closed trades of the rules, ``after_promotion`` those entered while a
    model was active; the metrics and differences (rules+ML less rules-only, with their 95 %
    intervals) are of the latter. ``refused`` counts the candidates that each gate refused.
    """

    data: str
    recipe: list[str]
    calendar: str
    symbols: int
    first_session: str
    last_session: str
    bars_left_out: dict[str, int]
    trades: int
    cycles: int
    candidates: int
    refused: dict[str, int]
    promotions: list[Promotion]
    after_promotion: int
    blocked: int
    rules_only: TradeMetrics
    rules_ml: TradeMetrics
    differences: dict[str, Difference]


def run_study(
    settings: Settings, paths: Sequence[str], out: str | None = None, *, quiet: bool = False
) -> Outcome:
    """Study each file; print its section, and put it into the page ``out`` if one is named.

    ``settings`` are the user's but for the scope, the calendar and the costs: of the known
    calendars the one that fits the file's dates best is taken. Raises InputError for a file
    that is no price file, StorageError.
    """
    studies = [study_file(settings, Path(path), quiet=quiet) for path in paths]
    sections = [study_text(msgspec.to_builtins(study)) for study in studies]
    if out:
        for study, section in zip(studies, sections, strict=True):
            _put_into(Path(out), title_of(study.data, study.recipe), section)
    promoted = sum(len(study.promotions) for study in studies)
    return Outcome(
        job="study",
        status="done",
        reason=f"{sum(study.trades for study in studies)} trades, {promoted} promotions",
        details={"studies": msgspec.to_builtins(studies)},
        text="\n\n".join(sections),
    )


def study_file(settings: Settings, path: Path, *, quiet: bool = False) -> Study:
    """Replay one file; see `run_study`."""
    read = read_ohlcv(path)
    with TemporaryDirectory(prefix="afterclose-study-") as folder:
        settings = _study_settings(settings, folder, best_calendar(read, settings))
        bars = on_sessions(read, settings)
        months = last_sessions(bars.frame)
        with showing_progress(path.name, len(months), quiet=quiet) as progress:
            trades = all_trades(settings, bars.frame)
            progress.say(f"{path.name}: {len(trades)} trades by the rules, {len(months)} months")
            lived = Months(settings, trades, progress)
            for month in months:
                lived.to_the_end_of(month)
        return _study(settings, path.name, bars, trades, lived, cycles=len(months))


def recipe_of(settings: Settings) -> list[str]:
    """The settings of `RECIPE` that are not the defaults, as ``ML_NAME=value``."""
    usual = Settings()
    return [
        f"ML_{name.upper()}={getattr(settings, name)}"
        for name in RECIPE
        if getattr(settings, name) != getattr(usual, name)
    ]


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
    opens = [moment.to_pydatetime() for moment in sorted(bars["opens_at"].unique())]
    trade = partial(
        rule_trades,
        market_opens=opens,
        timezone=market_timezone(settings),
        costs=Costs.from_settings(settings),
    )
    of_symbol = run_all(
        trade,
        [frame for _, frame in bars.groupby("symbol")],
        n_jobs=settings.n_jobs,
        backend=settings.joblib_backend,
        dask_scheduler=settings.dask_scheduler,
    )
    trades = [trade for found in of_symbol for trade in found]
    return sorted(trades, key=lambda trade: (trade.entry_timestamp, trade.symbol))


def _study(
    settings: Settings,
    data: str,
    bars: DailyBars,
    trades: Sequence[Trade],
    lived: Months,
    *,
    cycles: int,
) -> Study:
    """Both policies on the trades entered under a model, as the dataset has them."""
    builder = DatasetBuilder.from_settings(settings)
    dataset = builder.load()
    bad = label(dataset, OfflineTrainer.from_settings(settings, builder).options)
    rows = np.flatnonzero([name in lived.judged for name in dataset.trade_id])
    rows = rows[np.argsort(dataset.exit_us[rows], kind="stable")]
    keep = np.array([dataset.source[row] != "shadow" for row in rows.tolist()], dtype=bool)
    outcomes = Outcomes(dataset.realized_pnl_pct, bad, dataset.exit_us).take(rows)
    dates = bars.frame["date"]
    return Study(
        data=data,
        recipe=recipe_of(settings),
        calendar=settings.calendar_name,
        symbols=bars.frame["symbol"].nunique(),
        first_session=f"{dates.min():%Y-%m-%d}",
        last_session=f"{dates.max():%Y-%m-%d}",
        bars_left_out=bars.dropped,
        trades=len(trades),
        cycles=cycles,
        candidates=lived.candidates,
        refused=dict(lived.refused.most_common()),
        promotions=lived.promotions,
        after_promotion=len(rows),
        blocked=int((~keep).sum()),
        rules_only=trade_metrics(*outcomes),
        rules_ml=trade_metrics(*outcomes, keep),
        differences=differences(
            outcomes,
            np.ones_like(keep),
            keep,
            resamples=settings.bootstrap_resamples,
            seed=settings.seed,
        ),
    )


def _study_settings(settings: Settings, folder: str, calendar: str) -> Settings:
    return replace(
        settings,
        logs_dir=folder,
        env="paper",
        calendar=calendar,
        ledger_file="",
        shadow_blocked=True,
        auto_promote=False,
        sizing="off",
        fees_bps=COSTS_BPS,
        slippage_bps=COSTS_BPS,
        keep_models=KEEP_ALL_MODELS,
    )


def _put_into(page: Path, title: str, section: str) -> None:
    """Replace the section of that title in the page, or add it at its end."""
    try:
        before = page.read_text(encoding="utf-8") if page.exists() else ""
    except (OSError, ValueError) as error:
        raise InputError(f"{page}: not a page of text: {error}") from None
    write_atomic(page, page_with(before, title, section).encode())
