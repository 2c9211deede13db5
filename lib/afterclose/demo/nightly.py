"""Thirteen years of nights in a minute: the whole product at work on real prices.

History is replayed through the production path. Each session's signals pass the filter that
was active that morning, become paper trades, and end in the ledger. After a quarter's last
session the nightly cycle runs as cron would run it, and a candidate whose walk-forward
expectancy beats the rules becomes active for the next morning. What came of it is printed as
it is: the rule is an ordinary one, with round numbers chosen for a sane number of trades.

The last candidate is left to the person, with the line to copy.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pandas as pd
from msgspec import to_builtins
from msgspec.structs import replace

from afterclose.dataset_builder import DatasetBuilder
from afterclose.demo.bars import load_demo_bars
from afterclose.demo.folder import renew
from afterclose.demo.strategy import find_signals
from afterclose.demo.worth import Promotion, Worth, worth_of, worth_text
from afterclose.history.bars import on_sessions
from afterclose.history.replay import ReplaySummary, TradingDay, replay_sessions
from afterclose.history.session_replay import replay_text
from afterclose.learning.training import label
from afterclose.model_registry import ModelRegistry
from afterclose.offline_trainer import OfflineTrainer
from afterclose.operating.cycle import run_cycle
from afterclose.progress import Progress, showing_progress
from afterclose.records import Outcome
from afterclose.settings import Settings

LOGS_DIR = "demo_logs"

COSTS_BPS = 5.0
"""Fees, and slippage, of each side: what a liquid US stock costs."""


KEPT_MODELS = 12
"""Three years of quarters: enough to look at."""


def run_demo(settings: Settings, logs_dir: str | None = None, *, quiet: bool = False) -> Outcome:
    """Replay 2000 to 2013 in the folder ``logs_dir`` and say what came out.

    ``settings`` are the user's, but for the scope and the costs. Raises InputError when the
    prices are not installed or the folder is not the demo's.
    """
    settings = _demo_settings(settings, logs_dir or LOGS_DIR)
    bars = on_sessions(load_demo_bars(), settings).frame
    renew(settings)
    with showing_progress("2000 to 2013", bars["date"].nunique(), quiet=quiet) as progress:
        nights = Nights(settings, last_sessions_of_quarters(bars), progress)
        summary = replay_sessions(settings, bars, find_signals(bars), on_session=nights.after_close)
    worths = _worths(settings, nights.promotions)
    return _outcome(summary, nights, worths)


def last_sessions_of_quarters(bars: pd.DataFrame) -> list[str]:
    """Dates (ISO 8601) of the last session of each quarter; the last of all ends one too."""
    days = bars["date"]
    return [f"{day:%Y-%m-%d}" for day in days.groupby(days.dt.to_period("Q")).max()]


class Nights:
    """What happens after the close: nothing on most days, the nightly cycle on the others."""

    def __init__(self, settings: Settings, sessions: Sequence[str], progress: Progress) -> None:
        self.promotions: list[Promotion] = []
        self.last_cycle: Outcome
        self._settings = settings
        self._sessions = frozenset(sessions)
        self._last = sessions[-1]
        self._progress = progress
        self._registry = ModelRegistry.from_settings(settings)

    def after_close(self, day: TradingDay) -> None:
        """Run the cycle if the session is one of the nights; promote by the rule."""
        self._progress.advance()
        if day.session not in self._sessions:
            return
        now = day.closes_at + timedelta(minutes=self._settings.after_close_delay_minutes)
        self.last_cycle = run_cycle(self._settings, now)
        said = self._judge(self.last_cycle.details.get("model_id"), now, day.session)
        self._progress.say(f"{day.session}  {said or self.last_cycle.reason}")

    def _judge(self, model_id: str | None, now: datetime, session: str) -> str:
        """Promote the candidate if its walk-forward expectancy beats the rules; what was done."""
        if model_id is None:
            return ""
        walked = self._registry.list_models()[model_id]["evaluation"]["walk_forward"]
        rules, filtered = (walked[policy]["expectancy"] for policy in ("rules_only", "rules_ml"))
        if rules is None or filtered is None:
            return f"{model_id}: nothing to compare by walk-forward yet"
        words = f"{model_id}: walk-forward expectancy {filtered:+.2%}, rules alone {rules:+.2%}"
        if session == self._last:
            return f"{words}; awaits you"
        if filtered <= rules:
            return f"{words}; not promoted"
        self._registry.promote_candidate(model_id, f"demo rule: {words}", now=now)
        self.promotions.append(Promotion(model_id, now))
        return f"{words}; promoted"


def _demo_settings(settings: Settings, logs_dir: str) -> Settings:
    return replace(
        settings,
        logs_dir=logs_dir,
        market="us",
        env="paper",
        calendar="",
        calendar_overrides="",
        ledger_file="",
        shadow_blocked=True,
        fees_bps=COSTS_BPS,
        slippage_bps=COSTS_BPS,
        keep_models=KEPT_MODELS,
    )


def _worths(settings: Settings, promotions: Sequence[Promotion]) -> list[Worth]:
    builder = DatasetBuilder.from_settings(settings)
    dataset = builder.load()
    bad = label(dataset, OfflineTrainer.from_settings(settings, builder).options)
    return worth_of(
        promotions, dataset, bad, resamples=settings.bootstrap_resamples, seed=settings.seed
    )


def _outcome(summary: ReplaySummary, nights: Nights, worths: Sequence[Worth]) -> Outcome:
    details: dict[str, Any] = {
        "trades": summary.closed,
        "shadow_trades": summary.shadow_closed,
        "promotions": len(nights.promotions),
        "worth": to_builtins(worths),
        "last_cycle": nights.last_cycle.details,
    }
    sections = [replay_text(summary, {}), worth_text(worths), nights.last_cycle.text]
    return Outcome(
        job="demo",
        status="done",
        reason=f"{len(nights.promotions)} promotions in {len(summary.sessions)} sessions",
        details=details,
        text="\n\n".join(sections),
    )
