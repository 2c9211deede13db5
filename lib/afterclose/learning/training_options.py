"""What decides a model beside its data: the options of one training, and which cannot be.

They are stored with every model, so that evaluation and a later training can do the same.
`Settings` holds the same names for a whole process; a model has no business with the others.
"""

import msgspec

from afterclose.errors import ConfigError


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
    threshold_mode: str = "fixed"
    sample_weights: str = "none"
    calibration: str = "none"

    def check(self) -> None:
        """Raise ConfigError for a model that is not available or a senseless MAE threshold."""
        from afterclose.learning.models import (  # scikit-learn: not for a build
            make_pipeline,
            members_of,
        )

        for kind in members_of(self.model):
            make_pipeline(kind, seed=self.seed)
        largest = 1 if self.mae_unit == "fraction" else 100
        if not 0 < self.mae_threshold <= largest:
            raise ConfigError(
                "ML_MAE_THRESHOLD",
                self.mae_threshold,
                f"allowed: above 0 to {largest} with ML_MAE_UNIT={self.mae_unit} (3 % is 0.03)",
            )
