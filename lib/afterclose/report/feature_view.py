"""What a model looks at, in words: its coefficients, what it rests on, and what has shifted.

The distributions are those of the decile edges that each model keeps of its training data,
so two models are compared without reading a dataset.
"""

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Final, NamedTuple

from afterclose.evaluating.importance import Importance
from afterclose.wording.numbers import DASH, interval, number, percent, short
from afterclose.wording.printable import printable

TIMES, DIVIDED_BY = "\N{MULTIPLICATION SIGN}", "\N{DIVISION SIGN}"

SMALL_SHIFT: Final = 0.1
LARGE_SHIFT: Final = 0.25
"""Bounds of the population stability index (Siddiqi, *Credit Risk Scorecards*, 2006)."""

LEAST_SHARE: Final = 1e-3
"""A bin that one side leaves empty would make the index infinite."""

CLEAR_DIRECTION: Final = 0.2
"""A rank correlation from which on a feature moves the score one way."""


class Influence(NamedTuple):
    """One feature's part in the score; ``weight`` is -1 to 1, of the largest coefficient."""

    feature: str
    coefficient: str
    weight: float
    auc_drop: str
    words: str


class Band(NamedTuple):
    """A distribution as five places from 0 to 1: its deciles 1, 3, 5, 7 and 9."""

    outer_low: float
    inner_low: float
    middle: float
    inner_high: float
    outer_high: float


class Shift(NamedTuple):
    """One feature in training, now and in the active model's; ``moved`` is the PSI."""

    feature: str
    coverage: str
    now: Band
    median: str
    spread: str
    before: Band | None
    moved: str
    words: str


def influences(metadata: Mapping[str, Any], importance: Sequence[Importance]) -> list[Influence]:
    """All features of the model, the weightiest first."""
    coefficients: Mapping[str, float] = metadata["metrics"]["coefficients"]
    target = metadata["metrics"].get("target", "bad")  # 0.1.0 knew no other
    stds = {feature["name"]: feature["std"] for feature in metadata["features"]}
    found = {entry.feature: entry for entry in importance}
    largest = max(map(abs, coefficients.values()), default=0.0) or 1.0

    def rank(name: str) -> tuple[float, float, str]:
        drop = found[name].auc_drop if name in found else 0.0
        return (-abs(coefficients.get(name, 0.0)), -drop, name)

    return [
        Influence(
            feature=printable(name),
            coefficient=number(coefficients.get(name), 3, signed=True),
            weight=coefficients.get(name, 0.0) / largest,
            auc_drop=number(found[name].auc_drop, 3, signed=True) if name in found else DASH,
            words=_in_words(coefficients.get(name), stds[name], found.get(name), target),
        )
        for name in sorted(stds, key=rank)
    ]


def shifts(
    features: Sequence[Mapping[str, Any]], active: Sequence[Mapping[str, Any]]
) -> list[Shift]:
    """Each feature of a model against that of the active one, the most shifted first."""
    known = {feature["name"]: feature for feature in active}
    found = [_shift(feature, known.get(feature["name"])) for feature in features]
    return [shift for _, shift in sorted(found, key=_most_shifted)]


def stability_index(edges: Sequence[float], now: Sequence[float]) -> float:
    """Population stability index of ``now`` against ``edges``: 0 for equal distributions.

    Both are the nine inner decile edges. Bins lie between the distinct ``edges``; the share
    of ``now`` in each is read from its own edges, with straight lines between.
    """
    cuts = sorted(set(edges))
    before, after = ([_cumulative(side, cut) for cut in cuts] for side in (edges, now))
    total = 0.0
    for old, new in zip(_shares(before), _shares(after), strict=True):
        old_share, new_share = max(old, LEAST_SHARE), max(new, LEAST_SHARE)
        total += (new_share - old_share) * math.log(new_share / old_share)
    return total


def _shift(
    feature: Mapping[str, Any], before: Mapping[str, Any] | None
) -> tuple[float | None, Shift]:
    edges = feature["decile_edges"]
    places = [*edges, *(before["decile_edges"] if before else ())]
    low, width = min(places), (max(places) - min(places)) or 1.0
    moved = stability_index(before["decile_edges"], edges) if before else None
    return moved, Shift(
        feature=printable(feature["name"]),
        coverage=percent(feature["coverage"], 0),
        now=_band(edges, low, width),
        median=short(edges[4]),
        spread=interval(short(edges[0]), short(edges[8])),
        before=_band(before["decile_edges"], low, width) if before else None,
        moved=number(moved),
        words=_shift_words(moved),
    )


def _most_shifted(pair: tuple[float | None, Shift]) -> tuple[float, str]:
    moved, shift = pair
    return (-math.inf if moved is None else -moved, shift.feature)


def _shift_words(moved: float | None) -> str:
    if moved is None:
        return "not in the active model"
    if moved < SMALL_SHIFT:
        return "as before"
    return "shifted" if moved < LARGE_SHIFT else "shifted a lot"


def _band(edges: Sequence[float], low: float, width: float) -> Band:
    return Band(*((edges[decile] - low) / width for decile in (0, 2, 4, 6, 8)))


def _cumulative(edges: Sequence[float], value: float) -> float:
    """Share of a distribution below ``value``, from its nine inner decile edges.

    Beyond the outer edges the tails are taken to be as wide as the deciles beside them.
    """
    below = edges[0] - (edges[1] - edges[0])
    above = edges[8] + (edges[8] - edges[7])
    points = [below, *edges, above]
    right = bisect_left(points, value)
    if right == 0:
        return 0.0
    if right == len(points):
        return 1.0
    left_value, right_value = points[right - 1], points[right]
    part = (value - left_value) / (right_value - left_value)
    return (right - 1 + part) / 10


def _shares(cumulative: Sequence[float]) -> list[float]:
    steps = [0.0, *cumulative, 1.0]
    return [second - first for first, second in pairwise(steps)]


def _in_words(
    coefficient: float | None, std: float, importance: Importance | None, target: str
) -> str:
    if coefficient is not None:
        if not coefficient:
            return "no effect"
        if target == "r":
            lost = "lost" if coefficient > 0 else "won"
            return f"{number(abs(coefficient), 3)} R {lost} for each {short(std)} more"
        more, sign = ("more", TIMES) if coefficient > 0 else ("less", DIVIDED_BY)
        odds = number(math.exp(min(abs(coefficient), 50.0)))
        return f"higher means {more} risk: odds {sign} {odds} for each {short(std)} more"
    direction = importance.direction if importance else None
    if direction is None or abs(direction) < CLEAR_DIRECTION:
        return "no clear direction"
    return "higher means more risk" if direction > 0 else "higher means less risk"
