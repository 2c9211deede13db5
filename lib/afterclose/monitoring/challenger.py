"""The newest candidate, asked silently beside the active model about the same entries.

Of each entry that candidate is asked which was the newest when it was decided, so none judges
trades it has learned from, and a new candidate every night does not begin again every night.
What is compared is the policy of always having the newest.
"""

from bisect import bisect_left
from datetime import UTC, datetime

from afterclose.errors import AftercloseError
from afterclose.learning.artifacts import ModelStore
from afterclose.learning.scorer import MAX_MISSING_SHARE, Scorer
from afterclose.monitoring.verdict_lines import Verdict
from afterclose.registry.reader import RegistryView
from afterclose.settings import Settings
from afterclose.trading.decision_log import seen_features
from afterclose.trading.model_pin import MODEL_ID_TIME, MODEL_ID_TIME_CHARACTERS
from afterclose.trading.sizing import WHOLE, size_multiplier


class Candidates:
    """The registered models of a scope but the active one, by the moment they were made."""

    def __init__(self, settings: Settings, view: RegistryView) -> None:
        self._settings = settings
        self._store = ModelStore(settings.model_dir)
        records = view.state.models
        active = view.active.model_id if view.active else None
        names = sorted(name for name in records if name != active)
        self._models = [(made_at(name), name) for name in names]
        self._artifacts = {name: records[name].registered.artifacts for name in names}
        self._scorers: dict[str, Scorer | None] = {}

    def size(self, verdict: Verdict) -> float | None:
        """What the newest candidate would have left of the rules' quantity, 1 where it abstains.

        None where there was no candidate yet, or its files are gone.
        """
        place = bisect_left(self._models, (verdict.at.astimezone(UTC), ""))
        if place == 0 or verdict.line.features is None:
            return None
        scorer = self._scorer(self._models[place - 1][1])
        return None if scorer is None else self._sized(scorer, verdict)

    def _sized(self, scorer: Scorer, verdict: Verdict) -> float:
        seen = seen_features(verdict.line.features or {})
        risk = scorer.clean_risk(seen)
        if risk is None:
            found = scorer.assess(seen)
            too_far = found.max_abs_z > self._settings.ood_max_z
            if found.missing_share > MAX_MISSING_SHARE or too_far or found.risk_score is None:
                return WHOLE
            risk = found.risk_score
        threshold = scorer.threshold if scorer.tuned else self._settings.risk_threshold
        return size_multiplier(risk, threshold, self._settings.sizing, self._settings.min_size)

    def _scorer(self, name: str) -> Scorer | None:
        if name not in self._scorers:
            try:
                self._scorers[name] = self._store.load_scorer(
                    name, self._artifacts[name], max_abs_z=self._settings.ood_max_z
                )
            except (AftercloseError, OSError):
                self._scorers[name] = None
        return self._scorers[name]


def made_at(model_id: str) -> datetime:
    """The moment in a model's id."""
    text = model_id[:MODEL_ID_TIME_CHARACTERS]
    return datetime.strptime(text, MODEL_ID_TIME).replace(tzinfo=UTC)
