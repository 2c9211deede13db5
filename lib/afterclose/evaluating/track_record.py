"""What a picture of an evaluation shows, reduced from all of its trades.

A page that drew every trade would grow with the ledger, and one that drew a sample would show
a curve that nobody had. So the evaluation keeps each curve at a few hundred points with its
extremes among them, counts of scores, and the blocked trades that mattered most: the page
needs neither the dataset nor the model, and looks the same whenever it is drawn again.
"""

import math
from collections.abc import Mapping
from itertools import pairwise
from typing import Final

import msgspec
import numpy as np

from afterclose.arrays import Floats, Indices, Mask
from afterclose.dataset.columns import EPOCH, MICROSECOND, Dataset
from afterclose.measures.metrics import log_growth

MAX_POINTS: Final = 600
"""Of a curve: more than a chart has pixels for."""

SCORE_BINS: Final = 25
"""Of equal width over [0, 1]."""

LISTED_TRADES: Final = 5
"""Blocked trades named at either end."""

DIGITS: Final = 6


class Curve(msgspec.Struct, frozen=True, kw_only=True):
    """One policy's capital after each point: `log_equity` is 0 at the start.

    It compounds one trade after the other with all capital in each, as `max_drawdown` does;
    None once the capital is lost. ``drawdown`` is a fraction, 0 to -1.
    """

    log_equity: list[float | None]
    drawdown: list[float]


class ScoreCounts(msgspec.Struct, frozen=True, kw_only=True):
    """How many good and bad trades scored in each of `SCORE_BINS` bins; the last includes 1."""

    good: list[int]
    bad: list[int]


class BlockedTrade(msgspec.Struct, frozen=True, kw_only=True):
    """A trade that the filter would not have made; ``pnl`` is a fraction, net of fees."""

    trade_id: str
    symbol: str
    side: str
    decided: str
    score: float
    pnl: float
    bad: bool


class TrackRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The trades of one part of an evaluation, as a page shows them.

    ``exits`` (ISO 8601, to the minute, UTC) are the points that all ``curves`` share: of
    ``trades`` trades in exit order, no more than `MAX_POINTS` or so. ``best`` and ``worst``
    are the blocked trades that earned and lost most.
    """

    trades: int
    exits: list[str]
    curves: dict[str, Curve]
    scores: ScoreCounts
    best: list[BlockedTrade]
    worst: list[BlockedTrade]


def track_record(
    dataset: Dataset, bad: Mask, score: Floats, policies: Mapping[str, Mask]
) -> TrackRecord:
    """Reduce the n trades of ``dataset`` under each policy, a mask bool[n] of trades made.

    ``score`` float64[n] is NaN where the filter abstained. What is listed as blocked is what
    the last policy left out.
    """
    order = np.argsort(dataset.exit_us, kind="stable")
    growth = log_growth(dataset.realized_pnl_pct[order])
    kept = {name: np.where(keep[order], growth, 0.0) for name, keep in policies.items()}
    logs = {name: np.cumsum(steps) for name, steps in kept.items()}
    falls = {name: _below_peak(log) for name, log in logs.items()}
    points = _points([*logs.values(), *falls.values()], len(dataset))
    blocked = np.flatnonzero(~list(policies.values())[-1])
    ranked = blocked[np.argsort(dataset.realized_pnl_pct[blocked], kind="stable")]
    return TrackRecord(
        trades=len(dataset),
        exits=[_minute(moment) for moment in dataset.exit_us[order][points]],
        curves={name: _curve(log[points], falls[name][points]) for name, log in logs.items()},
        scores=_counts(bad, score),
        best=_listed(dataset, bad, score, ranked[::-1][:LISTED_TRADES]),
        worst=_listed(dataset, bad, score, ranked[:LISTED_TRADES]),
    )


def _below_peak(log_equity: Floats) -> Floats:
    """How far each value lies below the highest before it, the start's 0 among them."""
    below: Floats = log_equity - np.maximum(np.maximum.accumulate(log_equity), 0.0)
    return below


def _points(series: list[Floats], length: int) -> Indices:
    """Indices to draw: all, or the lowest and highest of each series in each stretch."""
    if length <= MAX_POINTS:
        return np.arange(length)
    stretches = max(MAX_POINTS // (2 * len(series)), 1)
    edges = np.linspace(0, length, stretches + 1).astype(np.intp)
    chosen = {0, length - 1}
    for start, stop in pairwise(edges.tolist()):
        for values in series:
            chosen.add(int(start + np.argmin(values[start:stop])))
            chosen.add(int(start + np.argmax(values[start:stop])))
    return np.array(sorted(chosen), dtype=np.intp)


def _curve(log_equity: Floats, falls: Floats) -> Curve:
    return Curve(
        log_equity=[round(x, DIGITS) if math.isfinite(x) else None for x in log_equity.tolist()],
        drawdown=[round(x, DIGITS) for x in np.expm1(falls).tolist()],
    )


def _counts(bad: Mask, score: Floats) -> ScoreCounts:
    scored = ~np.isnan(score)
    which = np.minimum((score[scored] * SCORE_BINS).astype(np.intp), SCORE_BINS - 1)
    outcome = bad[scored]
    return ScoreCounts(
        good=np.bincount(which[~outcome], minlength=SCORE_BINS).tolist(),
        bad=np.bincount(which[outcome], minlength=SCORE_BINS).tolist(),
    )


def _listed(dataset: Dataset, bad: Mask, score: Floats, rows: Indices) -> list[BlockedTrade]:
    return [
        BlockedTrade(
            trade_id=dataset.trade_id[row],
            symbol=dataset.symbol[row],
            side=dataset.side[row],
            decided=_minute(dataset.decision_us[row]),
            score=round(float(score[row]), DIGITS),
            pnl=round(float(dataset.realized_pnl_pct[row]), DIGITS),
            bad=bool(bad[row]),
        )
        for row in rows.tolist()
    ]


def _minute(since_epoch_us: int) -> str:
    return (EPOCH + int(since_epoch_us) * MICROSECOND).isoformat(timespec="minutes")
