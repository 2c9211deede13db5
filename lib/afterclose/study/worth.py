"""What each book of a history was worth: the account of all its decisions, rules beside filter.

An evaluation estimates; this looks at what came. Every decision counts, a blocked one with the
outcome that its shadow trade had, and a model judges only decisions that came after it. Until
its first promotion a book trades what the rules trade.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
import numpy as np

from afterclose.arrays import Floats, Indices
from afterclose.dataset.columns import EPOCH, MICROSECOND, Dataset
from afterclose.evaluating.account import FILTERED, RULES, Account, account_view
from afterclose.evaluating.baselines import account_beside_baselines
from afterclose.evaluating.comparison import Difference
from afterclose.evaluating.sessions import DAY_US, Sessions
from afterclose.evaluating.verdicts import Policy
from afterclose.settings import Settings
from afterclose.study.books import Book, Promotion

CURVE_POINTS: Final = 66
"""Of a curve of the account: what a terminal of 80 columns has room for."""

TAILS: Final = (2.5, 97.5)


class BookWorth(msgspec.Struct, frozen=True, kw_only=True):
    """One rule of promotion: what became active, how many decisions that judged, what it earned.

    ``blocked`` counts decisions that were not traded at all. ``account`` is of all decisions of
    the history, ``per_trade`` the expectancy of what was kept less that of the rules, a fraction,
    among the judged decisions alone; None where nothing was judged. ``curve`` is the account's
    net PnL along the history's ``Worths.days``.
    """

    rule: str
    promotions: list[Promotion]
    judged: int
    blocked: int
    account: Account | None
    per_trade: Difference | None
    curve: list[float]


class Worths(msgspec.Struct, frozen=True, kw_only=True):
    """All books of one history. ``days`` (ISO 8601) are those of the curves; money is net."""

    decisions: int
    net_pnl: float
    days: list[str]
    rules_curve: list[float]
    books: list[BookWorth]


def worths_of(dataset: Dataset, books: Sequence[Book], settings: Settings) -> Worths:
    """What ``books`` made of the decisions in ``dataset``, which holds all of them."""
    days, at = _days(dataset)
    return Worths(
        decisions=len(dataset),
        net_pnl=float(dataset.net_pnl.sum()),
        days=[_iso(day) for day in days.tolist()],
        rules_curve=_curve(dataset.net_pnl, at, len(days)),
        books=[_worth(dataset, book, settings, at, len(days)) for book in books],
    )


def sizes_of(dataset: Dataset, sizes: Mapping[str, float]) -> Policy:
    """``sizes`` by trade id as float64[n]; 1 for decisions that nobody judged."""
    return np.array([sizes.get(name, 1.0) for name in dataset.trade_id], dtype=np.float64)


def beside(dataset: Dataset, first: Policy, second: Policy, settings: Settings) -> Account | None:
    """The account of ``second`` less ``first``, among all decisions."""
    policies = {RULES: np.ones(len(dataset)), FILTERED: second, "first": first}
    return account_view(
        dataset,
        policies,
        capital=settings.capital,
        resamples=settings.bootstrap_resamples,
        seed=settings.seed,
    )


def expectancy_change(
    trades: Dataset, first: Policy, second: Policy, settings: Settings
) -> Difference | None:
    """Mean PnL a trade of ``second`` less that of ``first``, each weighted by its sizes.

    A fraction, with an interval from whole sessions; None where either trades nothing.
    """
    if not len(trades) or not first.sum() or not second.sum():
        return None
    summed = Sessions(trades.decision_us, trades.decision_us, trades.exit_us).resampled(
        settings.bootstrap_resamples, np.random.default_rng(settings.seed)
    )
    pnl = trades.realized_pnl_pct
    with np.errstate(divide="ignore", invalid="ignore"):
        drawn = summed(second * pnl) / summed(second) - summed(first * pnl) / summed(first)
    low, high = np.percentile(drawn[np.isfinite(drawn)], TAILS).tolist()
    value = float(second @ pnl / second.sum() - first @ pnl / first.sum())
    return Difference(value=value, low=low, high=high, resamples=len(drawn))


def _worth(dataset: Dataset, book: Book, settings: Settings, at: Indices, days: int) -> BookWorth:
    size = sizes_of(dataset, book.sizes)
    judged = np.flatnonzero([name in book.sizes for name in dataset.trade_id])
    account = account_beside_baselines(
        dataset,
        np.arange(len(dataset)),
        size,
        capital=settings.capital,
        resamples=settings.bootstrap_resamples,
        seed=settings.seed,
        windows=_model_of(dataset, book.promotions),
    )
    asked = dataset.take(judged)
    return BookWorth(
        rule=book.rule.name,
        promotions=book.promotions,
        judged=len(judged),
        blocked=int((size == 0).sum()),
        account=account,
        per_trade=expectancy_change(asked, np.ones(len(judged)), size[judged], settings),
        curve=_curve(size * dataset.net_pnl, at, days),
    )


def _model_of(dataset: Dataset, promotions: Sequence[Promotion]) -> Indices:
    """The number of the promotion, from 1, that was the newest at each decision; 0 for none."""
    sessions = [promotion.session for promotion in promotions]
    found = np.searchsorted(sessions, [_iso(us // DAY_US) for us in dataset.decision_us.tolist()])
    return found.astype(np.intp)


def _days(dataset: Dataset) -> tuple[Indices, Indices]:
    """The days (since 1970) of a curve's points, and the point at which each trade is booked."""
    left = dataset.exit_us // DAY_US
    if not len(left):
        return np.zeros(0, dtype=np.intp), np.zeros(0, dtype=np.intp)
    days = np.linspace(left.min(), left.max(), CURVE_POINTS).astype(np.intp)
    return days, np.searchsorted(days, left).astype(np.intp)


def _curve(money: Floats, at: Indices, points: int) -> list[float]:
    sums = np.cumsum(np.bincount(at, money, points))
    return [round(value, 2) for value in sums.tolist()]


def _iso(day: int) -> str:
    return (EPOCH + day * DAY_US * MICROSECOND).date().isoformat()
