"""Where the money came from, and when: what the pages draw of an account.

Reduced once from all decisions, because a page must not need the dataset, and one that drew a
sample would show an account that nobody had. Everything is booked on the session of the exit,
as in the account itself (docs/design.md, section 16), so the last point of a curve is the
account's net PnL.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Final

import msgspec
import numpy as np

from afterclose.arrays import Floats, Indices, Integers, Mask
from afterclose.dataset.columns import Dataset
from afterclose.evaluating.account import FILTERED, RULES
from afterclose.evaluating.sessions import DAY_US
from afterclose.evaluating.verdicts import Policy

MAX_SESSIONS: Final = 1500
"""Of a curve: more than a page has pixels for, and enough to zoom into."""

ROLLING_DECISIONS: Final = 50
"""Behind one point of the rolling expectancy; a quarter of all where there are few."""

WORST_DRAWDOWNS: Final = 5

MOST_ROWS: Final = 40
"""Of one breakdown: the rest is one row more."""

REST: Final = "all others"

WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

HELD_DAYS: Final = {
    "less than a day": 1, "1 to 2 days": 3, "3 to 6 days": 7, "1 to 2 weeks": 15,
    "2 to 4 weeks": 29, "over 4 weeks": np.inf,
}  # fmt: skip
"""Names of holding times, and the days that each stays below."""

DIGITS: Final = 7


class Curve(msgspec.Struct, frozen=True, kw_only=True):
    """Values along sessions: ``days`` since 1970 (UTC) ascending, and one list a policy.

    Of more sessions than `MAX_SESSIONS` the lowest and highest of each stretch are kept.
    """

    days: list[int]
    values: dict[str, list[float | None]]


class Drawdown(msgspec.Struct, frozen=True, kw_only=True):
    """One fall of an account below its highest equity: when it began, ended, and was deepest.

    ``recovered`` is None where the old high was not reached again. ``depth`` is in currency,
    ``depth_pct`` a fraction of the high; both are below 0. Days are since 1970 (UTC).
    """

    peak: int
    deepest: int
    recovered: int | None
    depth: float
    depth_pct: float


class Slice(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Decisions that have something in common, and what each policy made of them.

    Money is in currency, net of fees. ``touched`` counts decisions that were blocked or made
    smaller, ``bad`` those with the label bad. ``other`` is of a model that the filter is compared
    with, None without one.
    """

    name: str
    decisions: int
    touched: int
    bad: int
    rules: float
    filtered: float
    other: float | None = None

    @property
    def change(self) -> float:
        """What the filter made, less what it is compared with: the other model, or the rules."""
        return self.filtered - (self.rules if self.other is None else self.other)


class MoneyRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One part of an evaluation in money, for the pages.

    ``sessions`` is on how many something ended. ``earned`` is net PnL so far, in currency.
    ``rolling`` is the mean net PnL of the trades made among the newest ``rolling_decisions``;
    None where none was made. ``months`` (``2004-03``) and the slices of ``breakdowns``, by
    what they are sliced by, cover all decisions. ``drawdowns`` are the worst of each policy,
    the deepest first.
    """

    sessions: int
    earned: Curve
    rolling: Curve
    rolling_decisions: int
    months: list[Slice]
    breakdowns: dict[str, list[Slice]]
    drawdowns: dict[str, list[Drawdown]]


def money_record(
    trades: Dataset,
    bad: Mask,
    policies: Mapping[str, Policy],
    capital: float,
    *,
    other: Policy | None = None,
) -> MoneyRecord | None:
    """The record of ``trades`` under ``policies`` (`account_view`'s); None for no trades.

    With the sizes of an ``other`` model, slices say what it made of them too.
    """
    if not len(trades):
        return None
    money, size = trades.net_pnl, policies[FILTERED]
    days, of_row = np.unique(trades.exit_us // DAY_US, return_inverse=True)
    daily = {
        name: np.bincount(of_row, policy * money, len(days)).astype(np.float64)
        for name, policy in policies.items()
    }
    earned: dict[str, Floats] = {name: np.cumsum(values) for name, values in daily.items()}
    sliced = _Slicer(money, size, bad, other)
    span = min(ROLLING_DECISIONS, max(len(trades) // 4, 1))
    return MoneyRecord(
        sessions=len(days),
        earned=_curve(days, earned),
        rolling=_rolling(trades.exit_us, money, policies, span),
        rolling_decisions=span,
        months=sliced.by(_months(trades.exit_us)),
        breakdowns=dict(_breakdowns(trades, sliced)),
        drawdowns={name: _drawdowns(days, earned[name], capital) for name in (RULES, FILTERED)},
    )


class _Slicer:
    """Sums of the decisions by a name of each."""

    def __init__(self, money: Floats, size: Policy, bad: Mask, other: Policy | None) -> None:
        self._sums = (np.ones(len(money)), size < 1, bad, money, size * money)
        self._other = None if other is None else other * money

    def by(self, names: Sequence[str]) -> list[Slice]:
        """One slice a name, in the order of the names."""
        found = sorted(set(names))
        number = {name: at for at, name in enumerate(found)}
        of_row = np.fromiter(map(number.__getitem__, names), dtype=np.intp, count=len(names))
        sums = [np.bincount(of_row, weights, len(found)).tolist() for weights in self._sums]
        others = [None] * len(found)
        if self._other is not None:
            others = np.bincount(of_row, self._other, len(found)).tolist()
        return [
            Slice(
                name=name,
                decisions=int(decisions),
                touched=int(touched),
                bad=int(bad),
                rules=_round(rules),
                filtered=_round(filtered),
                other=None if other is None else _round(other),
            )
            for name, decisions, touched, bad, rules, filtered, other in zip(
                found, *sums, others, strict=True
            )
        ]


def _breakdowns(trades: Dataset, sliced: _Slicer) -> "list[tuple[str, list[Slice]]]":
    """By what is known of the trades; a breakdown of one slice says nothing, and is left out."""
    days_held = (trades.exit_us - trades.decision_us) / DAY_US
    weekdays = ((trades.decision_us // DAY_US + 3) % 7).tolist()  # 1970 began on a Thursday
    edges = list(HELD_DAYS.values())
    held = np.searchsorted(edges, days_held, side="right").tolist()
    by_name = [
        ("symbol", _few(sliced.by(trades.symbol))),
        ("side", sliced.by(trades.side)),
        ("strategy", sliced.by(trades.strategy)),
        ("exit_type", sliced.by(trades.exit_type) if trades.exit_type else []),
        ("weekday", _ordered(sliced.by([WEEKDAYS[day] for day in weekdays]), WEEKDAYS)),
        ("holding_time", _ordered(sliced.by([[*HELD_DAYS][at] for at in held]), [*HELD_DAYS])),
    ]
    return [(name, slices) for name, slices in by_name if len(slices) > 1]


def _ordered(slices: list[Slice], names: Sequence[str]) -> list[Slice]:
    return sorted(slices, key=lambda one: names.index(one.name))


def _few(slices: list[Slice]) -> list[Slice]:
    """Those in which the filter changed most, and the rest together."""
    ranked = sorted(slices, key=lambda one: (-abs(one.change), one.name))
    if len(ranked) <= MOST_ROWS:
        return ranked
    rest = ranked[MOST_ROWS:]
    return [
        *ranked[:MOST_ROWS],
        Slice(
            name=REST,
            decisions=sum(one.decisions for one in rest),
            touched=sum(one.touched for one in rest),
            bad=sum(one.bad for one in rest),
            rules=_round(sum(one.rules for one in rest)),
            filtered=_round(sum(one.filtered for one in rest)),
            other=_sum_of_others(rest),
        ),
    ]


def _sum_of_others(slices: list[Slice]) -> float | None:
    others = [one.other for one in slices if one.other is not None]
    return _round(sum(others)) if others else None


def _rolling(exit_us: Integers, money: Floats, policies: Mapping[str, Policy], span: int) -> Curve:
    order = np.argsort(exit_us, kind="stable")
    ends = exit_us[order][span - 1 :] // DAY_US
    last = np.flatnonzero(np.append(ends[1:] != ends[:-1], True))  # one point a session
    values = {
        name: _mean_of_newest(
            (policy * money)[order], (policy > 0)[order].astype(np.float64), span
        )[last]
        for name, policy in policies.items()
        if name in {RULES, FILTERED}
    }
    return _curve(ends[last], values)


def _mean_of_newest(earned: Floats, made: Mask, span: int) -> Floats:
    sums = np.concatenate([[0.0], np.cumsum(earned)])
    counts = np.concatenate([[0.0], np.cumsum(made)])
    traded = counts[span:] - counts[:-span]
    with np.errstate(invalid="ignore", divide="ignore"):
        means: Floats = np.where(traded > 0, (sums[span:] - sums[:-span]) / traded, np.nan)
    return means


def _drawdowns(days: Integers, earned: Floats, capital: float) -> list[Drawdown]:
    equity = capital + earned
    peaks = np.maximum(np.maximum.accumulate(equity), capital)
    fall = equity - peaks
    edges = np.flatnonzero(np.diff(np.concatenate([[0], fall < 0, [0]])))
    if not len(edges):
        return []
    starts, stops = edges.reshape(-1, 2).T
    depths = np.minimum.reduceat(np.append(fall, 0.0), edges)[::2]
    found = []
    for number in np.argsort(depths, kind="stable")[:WORST_DRAWDOWNS].tolist():
        start, stop = int(starts[number]), int(stops[number])
        deepest = start + int(np.argmin(fall[start:stop]))
        depth = float(fall[deepest])
        found.append(
            Drawdown(
                peak=int(days[max(start - 1, 0)]),
                deepest=int(days[deepest]),
                recovered=int(days[stop]) if stop < len(days) else None,
                depth=_round(depth),
                depth_pct=_round(max(depth / float(peaks[deepest]), -1.0)),
            )
        )
    return found


def _curve(days: Integers, values: Mapping[str, Floats]) -> Curve:
    points = _points(list(values.values()), len(days))
    return Curve(
        days=days[points].tolist(),
        values={
            name: [None if x != x else _round(x) for x in found[points].tolist()]  # noqa: PLR0124
            for name, found in values.items()
        },
    )


def _points(series: list[Floats], length: int) -> Indices:
    """Indices to keep: all, or the lowest and highest of each series in each stretch."""
    if length <= MAX_SESSIONS:
        return np.arange(length)
    stretches = MAX_SESSIONS // (2 * len(series))
    edges = np.linspace(0, length, stretches + 1).astype(np.intp)
    chosen = {0, length - 1}
    for start, stop in pairwise(edges.tolist()):
        for values in series:
            known = np.nan_to_num(values[start:stop])
            chosen |= {start + int(np.argmin(known)), start + int(np.argmax(known))}
    return np.array(sorted(chosen), dtype=np.intp)


def _months(since_epoch_us: Integers) -> list[str]:
    """The month of each moment in UTC: ``2004-03``."""
    months = since_epoch_us.astype("datetime64[us]").astype("datetime64[M]")
    return [str(month) for month in months]


def _round(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")
