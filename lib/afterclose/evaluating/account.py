"""What the policies earned in money: one account that trades every decision of the rules.

Fractions of a trade weigh a trade of 100 as much as one of 100,000; an account does not.
Here a trade counts with its quantity, scaled by the policy's multiplier, and is booked on
the session in which it ended (docs/design.md, section 16). Sessions are UTC days on which
something was decided or ended: the dataset knows no calendar.

Intervals come from a circular block bootstrap of whole sessions (Politis & Romano, 1992), in
blocks of at least one median holding period, because trades of a session share the market
and trades held together share their luck. Sums resample the sessions of the decisions;
drawdown, the worst day and the tail look along the account's own sessions, each resample
through all of them, so they rest on fewer resamples and say so.
"""

import math
from collections.abc import Mapping
from functools import partial
from typing import Final

import msgspec
import numpy as np

from afterclose.arrays import Floats, Indices, Integers
from afterclose.dataset.columns import Dataset
from afterclose.evaluating.comparison import Difference
from afterclose.evaluating.sessions import CACHED_CELLS, Sessions, SessionSums
from afterclose.evaluating.verdicts import Policy

TAIL_SHARE: Final = 0.05
"""Of the sessions: the worst ones, which expected shortfall averages."""

PATH_CELLS: Final = 1_000_000
"""Sessions walked through behind an interval of drawdown or tail: then fewer resamples."""

FEWEST_RESAMPLES: Final = 200

MANY_SESSIONS: Final = 5_000
SAMPLED: Final = 500
"""Sessions of so many that suggest which are among the worst."""

MIN_DEFINED_SHARE: Final = 0.95
"""An interval needs its measure defined in at least this share of the resamples."""

TAILS: Final = (2.5, 97.5)

EQUAL: Final = 1e-9
"""Notionals that differ by less than this share are equal."""

RULES, FILTERED = "rules_only", "rules_ml"


class AccountMetrics(msgspec.Struct, frozen=True, kw_only=True):
    """One policy's account. Money is in the ledger's currency, net of fees.

    ``return_on_capital``, ``max_drawdown_pct`` and ``exposure`` are fractions of the capital
    (the drawdown of the highest equity before it). ``max_drawdown`` is at most 0.
    ``worst_day`` is the session that earned least, ``expected_shortfall`` the mean of the
    worst twentieth of the sessions; ``pnl_over_shortfall`` is net PnL in units of it, None
    where even those earned. ``exposure`` is the mean share of capital that was in trades.
    """

    net_pnl: float
    return_on_capital: float
    max_drawdown: float
    max_drawdown_pct: float
    worst_day: float
    expected_shortfall: float
    pnl_over_shortfall: float | None
    exposure: float


class TakenAway(msgspec.Struct, frozen=True, kw_only=True):
    """What the filter took out of the rules' trades: whole ones, and parts of those made smaller.

    ``mean_net_pnl`` is per such decision, in currency; ``low`` and ``high`` bound it with 95 %,
    and ``confidence`` is the share of the resamples in which it lost. None where nothing was
    taken away.
    """

    decisions: int
    net_pnl: float
    mean_net_pnl: float | None
    low: float | None
    high: float | None
    confidence: float | None


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """The policies side by side, by name, on one ``capital``.

    ``policies`` has "rules_only", "rules_ml", "random" (the same sizes handed out at random
    among the decisions of the same sessions: what that earns on average), "atr" (the same
    sizes handed out by ``atr_pct`` alone), and "rules_active" where there is an active model.
    ``differences`` are rules_ml less each other policy, by measure. ``unknown`` says of what
    is missing why. ``sizes`` is "as_traded", "one_unit" where all quantities are 1, or
    "equal" where all trades put in the same money.
    """

    capital: float
    capital_is_set: bool
    decisions: int
    sessions: int
    block_sessions: int
    sizes: str
    policies: dict[str, AccountMetrics]
    differences: dict[str, dict[str, Difference]]
    taken_away: TakenAway
    unknown: dict[str, str] = {}


