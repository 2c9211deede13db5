"""A history lived through month by month, by the steps of production.

After each month's last session the trades that have ended go into the ledgers, and the
nightly cycle builds, trains, evaluates and registers. A candidate that passes every gate
becomes active, and from the next open on each entry is asked of the risk filter.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec
import pandas as pd
from msgspec.structs import replace

from afterclose.disk.files import append_durable
from afterclose.gating.promotion import GateOptions, ask_gates
from afterclose.gating.stored import read_evaluation
from afterclose.market.clock import MarketClock
from afterclose.model_registry import ModelRegistry
from afterclose.operating.cycle import run_cycle
from afterclose.progress import Progress
from afterclose.records import Trade
from afterclose.risk_filter import RiskFilter
from afterclose.settings import Settings


class Promotion(msgspec.Struct, frozen=True):
    """A model, and the session after which it became the active one."""

    model_id: str
    session: str


class Month(NamedTuple):
    """The last session of a month: its date, its close, and the open after it, if any."""

    session: str
    closes_at: datetime
    next_open: datetime | None


def last_sessions(bars: pd.DataFrame) -> list[Month]:
    """The last session of each month in ``bars``; the last of all ends one too."""
    days = bars.drop_duplicates("date").sort_values("date")
    opens_after = [*days["opens_at"].iloc[1:], None]
    last = (days["date"].dt.to_period("M") != days["date"].dt.to_period("M").shift(-1)).tolist()
    return [
        Month(f"{date:%Y-%m-%d}", closes_at.to_pydatetime(), after and after.to_pydatetime())
        for date, closes_at, after, ends in zip(
            days["date"], days["closes_at"], opens_after, last, strict=True
        )
        if ends
    ]


class Months:
    """A scope that lives through the ``trades``: what is known, what is active, what was let in.

    ``judged`` are the ids of the trades that were entered while a model was active,
    ``refused`` counts the candidates that each gate refused.
    """

    def __init__(self, settings: Settings, trades: Sequence[Trade], progress: Progress) -> None:
        self._settings, self._trades, self._progress = settings, trades, progress
        self._clock = MarketClock.from_settings(settings, may_build=True)
        self._registry = ModelRegistry.from_settings(settings)
        self._filter: RiskFilter | None = None
        self._open: list[Trade] = []
        self._entered = 0
        self.judged: set[str] = set()
        self.refused: Counter[str] = Counter()
        self.promotions: list[Promotion] = []
        self.candidates = 0

    def to_the_end_of(self, month: Month) -> None:
        """Enter and book the month's trades, run its cycle, load what is active after it."""
        self._enter_until(month.closes_at)
        self._book_until(month.closes_at)
        now = month.closes_at + timedelta(minutes=self._settings.after_close_delay_minutes)
        cycle = run_cycle(self._settings, now)
        said = self._gate(cycle.details.get("model_id"), month.session, now)
        self._progress.advance()
        self._progress.say(f"{month.session}  {said or cycle.reason}")
        if month.next_open:
            self._clock.ensure(month.next_open)
            self._filter = RiskFilter.load(self._settings, month.next_open)

    def _enter_until(self, moment: datetime) -> None:
        until = moment.isoformat()
        while self._entered < len(self._trades):
            trade = self._trades[self._entered]
            if str(trade.entry_timestamp) > until:
                break
            self._open.append(self._judged(trade))
            self._entered += 1

    def _judged(self, trade: Trade) -> Trade:
        if self._filter is None or self._filter.mode != "ml":
            return trade
        self.judged.add(trade.trade_id)
        allowed = self._filter.check(trade.rule_features).allowed
        return trade if allowed else replace(trade, source="shadow")

    def _book_until(self, moment: datetime) -> None:
        """Append what has ended, in its order; one sync a month, not one a trade."""
        until = moment.isoformat()
        ended = [trade for trade in self._open if str(trade.exit_timestamp) <= until]
        self._open = [trade for trade in self._open if str(trade.exit_timestamp) > until]
        ended.sort(key=lambda trade: str(trade.exit_timestamp))
        for source, path in (
            ("paper", self._settings.ledger_paths[0]),
            ("shadow", self._settings.shadow_ledger_path),
        ):
            lines = [
                msgspec.json.encode(trade) + b"\n" for trade in ended if trade.source == source
            ]
            if lines:
                append_durable(path, b"".join(lines))

    def _gate(self, model_id: str | None, session: str, now: datetime) -> str:
        """Promote the month's candidate if every gate lets it; what was done, in words."""
        if model_id is None:
            return ""
        self.candidates += 1
        evaluation = read_evaluation(self._settings.model_dir / model_id)
        answer = ask_gates(evaluation, GateOptions.from_settings(self._settings))
        refusing = [gate.name for gate in answer.refusing]
        self.refused.update(refusing)
        if refusing:
            return f"{model_id}: refused by {', '.join(refusing)}"
        self._registry.promote_candidate(
            model_id, "all gates passed", gates_answer=msgspec.to_builtins(answer), now=now
        )
        self.promotions.append(Promotion(model_id, session))
        return f"{model_id}: promoted, all {len(answer.gates)} gates passed"
