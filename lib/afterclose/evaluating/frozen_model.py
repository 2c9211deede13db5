"""A published model as its evaluation sees it: how it was made, and its arithmetic."""

from datetime import datetime
from typing import NamedTuple

from afterclose.dataset.columns import Dataset
from afterclose.evaluating.verdicts import WHOLE_OR_NOTHING, Risks, Sizing, Verdicts, judge
from afterclose.learning.features import FeatureStats
from afterclose.learning.training import TrainingOptions


class FrozenModel(NamedTuple):
    """A model as published: how it was trained and until when, and its arithmetic.

    ``last_train_exit`` is when the last outcome that it learned from became known,
    ``tuned_threshold`` None for a model that is used with the setting's, and
    ``regularisation_c`` what was chosen for the logistic regression in it, if there is one.
    ``exact`` is the filter's own arithmetic where ``risks`` only comes near to it.
    """

    model_id: str
    options: TrainingOptions
    last_train_exit: datetime
    stats: list[FeatureStats]
    risks: Risks
    tuned_threshold: float | None = None
    regularisation_c: float | None = None
    exact: Risks | None = None

    def threshold(self, risk_threshold: float) -> float:
        """The risk it blocks above where ML_RISK_THRESHOLD is ``risk_threshold``."""
        return risk_threshold if self.tuned_threshold is None else self.tuned_threshold

    def judge(
        self,
        dataset: Dataset,
        *,
        risk_threshold: float,
        max_abs_z: float,
        sizing: Sizing = WHOLE_OR_NOTHING,
    ) -> Verdicts:
        """The verdict on every trade of ``dataset`` (`verdicts.judge`)."""
        return judge(
            dataset,
            self.stats,
            self.exact or self.risks,
            threshold=self.threshold(risk_threshold),
            max_abs_z=max_abs_z,
            sizing=sizing,
        )
