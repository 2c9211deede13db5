"""Ridge regression in closed form: one decomposition of the rows serves every alpha.

The minimum is that of scikit-learn's `Ridge`, which the tests ask; it would decompose the same
matrix again for each alpha.
"""

from collections.abc import Sequence

import numpy as np

from afterclose.arrays import Floats


def ridge_path(
    columns: Floats, outcome: Floats, alphas: Sequence[float], weights: Floats | None = None
) -> Floats:
    """Slopes and intercept, float64[len(alphas), k + 1], at each alpha above 0.

    Minimises ``sum(weight * (outcome - prediction)**2) + alpha * |slopes|**2``; the intercept is
    free. ``columns`` float64[k, n] are scaled features without NaN, ``outcome`` float64[n],
    ``weights`` float64[n] those of the rows; None weighs them all alike.
    """
    weights = np.ones(columns.shape[1]) if weights is None else weights
    total = weights.sum()
    centre, middle = columns @ weights / total, float(outcome @ weights / total)
    centred = columns - centre[:, None]
    spread, vectors = np.linalg.eigh((centred * weights) @ centred.T)
    pull = vectors.T @ ((centred * weights) @ (outcome - middle))
    path = []
    for alpha in alphas:
        # A repeated feature leaves a spread of rounding, a little below 0 at times.
        slopes = vectors @ (pull / (np.maximum(spread, 0.0) + alpha))
        path.append(np.append(slopes, middle - slopes @ centre))
    return np.array(path)
