"""The filter that the trading process asks before an entry: it can only reduce risk.

It blocks an entry or makes it smaller; it creates none and knows nothing of exits. Whatever
is missing, damaged or strange, the answer is what the rules alone would do, with a reason
code. The model is plain numbers in memory for the whole session (`afterclose.trading.model_pin`):
asking a model server would put a network between a signal and its order.
"""

import logging
import math
from datetime import UTC, datetime
from types import TracebackType
from typing import Literal, Self

from msgspec.structs import replace

from afterclose.clock import monotonic_s, utc_now
from afterclose.learning.blocking import Blocking
from afterclose.learning.explanation import Explanation
from afterclose.learning.scorer import MAX_MISSING_SHARE, Assessment, Scorer
from afterclose.records import Decision, Reason, Subject
from afterclose.scope_files import DECISIONS_FILE
from afterclose.settings import Settings
from afterclose.trades.model_inputs import with_inputs
from afterclose.trading.decision_log import (
    DecisionLog,
    DecisionRecord,
    current_subject,
    logged_features,
)
from afterclose.trading.feature_values import PlainFeatures, plain_features
from afterclose.trading.model_pin import Pin, pin_model
from afterclose.trading.sizing import size_multiplier
from afterclose.trading.subjects import plain_subject
from afterclose.trading.switch import Switch

_logger = logging.getLogger(__name__)