def account_view(
    trades: Dataset,
    policies: Mapping[str, Policy],
    *,
    capital: float,
    resamples: int,
    seed: int,
    unknown: Mapping[str, str] | None = None,
) -> Account | None:
    """The account of each of ``policies``, float64[n] multipliers; None for no trades.

    ``policies`` holds `RULES` and `FILTERED`. A ``capital`` of 0 is the largest sum of entry
    notionals that was open at once. The same arguments give the same intervals.
    """
    if not len(trades):
        return None
    used = capital or largest_open(trades.decision_us, trades.exit_us, trades.notional)
    decided = Sessions(trades.decision_us, trades.decision_us, trades.exit_us)
    booked = Sessions(trades.exit_us, trades.decision_us, trades.exit_us)
    money = trades.net_pnl
    daily = {name: booked.sums(size * money) for name, size in policies.items()}
    in_trades = trades.notional * (trades.exit_us - trades.decision_us)
    span_us = max(int(trades.exit_us.max() - trades.decision_us.min()), 1)
    made = {
        name: _metrics(daily[name], used, float(size @ in_trades) / (used * span_us))
        for name, size in policies.items()
    }
    rng = np.random.default_rng(seed)
    summed = decided.resampled(resamples, rng)
    earned = {name: summed(size * money) for name, size in policies.items()}
    sums = {
        name: {
            "net_pnl": earned[name],
            "return_on_capital": earned[name] / used,
            "exposure": summed(size * in_trades) / (used * span_us),
        }
        for name, size in policies.items()
    }
    order = booked.orders(_affordable(resamples, booked.count), rng)
    paths = {name: _drawn_along(values, order, used) for name, values in daily.items()}
    drawn = {name: sums[name] | paths[name] for name in policies}
    compared = partial(_differences, made[FILTERED], drawn[FILTERED])
    return Account(
        capital=used,
        capital_is_set=bool(capital),
        decisions=len(trades),
        sessions=decided.count,
        block_sessions=decided.block,
        sizes=_sizes(trades.quantity, trades.notional),
        policies=made,
        differences={
            name: compared(made[name], drawn[name]) for name in policies if name != FILTERED
        },
        taken_away=_taken_away(policies[FILTERED], money, summed),
        unknown=dict(unknown or {}),
    )


def taken_away_from(
    trades: Dataset, size: Policy, *, resamples: int, seed: int
) -> TakenAway | None:
    """What a policy took out of ``trades``, by the sessions of the decisions; None for none."""
    if not len(trades):
        return None
    sessions = Sessions(trades.decision_us, trades.decision_us, trades.exit_us)
    summed = sessions.resampled(resamples, np.random.default_rng(seed))
    return _taken_away(size, trades.net_pnl, summed)


def largest_open(decision_us: Integers, exit_us: Integers, notional: Floats) -> float:
    """The largest sum of notionals that was open at once; what ends frees its money first."""
    moments = np.concatenate([exit_us, decision_us])
    changes = np.concatenate([-notional, notional])
    order = np.argsort(moments, kind="stable")  # of equal moments, exits stand first
    # A trade that ends as it begins would be freed before it is paid for.
    return float(max(np.cumsum(changes[order]).max(), notional.max()))


def _metrics(daily: Floats, capital: float, exposure: float) -> AccountMetrics:
    along = {name: float(values[0]) for name, values in _along(daily[None, :], capital).items()}
    ratio = along.pop("pnl_over_shortfall")
    net = float(daily.sum())
    return AccountMetrics(
        net_pnl=net,
        return_on_capital=net / capital,
        exposure=exposure,
        pnl_over_shortfall=ratio if math.isfinite(ratio) else None,
        **along,
    )


