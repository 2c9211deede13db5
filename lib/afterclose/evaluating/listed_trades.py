"""Single decisions as an evaluation lists them, for whoever wants to find one and see why."""

import math
from typing import Final

import numpy as np

from afterclose.arrays import Floats, Indices, Mask
from afterclose.dataset.columns import MILLION, Dataset
from afterclose.evaluating.figures import ListedTrades
from afterclose.evaluating.reasons import Reasons
from afterclose.evaluating.verdicts import Verdicts

MINUTE_US: Final = 60 * MILLION


def listed_trades(
    dataset: Dataset,
    bad: Mask,
    rows: Indices,
    verdicts: Verdicts,
    reasons: Reasons,
    *,
    most: int,
    windows: Indices | None = None,
) -> ListedTrades:
    """The trades at ``rows``, judged by ``verdicts``; of more than ``most``, evenly spaced ones.

    ``windows`` int[n] numbers the walk-forward window of each, None where there are none.
    """
    count = min(len(rows), most)
    chosen = np.linspace(0, len(rows) - 1, count).round().astype(np.intp)
    listed = rows[chosen]
    at = listed.tolist()
    return ListedTrades(
        trades=len(rows),
        listed=count,
        trade_id=[dataset.trade_id[row] for row in at],
        score=_known(verdicts.score[chosen]),
        pnl=_short(dataset.realized_pnl_pct[listed]),
        bad=bad[listed].tolist(),
        allowed=verdicts.keep[chosen].tolist(),
        size=_short(verdicts.size[chosen]),
        symbol=[dataset.symbol[row] for row in at],
        side=[dataset.side[row] for row in at],
        decided=(dataset.decision_us[listed] // MINUTE_US).tolist(),
        exited=(dataset.exit_us[listed] // MINUTE_US).tolist(),
        mae=_known(dataset.mae_pct[listed]),
        net_pnl=_short(dataset.net_pnl[listed]),
        exit_type=[dataset.exit_type[row] for row in at] if dataset.exit_type else [],
        window=[] if windows is None else windows[chosen].tolist(),
        features=list(dataset.feature_names),
        why=_why(reasons.take(chosen)),
    )


def _why(reasons: Reasons) -> list[list[tuple[int, float | None, float]]]:
    parts = (part.tolist() for part in reasons)
    return [
        [
            (feature, _digits(value), round(raised, 3))
            for feature, value, raised in zip(*of_one, strict=True)
            if feature >= 0 and raised == raised  # noqa: PLR0124 - not NaN
        ]
        for of_one in zip(*parts, strict=True)
    ]


def _known(values: Floats) -> list[float | None]:
    return [_digits(value) for value in values.tolist()]


def _short(values: Floats) -> list[float]:
    return [float(f"{value:.6g}") for value in values.tolist()]


def _digits(value: float) -> float | None:
    return None if math.isnan(value) else float(f"{value:.6g}")
