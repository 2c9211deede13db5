"""The filter that the trading process asks before an entry: it can only reduce risk.

It blocks an entry or makes it smaller; it creates none and knows nothing of exits. Whatever
is missing, damaged or strange, the answer is what the rules alone would do, with a reason
code. The model is plain numbers in memory for the whole session (`afterclose.trading.model_pin`):
asking a model server would put a network between a signal and its order.
"""

import logging
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Literal, Self

from afterclose.clock import utc_now
from afterclose.learning.scorer import MAX_MISSING_SHARE, Assessment
from afterclose.records import Decision, Reason
from afterclose.settings import Settings
from afterclose.trading.decision_log import (
    DecisionLog,
    DecisionRecord,
    current_subject,
    logged_features,
)
from afterclose.trading.feature_values import PlainFeatures, plain_features
from afterclose.trading.model_pin import Pin, pin_model
from afterclose.trading.sizing import size_multiplier

LOG_NAME = "ml_decisions.jsonl"

_logger = logging.getLogger(__name__)


class RiskFilter:
    """The verdicts of one session; make one with `load` before the open, and again each day.

    ``mode`` is "ml", or "rules-only" when no model can be used; ``mode_reason`` says which
    model, or why none, beginning with the reason code. ``model_id``, ``session`` and
    ``locked_until`` tell what it is pinned to; ``threshold`` is the risk above which it blocks:
    ML_RISK_THRESHOLD, or the model's own when it was trained with a tuned one.
    """

    def __init__(self, settings: Settings, pin: Pin) -> None:
        self._settings = settings
        self._pin = pin
        self._scorer = pin.scorer
        self._log = DecisionLog(settings.root / LOG_NAME)
        self.mode: Literal["ml", "rules-only"] = "ml" if pin.scorer else "rules-only"
        self.mode_reason = pin.text
        self.model_id = pin.model_id
        self.session = pin.session
        self.locked_until = pin.until
        own = pin.scorer.threshold if pin.scorer and pin.scorer.tuned else None
        self.threshold = settings.risk_threshold if own is None else own

    @classmethod
    def load(cls, settings: Settings, now: datetime | None = None) -> Self:
        """Load, verify and pin the model for the running or next session. Never raises.

        Call it shortly before the open: from then to the close no other model can be
        promoted. A naive ``now`` is UTC. What is wrong is said once, as a warning, and in
        ``mode_reason``.
        """
        moment = now or utc_now()
        if moment.utcoffset() is None:
            moment = moment.replace(tzinfo=UTC)
        loaded = cls(settings, pin_model(settings, moment))
        unwritable = loaded._log.open()
        if unwritable:
            loaded.mode_reason += f"; verdicts are not logged: {unwritable}"
        level = logging.WARNING if loaded._pin.trouble or unwritable else logging.INFO
        _logger.log(level, "%s: %s", loaded.mode, loaded.mode_reason)
        return loaded

    def check(self, features: object) -> Decision:
        """The verdict on an entry with these features, a mapping of names to numbers.

        Never raises, for any object; and the verdict is in the log before it is returned.
        """
        seen = plain_features(features)
        decision = self._decide(seen)
        self._record(seen, decision)
        return decision

    def predict_risk(self, features: Mapping[str, Any]) -> float:
        """The model's probability of a bad trade, without guards and without a log line.

        Missing features are imputed as in training. NaN where there is no score: without a
        model, or for what cannot be scored. Never raises.
        """
        try:
            return self._scorer.predict_risk(features) if self._scorer else math.nan
        except Exception:  # noqa: BLE001 - features may be any object, with any code in it
            return math.nan

    def close(self) -> None:
        """Sync the decision log, at the end of the session."""
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

    def _decide(self, seen: PlainFeatures | None) -> Decision:
        if self._scorer is None:
            return self._abstain(self._pin.reason)
        if seen is None:
            return self._abstain("features_invalid")
        try:
            risk = self._scorer.clean_risk(seen)
            if risk is None:
                assessment = self._scorer.assess(seen)
                objection = self._objection(assessment)
                if objection is not None:
                    return self._abstain(objection)
                risk = assessment.risk_score
            return self._abstain("scoring_failed") if risk is None else self._judge(risk)
        except Exception:  # noqa: BLE001 - a model may fail as it likes; trading goes on
            return self._abstain("scoring_failed")

    def _objection(self, assessment: Assessment) -> Reason | None:
        """Why a score is not to be asked for; None when nothing forbids it."""
        if assessment.invalid:
            return "features_invalid"
        if assessment.missing_share > MAX_MISSING_SHARE:
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

    def _record(self, seen: PlainFeatures | None, decision: Decision) -> None:
        about = current_subject()
        record = DecisionRecord(
            at=about.at or utc_now().isoformat(),
            session=self.session,
            symbol=about.symbol,
            side=about.side,
            mode=self.mode,
            model_id=decision.model_id,
            digest=self._pin.digest,
            features=logged_features(seen),
            risk_score=decision.risk_score,
            threshold=self.threshold,
            allowed=decision.allowed,
            size_multiplier=decision.size_multiplier,
            reason=decision.reason,
        )
        self._log.write(record)
