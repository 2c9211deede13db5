"""Decisions out of rows: the fills of one entry decision are one decision.

Ten fills of one decision share their features and their luck. Counted as ten trades they
would make ten times the evidence of one, so before anything claims to be more than luck, rows
with the same symbol, side and moment of decision are put together
(docs/design.md, section 15).
"""

from dataclasses import replace

import numpy as np

from afterclose.arrays import Floats
from afterclose.dataset.columns import Dataset


def one_row_a_decision(dataset: Dataset) -> Dataset:
    """The dataset with the rows of each decision put together, in the order of decisions.

    Quantity and notional are the sums of the rows, PnL and fees their means weighted by
    notional, MAE the least and MFE the greatest that is known, the exit the last. Ids, features
    and the rest are those of the first row. Needs the texts.
    A dataset without repeated decisions is returned as it is.
    """
    keys = list(zip(dataset.symbol, dataset.side, dataset.decision_us.tolist(), strict=True))
    number_of = {key: number for number, key in enumerate(dict.fromkeys(keys))}
    if len(number_of) == len(keys):
        return dataset
    number = np.array([number_of[key] for key in keys])
    order = np.argsort(number, kind="stable")
    first = np.flatnonzero(np.diff(number[order], prepend=-1))
    merged = dataset.take(order[first])
    notional = np.add.reduceat(dataset.notional[order], first)

    def weighted(values: Floats) -> Floats:
        return np.add.reduceat((values * dataset.notional)[order], first) / notional

    return replace(
        merged,
        exit_us=np.maximum.reduceat(dataset.exit_us[order], first),
        realized_pnl_pct=weighted(dataset.realized_pnl_pct),
        mae_pct=np.fmin.reduceat(dataset.mae_pct[order], first),
        mfe_pct=np.fmax.reduceat(dataset.mfe_pct[order], first),
        fees_pct=weighted(dataset.fees_pct),
        quantity=np.add.reduceat(dataset.quantity[order], first),
        notional=notional,
    )