def _drawn_along(daily: Floats, order: Indices, capital: float) -> dict[str, Floats]:
    """`_along` the sessions of ``daily`` in each ``order``, as many at a time as a cache holds."""
    rows = max(1, CACHED_CELLS // order.shape[1])
    parts = [
        _along(daily[order[first : first + rows]], capital) for first in range(0, len(order), rows)
    ]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _along(daily: Floats, capital: float) -> dict[str, Floats]:
    """What depends on the order of sessions, or on single ones; one value a row of ``daily``."""
    equity = np.cumsum(daily, axis=1)
    equity += capital
    peak = np.maximum.accumulate(equity, axis=1)
    np.maximum(peak, capital, out=peak)
    fall = equity - peak
    shortfall = _shortfalls(daily)
    lossy = np.where(shortfall < 0, shortfall, np.nan)
    return {
        "max_drawdown": fall.min(axis=1),
        "max_drawdown_pct": np.maximum(np.divide(fall, peak, out=peak).min(axis=1), -1.0),
        "worst_day": daily.min(axis=1),
        "expected_shortfall": shortfall,
        "pnl_over_shortfall": daily.sum(axis=1) / -lossy,
    }


def _shortfalls(daily: Floats) -> Floats:
    """The mean of the worst sessions of each row of ``daily``."""
    sessions = daily.shape[1]
    tail = max(1, math.ceil(TAIL_SHARE * sessions))
    if sessions > MANY_SESSIONS:
        return np.array([_shortfall_of_many(row, tail) for row in daily])
    worst: Floats = np.partition(daily, tail - 1, axis=1)[:, :tail].mean(axis=1)
    return worst


def _shortfall_of_many(daily: Floats, tail: int) -> float:
    """The mean of the ``tail`` worst, chosen among those below a bound that a sample suggests.

    That is quicker than choosing among all, where they are many.
    """
    sample = np.sort(daily[:: len(daily) // SAMPLED])
    low = daily[daily <= sample[math.ceil(2 * TAIL_SHARE * len(sample))]]
    chosen = low if len(low) >= tail else daily
    return float(np.partition(chosen, tail - 1)[:tail].mean())


def _differences(
    filtered: AccountMetrics,
    filtered_drawn: Mapping[str, Floats],
    other: AccountMetrics,
    other_drawn: Mapping[str, Floats],
) -> dict[str, Difference]:
    return {
        name: _difference(
            getattr(filtered, name), getattr(other, name), filtered_drawn[name] - other_drawn[name]
        )
        for name in AccountMetrics.__struct_fields__
    }


def _difference(second: float | None, first: float | None, drawn: Floats) -> Difference:
    value = None if second is None or first is None else second - first
    defined = drawn[np.isfinite(drawn)]
    enough = value is not None and len(defined) >= MIN_DEFINED_SHARE * len(drawn)
    low, high = np.percentile(defined, TAILS).tolist() if enough else (None, None)
    return Difference(value=value, low=low, high=high, resamples=len(drawn))


def _taken_away(size: Policy, money: Floats, summed: SessionSums) -> TakenAway:
    away = 1.0 - size
    touched = away > 0
    decisions = int(touched.sum())
    net = float(away @ money)
    if not decisions:
        return TakenAway(
            decisions=0, net_pnl=0.0, mean_net_pnl=None, low=None, high=None, confidence=None
        )
    totals, counts = summed(away * money), summed(touched.astype(np.float64))
    means = totals[counts > 0] / counts[counts > 0]
    low, high = np.percentile(means, TAILS).tolist() if len(means) else (None, None)
    return TakenAway(
        decisions=decisions,
        net_pnl=net,
        mean_net_pnl=net / decisions,
        low=low,
        high=high,
        confidence=float(np.mean(totals < 0)),
    )


def _sizes(quantity: Floats, notional: Floats) -> str:
    if np.ptp(notional) <= EQUAL * float(notional.max()):
        return "equal"
    return "one_unit" if (quantity == 1).all() else "as_traded"


def _affordable(resamples: int, sessions: int) -> int:
    return min(resamples, max(FEWEST_RESAMPLES, PATH_CELLS // sessions))
