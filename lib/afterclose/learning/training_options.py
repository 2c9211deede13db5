"""What decides a model beside its data: the options of one training, and which cannot be.

They are stored with every model, so that evaluation and a later training can do the same.
`Settings` holds the same names for a whole process; a model has no business with the others.
"""

from typing import Any, Final

import msgspec

from afterclose.errors import ConfigError
from afterclose.learning.blocking import Mode
from afterclose.settings import Settings

NEWER: Final = ("block_share", "target")
"""Fields that 0.1.0 did not have: at their defaults no digest mentions them."""


VOLATILITY: Final = "volatility"
"""The model that is `ATR_FEATURE` alone: the baseline that others have to beat."""

ATR_FEATURE: Final = "atr_pct"
"""The feature with a trade's average true range at its decision, a fraction of the price."""


class TrainingOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What decides a model beside the data; names and meanings are those of `Settings`.

    An empty ``calendar`` makes an embargo session a UTC day.
    """

    model: str = "logistic"
    seed: int = 42
    mae_threshold: float = 0.03
    mae_unit: str = "fraction"
    risk_threshold: float = 0.5
    min_dataset_size: int = 20
    test_fraction: float = 0.2
    embargo_sessions: int = 1
    calendar: str = ""
    calendar_overrides: str = ""
    threshold_mode: Mode = "share"
    sample_weights: str = "none"
    calibration: str = "none"
    block_share: float = 0.2
    target: str = "bad"

    @classmethod
    def from_settings(cls, settings: Settings) -> "TrainingOptions":
        """The options of a scope."""
        return settings.options(cls, calendar=settings.calendar_name)

    @property
    def by_rank(self) -> bool:
        """Whether a risk score is a rank among training decisions, and no probability."""
        return self.target == "r" or self.model == VOLATILITY

    @property
    def learns_r(self) -> bool:
        """Whether it is the loss in units of risk that is learned."""
        return self.target == "r" and self.model != VOLATILITY

    @property
    def is_logistic(self) -> bool:
        """Whether the model is one logistic regression."""
        return self.model == "logistic" and self.target == "bad"

    @property
    def only_features(self) -> tuple[str, ...] | None:
        """The features that the model may use; None for all."""
        return (ATR_FEATURE,) if self.model == VOLATILITY else None

    def decisive(self) -> dict[str, Any]:
        """What decides a model, by name, to be digested.

        A field that an older version did not have is left out at its default, and a share
        where the threshold is none: what is the same recipe keeps its digest.
        """
        fixed = msgspec.structs.replace(self, min_dataset_size=0, calendar_overrides="")
        if self.threshold_mode != "share":
            fixed = msgspec.structs.replace(fixed, block_share=TrainingOptions().block_share)
        usual = TrainingOptions()
        return {
            name: value
            for name, value in msgspec.structs.asdict(fixed).items()
            if name not in NEWER or value != getattr(usual, name)
        }

    def check(self) -> None:
        """Raise ConfigError for a model that is not available or a senseless MAE threshold."""
        from afterclose.learning.models import (  # scikit-learn: not for a build
            make_pipeline,
            members_of,
        )
        from afterclose.learning.regressors import make_regressor

        for kind in members_of(self.model):
            make = make_regressor if self.by_rank else make_pipeline
            make(kind, seed=self.seed)
        if self.by_rank and self.calibration != "none":
            raise ConfigError(
                "ML_CALIBRATION",
                self.calibration,
                "a rank is no probability; none goes with ML_TARGET=r and ML_MODEL=volatility",
            )
        largest = 1 if self.mae_unit == "fraction" else 100
        if not 0 < self.mae_threshold <= largest:
            raise ConfigError(
                "ML_MAE_THRESHOLD",
                self.mae_threshold,
                f"allowed: above 0 to {largest} with ML_MAE_UNIT={self.mae_unit} (3 % is 0.03)",
            )
