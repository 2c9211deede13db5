"""Policies that need no model: the same sizes as a filter's, handed out by chance or by ATR.

A filter that makes a fifth of the trades changes the account whatever it knows: less is in
the market. So it is compared with policies that give the same multipliers to other decisions
(docs/design.md, section 16). A gain that sizing by `atr_pct` has too is volatility.
"""

from typing import Final

import numpy as np

from afterclose.arrays import Floats, Indices, Integers
from afterclose.dataset.columns import Dataset
from afterclose.evaluating.account import FILTERED, RULES, Account, account_view
from afterclose.evaluating.sessions import DAY_US
from afterclose.evaluating.verdicts import Policy
from afterclose.learning.training_options import ATR_FEATURE

FEWEST_TOGETHER: Final = 5
"""Decisions among which sizes are handed out: neighbouring sessions join until there are as many,
since in a session of one decision chance has no choice."""

MIN_COVERAGE: Final = 0.5
"""Share of the decisions that need the feature."""


def random_sizes(decision_us: Integers, size: Policy) -> Policy:
    """What handing out the sizes at random among decisions of the same sessions trades on average.

    Money is linear in the size, so the mean over all ways to hand them out is that of the
    session's mean size. Decisions sorted by time; float64[n].
    """
    group = together(decision_us)
    mean = np.bincount(group, size) / np.bincount(group)
    handed: Policy = mean[group]
    return handed


def together(decision_us: Integers) -> Indices:
    """A number for each decision, equal for those that are exchanged: sessions, joined if small."""
    _, first, sizes = np.unique(decision_us // DAY_US, return_index=True, return_counts=True)
    group = np.zeros(len(decision_us), dtype=np.intp)
    number = held = 0
    for start, count in zip(first.tolist(), sizes.tolist(), strict=True):
        if held >= FEWEST_TOGETHER:
            number, held = number + 1, 0
        group[start : start + count] = number
        held += count
    return group


def atr_sizes(atr_pct: Floats, size: Policy, window: Indices) -> Policy:
    """The sizes of each window handed out by ATR: the smallest to the largest, float64[n].

    Where ``atr_pct`` is NaN the decision counts as the calmest.
    """
    handed = size.copy()
    calm = np.where(np.isnan(atr_pct), -np.inf, atr_pct)
    for number in np.unique(window).tolist():
        rows = np.flatnonzero(window == number)
        handed[rows[np.argsort(-calm[rows], kind="stable")]] = np.sort(size[rows])
    return handed


def atr_of(trades: Dataset) -> Floats | None:
    """The feature `atr_pct` of each trade; None where most lack it."""
    if ATR_FEATURE not in trades.feature_names or not len(trades):
        return None
    values = trades.features[:, trades.feature_names.index(ATR_FEATURE)]
    return values if np.isfinite(values).mean() >= MIN_COVERAGE else None


def account_beside_baselines(
    dataset: Dataset,
    rows: Indices,
    size: Policy,
    *,
    capital: float,
    resamples: int,
    seed: int,
    active: Policy | None = None,
    windows: Indices | None = None,
) -> Account | None:
    """The account of the decisions at ``rows`` under the rules, the filter and the baselines.

    ``windows`` numbers the stretches of which each has a model of its own; None for one.
    """
    trades = dataset.take(rows)
    policies, unknown = {RULES: np.ones(len(rows)), FILTERED: size}, {}
    if len(rows):
        policies["random"] = random_sizes(trades.decision_us, size)
    if active is not None:
        policies["rules_active"] = active
    if (atr_pct := atr_of(trades)) is None:
        unknown["atr"] = f"the feature {ATR_FEATURE} is not there for most decisions"
    else:
        one = np.zeros(len(rows), dtype=np.intp)
        policies["atr"] = atr_sizes(atr_pct, size, one if windows is None else windows)
    return account_view(
        trades, policies, capital=capital, resamples=resamples, seed=seed, unknown=unknown
    )
