"""The rows that a model may learn from, as arrays in the order of their decisions."""

from typing import NamedTuple

from afterclose.arrays import Floats, Indices
from afterclose.learning.models import Labels
from afterclose.learning.splits import TimesUs


class TrainingSet(NamedTuple):
    """The n rows that may be learned from, in the order of their decisions.

    ``values`` float64[n, k] with NaN for missing, ``bad`` bool[n], ``pnl`` net fractions
    float64[n], times int64[n] in microseconds. ``loss_r`` float64[n] are losses in units of
    risk, without NaN; None where nobody learns from them.
    """

    values: Floats
    bad: Labels
    pnl: Floats
    decision_us: TimesUs
    exit_us: TimesUs
    loss_r: Floats | None = None

    def take(self, rows: Indices) -> "TrainingSet":
        """The training set of these rows alone."""
        return TrainingSet(
            self.values[rows],
            self.bad[rows],
            self.pnl[rows],
            self.decision_us[rows],
            self.exit_us[rows],
            None if self.loss_r is None else self.loss_r[rows],
        )
