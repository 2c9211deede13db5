"""How much each training trade counts: by what only it can tell, and by what it cost.

Trades held at the same time share the same market days, so ten of them are hardly ten
observations; a loss of 8 % matters more than one of 0.1 %. Both weights have mean 1 in the
end, so that the regularisation keeps its meaning. They are made anew from the very rows of
each fit: a trade's weight must not know which trades came later.
"""

from typing import Final

import numpy as np

from afterclose.arrays import Floats
from afterclose.learning.splits import TimesUs

SECOND_US: Final = 1_000_000

SMALLEST_LOSS_WEIGHT: Final = 0.25
LARGEST_LOSS_WEIGHT: Final = 4.0
"""Before normalising: no loss counts for nothing, and no crash decides alone."""


def sample_weights(mode: str, decision_us: TimesUs, exit_us: TimesUs, pnl: Floats) -> Floats | None:
    """Weights float64[n] of mean 1 for ``mode`` uniqueness, loss or both; None for none."""
    if mode == "none":
        return None
    weights = np.ones(len(pnl))
    if mode in ("uniqueness", "both"):
        weights *= uniqueness(decision_us, exit_us)
    if mode in ("loss", "both"):
        weights *= loss_weights(pnl)
    normalised: Floats = weights / weights.mean()
    return normalised


def uniqueness(decision_us: TimesUs, exit_us: TimesUs) -> Floats:
    """Average uniqueness of each trade, float64[n] in (0, 1]; 1 when it was always alone.

    The mean over the holding period of 1 / (trades held at that moment), after López de
    Prado, *Advances in Financial Machine Learning*, 2018, section 4.4, in continuous time
    instead of bars. A trade counts as held for a second at least.
    """
    end_us = np.maximum(exit_us, decision_us + SECOND_US)
    edges, position = np.unique(np.concatenate([decision_us, end_us]), return_inverse=True)
    start, end = np.split(position, 2)
    change = np.bincount(start, minlength=len(edges)) - np.bincount(end, minlength=len(edges))
    held = np.maximum(np.cumsum(change)[:-1], 1)  # where nobody holds, nobody asks
    shared = np.concatenate([[0.0], np.cumsum(np.diff(edges) / held)])
    alone: Floats = (shared[end] - shared[start]) / (end_us - decision_us)
    return np.minimum(alone, 1.0)


def loss_weights(pnl: Floats) -> Floats:
    """``loss / mean loss`` within 1/4 to 4 for trades that lost, 1 for the others; float64[n].

    ``pnl`` are net fractions. Winners keep their weight, so the classes keep their balance
    but for what the bounds cut off.
    """
    loss = np.maximum(-pnl, 0.0)
    lost = loss > 0
    weights = np.ones(len(pnl))
    if lost.any():
        relative = loss[lost] / loss[lost].mean()
        weights[lost] = np.clip(relative, SMALLEST_LOSS_WEIGHT, LARGEST_LOSS_WEIGHT)
    return weights