class RiskFilter:
    """The verdicts of one session; make one with `load` before the open, and again each day.

    ``mode`` is "ml", or "rules-only" when no model can be used; ``mode_reason`` says which
    model, or why none, beginning with the reason code. ``model_id``, ``session`` and
    ``locked_until`` tell what it is pinned to; ``threshold`` is the risk above which it blocks,
    found as ``threshold_mode`` says: ML_RISK_THRESHOLD where that is fixed, else the model's own.

    It answers until the open that follows its session; from then on, and while the scope is
    switched off (`make off`), the rules alone.
    """

    def __init__(
        self, settings: Settings, pin: Pin, *, log: bool = True, over_at: datetime | None = None
    ) -> None:
        """A filter that runs on ``pin``; ``over_at``, by the wall clock, ends it."""
        self._settings = settings
        self._pin = pin
        self._scorer = pin.scorer
        self._log = DecisionLog(settings.root / DECISIONS_FILE) if log else None
        self._switch = Switch(settings)
        self._over_at = over_at
        self.mode: Literal["ml", "rules-only"] = "ml" if pin.scorer else "rules-only"
        self.mode_reason = pin.text
        self.model_id = pin.model_id
        self.session = pin.session
        self.locked_until = pin.until
        own = pin.scorer.threshold if pin.scorer and pin.scorer.tuned else None
        self.threshold = settings.risk_threshold if own is None else own
        self.threshold_mode = pin.scorer.threshold_mode if pin.scorer else ""
        if pin.scorer:
            blocking = Blocking(mode=pin.scorer.threshold_mode, above=self.threshold)
            self.mode_reason += f"; blocks above {blocking.words()}"

    @classmethod
    def load(
        cls, settings: Settings, now: datetime | None = None, *, lock: bool = True, log: bool = True
    ) -> Self:
        """Load, verify and pin the model for the running or next session. Never raises.

        Call it shortly before the open: from then to the close no other model can be
        promoted. A naive ``now`` is UTC. What is wrong is said once, as a warning, and in
        ``mode_reason``. A backtest takes neither ``lock`` nor ``log``: then nothing is
        written, no file stays open, and the filter is not over after a session.
        """
        called_at = utc_now()
        moment = now or called_at
        if moment.utcoffset() is None:
            moment = moment.replace(tzinfo=UTC)
        pin = pin_model(settings, moment, lock=lock)
        over_at = called_at + (pin.over_at - moment) if pin.over_at and lock else None
        loaded = cls(settings, pin, log=log, over_at=over_at)
        unwritable = loaded._log.open() if loaded._log else ""
        if unwritable:
            loaded.mode_reason += f"; verdicts are not logged: {unwritable}"
        level = logging.WARNING if loaded._pin.trouble or unwritable else logging.INFO
        _logger.log(level, "%s: %s", loaded.mode, loaded.mode_reason)
        return loaded

    def is_over(self) -> bool:
        """Whether the session after its own has opened: then `check` says session_over."""
        return self._over_at is not None and utc_now() >= self._over_at

    def check(self, features: object, about: Subject | None = None) -> Decision:
        """The verdict on an entry with these features, a mapping of names to numbers.

        Anything with ``items`` will do, a pandas row too. ``about`` says which entry it is,
        for the log. Never raises, for any object; and the verdict is in the log before it is
        returned. A model that was trained on both sides, or on several strategies, takes them
        from ``about`` (or from the features), and abstains where it is not told.
        """
        now, asked_s = utc_now(), monotonic_s()
        seen = self._seen(features, about)
        decision = self._decide(seen, now)
        if self._log is not None:
            latency_us = round((monotonic_s() - asked_s) * 1e6, 1)
            self._record(self._log, seen, decision, about, now, latency_us=latency_us)
        return decision

    def explain(self, features: object, about: Subject | None = None) -> Explanation:
        """Why an entry with these features has its score: what each feature adds to it.

        ``reason`` is the code that `check` would answer with, and what it scores is taken
        apart; without a score there is nothing in it but that. Not logged. Never raises.
        """
        seen = self._seen(features, about)
        decision = self._decide(seen, utc_now())
        nothing = Explanation(reason=decision.reason, model_id=self.model_id)
        if decision.risk_score is None or self._scorer is None or seen is None:
            return nothing
        try:
            found = self._scorer.explain(seen, decision.risk_score)
            return replace(found, reason=decision.reason, model_id=self.model_id)
        except Exception:  # noqa: BLE001 - as for a score: a model may fail as it likes
            return replace(nothing, reason="scoring_failed")

    def predict_risk(self, features: object) -> float:
        """The model's probability of a bad trade, without guards and without a log line.

        Missing features are imputed as in training. NaN where there is no score: without a
        model, or for what cannot be scored. Never raises.
        """
        seen = plain_features(features)
        try:
            return (
                math.nan
                if self._scorer is None or seen is None
                else self._scorer.predict_risk(seen)
            )
        except Exception:  # noqa: BLE001 - a model may fail as it likes
            return math.nan

    def close(self) -> None:
        """Sync the decision log, at the end of the session."""
        if self._log is not None:
            self._log.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _seen(self, features: object, about: Subject | None) -> PlainFeatures | None:
        """The features in plain values, with side and strategy where the model asks for them."""
        seen = plain_features(features)
        if seen is None or self._scorer is None or not self._scorer.inputs:
            return seen
        subject, _ = plain_subject(current_subject() if about is None else about)
        return with_inputs(seen, self._scorer.inputs, subject.side, subject.strategy)

    def _decide(self, seen: PlainFeatures | None, now: datetime) -> Decision:
        if self._switch.is_off():
            return self._abstain("switched_off")
        if self._over_at is not None and now >= self._over_at:
            return self._abstain("session_over")
        if self._scorer is None:
            return self._abstain(self._pin.reason)
        if seen is None:
            return self._abstain("features_invalid")
        try:
            return self._score(self._scorer, seen)
        except Exception:  # noqa: BLE001 - a model may fail as it likes; trading goes on
            return self._abstain("scoring_failed")

    def _score(self, scorer: Scorer, seen: PlainFeatures) -> Decision:
        risk = scorer.clean_risk(seen)
        if risk is None:
            assessment = scorer.assess(seen)
            objection = self._objection(assessment)
            if objection is not None:
                return self._abstain(objection)
            risk = assessment.risk_score
        return self._abstain("scoring_failed") if risk is None else self._judge(risk)

    def _objection(self, assessment: Assessment) -> Reason | None:
        """Why a score is not to be asked for; None when nothing forbids it."""
        if assessment.invalid:
            return "features_invalid"
        if assessment.needed_missing or assessment.missing_share > MAX_MISSING_SHARE:
            return "features_missing"
        if assessment.max_abs_z > self._settings.ood_max_z:
            return "out_of_distribution"
        return None

    def _judge(self, risk_score: float) -> Decision:
        multiplier = size_multiplier(
            risk_score, self.threshold, self._settings.sizing, self._settings.min_size
        )
        return Decision(
            allowed=multiplier > 0,
            risk_score=risk_score,
            size_multiplier=multiplier,
            reason="low_risk" if multiplier > 0 else "high_risk",
            model_id=self.model_id,
        )

    def _abstain(self, reason: Reason) -> Decision:
        """What the rules alone would do."""
        return Decision(
            allowed=True,
            risk_score=None,
            size_multiplier=1.0,
            reason=reason,
            model_id=self.model_id,
        )

    def _record(
        self,
        log: DecisionLog,
        seen: PlainFeatures | None,
        decision: Decision,
        about: Subject | None,
        now: datetime,
        *,
        latency_us: float,
    ) -> None:
        subject, plan = plain_subject(current_subject() if about is None else about)
        record = DecisionRecord(
            at=str(subject.at or now.isoformat()),
            session=self.session,
            trade_id=subject.trade_id,
            symbol=subject.symbol,
            side=subject.side,
            strategy=subject.strategy,
            plan=plan,
            mode=self.mode,
            model_id=decision.model_id,
            digest=self._pin.digest,
            features=logged_features(seen),
            risk_score=decision.risk_score,
            threshold=self.threshold,
            threshold_mode=self.threshold_mode,
            allowed=decision.allowed,
            size_multiplier=decision.size_multiplier,
            reason=decision.reason,
            latency_us=latency_us,
        )
        log.write(record)
