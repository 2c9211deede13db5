"""How often the best configuration of one half of history fails in the other half.

Whoever tries many configurations and keeps the best one has mostly found luck, and no
interval around the winner says so. Combinatorially symmetric cross-validation lets each
half of the time blocks choose and the other half judge (Bailey, Borwein, López de Prado &
Zhu, *The probability of backtest overfitting*, Journal of Computational Finance 20(4),
2017). Only sums per block are needed, so it costs the same for any number of trades.
"""

from itertools import combinations

import numpy as np

from afterclose.arrays import Floats


def probability_of_overfitting(sums: Floats, counts: Floats) -> float:
    """Share of the choices of half of the blocks whose best is below the median elsewhere.

    ``sums`` and ``counts``, float64[configurations, blocks], are the PnL and number of the
    trades that each configuration keeps in each block; what is compared is their ratio, the
    expectancy. A configuration that keeps nothing is the worst. Of equals the first in the
    list is chosen; a choice that ends at the median itself counts half, so configurations
    that do not differ give 0.5. Raises ValueError for an odd number of blocks.
    """
    blocks = sums.shape[1]
    if blocks % 2:
        raise ValueError(f"{blocks} blocks have no halves")
    chosen = np.zeros((blocks, _halves(blocks)))
    for number, half in enumerate(combinations(range(blocks), blocks // 2)):
        chosen[list(half), number] = 1
    inside, outside = (_expectancy(sums @ half, counts @ half) for half in (chosen, 1 - chosen))
    best = outside[inside.argmax(axis=0), np.arange(chosen.shape[1])]
    below, level = (outside < best).sum(axis=0), (outside == best).sum(axis=0)
    rank = below + (level + 1) / 2
    middle = (len(sums) + 1) / 2
    return float(np.mean(np.where(rank == middle, 0.5, rank < middle)))


def _halves(blocks: int) -> int:
    return sum(1 for _ in combinations(range(blocks), blocks // 2))


def _expectancy(sums: Floats, counts: Floats) -> Floats:
    # Ten digits: configurations that keep the same trades must not differ by rounding.
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(counts > 0, np.round(sums / counts, 10), -np.inf)
