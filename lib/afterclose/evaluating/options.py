"""How to evaluate: the settings of a scope that are none of the model's."""

import msgspec

from afterclose.evaluating.verdicts import Sizing
from afterclose.settings import Settings


class EvaluationOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How to evaluate; names and meanings are those of `Settings`.

    What made the model (label, threshold, split, seed) is not an option: the model says it.
    """

    ood_max_z: float = 8.0
    bootstrap_resamples: int = 10_000
    sizing: str = "off"
    min_size: float = 0.25
    capital: float = 0.0

    @classmethod
    def from_settings(cls, settings: Settings) -> "EvaluationOptions":
        """The options of a scope."""
        return settings.options(cls)

    @property
    def sizes(self) -> Sizing:
        """How a risk becomes a size."""
        return Sizing(self.sizing, self.min_size)
