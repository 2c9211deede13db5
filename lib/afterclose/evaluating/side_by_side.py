"""Two models on the same decisions: what each would have done to the account.

Only decisions that both judged without having seen them are compared, so that the difference
is the models' and not the market's: those that walking forward judged, and those decided after
a model's training data ended, by the model itself.
"""

import math
from typing import Final, NamedTuple

import msgspec
import numpy as np

from afterclose.arrays import Mask
from afterclose.dataset.columns import Dataset, microseconds
from afterclose.evaluating.account import FILTERED, RULES, Account, account_view
from afterclose.evaluating.figures import ListedTrades
from afterclose.evaluating.frozen_model import FrozenModel
from afterclose.evaluating.money_record import MoneyRecord, money_record
from afterclose.evaluating.verdicts import Verdicts

FIRST: Final = "rules_active"
"""The first model's name among the policies; the second is `FILTERED`."""

MOST_LISTED: Final = 30


class Judged(NamedTuple):
    """What one model said of decisions that it had not seen, by trade id: score and size."""

    score: dict[str, float | None]
    size: dict[str, float]


class Disagreement(msgspec.Struct, frozen=True, kw_only=True):
    """A decision that the models sized differently; sizes are multipliers, scores may be None.

    ``decided_us`` is in microseconds since 1970, ``net_pnl`` the rules', in currency.
    """

    trade_id: str
    symbol: str
    side: str
    decided_us: int
    first_score: float | None
    second_score: float | None
    first_size: float
    second_size: float
    net_pnl: float


class SideBySide(msgspec.Struct, frozen=True, kw_only=True):
    """Both models on ``decisions`` that both judged.

    The account's differences are the second model less each other policy. ``money`` is of the
    second model, its slices of the first too. Decisions that only one blocks
    are counted, and listed with those that moved most money first.
    """

    decisions: int
    account: Account
    money: MoneyRecord
    blocked_by_both: int
    blocked_by_first: int
    blocked_by_second: int
    disagreements: list[Disagreement]


def judged_by(model: FrozenModel, listed: ListedTrades, later: Dataset, said: Verdicts) -> Judged:
    """``listed`` are the decisions of its evaluation, ``said`` what it says of ``later`` ones."""
    kept = listed.size or [float(allowed) for allowed in listed.allowed]  # none before version 2
    score = dict(zip(listed.trade_id, listed.score, strict=True))
    size = dict(zip(listed.trade_id, kept, strict=True))
    unseen = later.decision_us > microseconds(model.last_train_exit.isoformat())
    for row in np.flatnonzero(unseen).tolist():
        found = float(said.score[row])
        score[later.trade_id[row]] = None if math.isnan(found) else found
        size[later.trade_id[row]] = float(said.size[row])
    return Judged(score, size)


def side_by_side(
    dataset: Dataset,
    bad: Mask,
    first: Judged,
    second: Judged,
    *,
    capital: float,
    resamples: int,
    seed: int,
) -> SideBySide | None:
    """Compare two models; None when no decision of ``dataset`` was judged by both."""
    rows = [
        row
        for row, name in enumerate(dataset.trade_id)
        if name in first.size and name in second.size
    ]
    if not rows:
        return None
    trades = dataset.take(rows)
    sizes = {
        name: np.array([judged.size[trade] for trade in trades.trade_id])
        for name, judged in ((FIRST, first), (FILTERED, second))
    }
    policies = {RULES: np.ones(len(rows)), **sizes}
    account = account_view(trades, policies, capital=capital, resamples=resamples, seed=seed)
    if account is None:
        return None
    record = money_record(trades, bad[rows], policies, account.capital, other=sizes[FIRST])
    if record is None:
        return None
    out_first, out_second = sizes[FIRST] == 0, sizes[FILTERED] == 0
    return SideBySide(
        decisions=len(rows),
        account=account,
        money=record,
        blocked_by_both=int((out_first & out_second).sum()),
        blocked_by_first=int((out_first & ~out_second).sum()),
        blocked_by_second=int((~out_first & out_second).sum()),
        disagreements=_disagreements(trades, first, second),
    )


def _disagreements(trades: Dataset, first: Judged, second: Judged) -> list[Disagreement]:
    """The decisions that the two sized differently, those that moved most money first."""
    found = [
        Disagreement(
            trade_id=name,
            symbol=trades.symbol[row],
            side=trades.side[row],
            decided_us=int(trades.decision_us[row]),
            first_score=first.score[name],
            second_score=second.score[name],
            first_size=float(first.size[name]),
            second_size=float(second.size[name]),
            net_pnl=float(trades.net_pnl[row]),
        )
        for row, name in enumerate(trades.trade_id)
    ]
    moved = [
        (abs((one.second_size - one.first_size) * one.net_pnl), one)
        for one in found
        if one.first_size != one.second_size
    ]
    moved.sort(key=lambda pair: -pair[0])
    return [one for money, one in moved[:MOST_LISTED] if money > 0]
