"""One rule of promotion and what is traded under it: which model is active, who is let in.

The books of one history share its candidates, which are trained and evaluated once. The first
trades in the scope that trains; each other one has a scope of its own beside it, which never
trains and gets its models as a live scope does, by a promotion from the first.
"""

from datetime import datetime

import msgspec
from msgspec.structs import replace

from afterclose.evaluating.figures import Evaluation
from afterclose.market.clock import MarketClock
from afterclose.model_registry import ModelRegistry
from afterclose.records import Subject, Trade
from afterclose.risk_filter import RiskFilter
from afterclose.settings import Settings
from afterclose.study.promotion_rules import PromotionRule, Ruling


class Promotion(msgspec.Struct, frozen=True):
    """A model, and the session after which it became the active one."""

    model_id: str
    session: str


class Book:
    """What one ``rule`` makes of a history; ``settings`` are those of the scope that trains.

    ``sizes`` has the multiplier of each decision that an active model was asked about, by
    trade id. With ``log`` the verdicts are logged, as in production.
    """

    def __init__(self, rule: PromotionRule, settings: Settings, *, log: bool = False) -> None:
        self.rule = rule
        self.promotions: list[Promotion] = []
        self.sizes: dict[str, float] = {}
        self._trains = settings
        self._settings = replace(settings, env=rule.scope)
        self._registry = ModelRegistry.from_settings(self._settings)
        self._clock = MarketClock.from_settings(self._settings, may_build=True)
        self._filter: RiskFilter | None = None
        self._log = log

    def size_of(self, trade: Trade) -> float:
        """How much of a decision is traded: 1 while no model is active."""
        if self._filter is None or self._filter.mode != "ml":
            return 1.0
        about = Subject(
            trade_id=trade.trade_id,
            symbol=trade.symbol,
            side=trade.side,
            strategy=trade.strategy,
            at=trade.decision_timestamp or trade.entry_timestamp,
        )
        size = self._filter.check(trade.rule_features, about).size_multiplier
        self.sizes[trade.trade_id] = size
        return size

    def offer(self, evaluation: Evaluation, session: str, now: datetime) -> Ruling:
        """Make the night's candidate active if the rule says so."""
        ruling = self.rule.judge(evaluation)
        if ruling.promote:
            model_id = evaluation.model_id
            if self._settings.root != self._trains.root:
                self._registry.import_model(self._trains.model_dir, model_id, now=now)
            answer = msgspec.to_builtins(ruling.answer) if ruling.answer else None
            reason = f"{self.rule.name}: {ruling.words}"
            self._registry.promote_candidate(model_id, reason, gates_answer=answer, now=now)
            self.promotions.append(Promotion(model_id, session))
        return ruling

    def load(self, opens_at: datetime) -> None:
        """Load what is active for the session that opens then."""
        if self.promotions:
            self.close()
            self._clock.ensure(opens_at)
            self._filter = RiskFilter.load(self._settings, opens_at, lock=False, log=self._log)

    def close(self) -> None:
        """Let go of the log."""
        if self._filter is not None:
            self._filter.close()
