"""Charts over the risk score: who gets which, whether it is true, and where to cut."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes

from lib.report.drawing import Chart, count_ticks, heading, percent_ticks, y_ticks
from lib.report.svg import colour
from lib.report.words import number, percent

Rows = Sequence[Mapping[str, Any]]

QUARTERS: Final = (0.0, 0.25, 0.5, 0.75, 1.0)

WILSON_Z: Final = 1.96

SWEPT: Final = (
    ("expectancy", "Expectancy of the trades kept"),
    ("kept_share", "Share of trades kept"),
    ("expected_shortfall_5", "Mean of the worst 5 % kept (expected shortfall)"),
)
"""Panels of the threshold sweep."""

FAR_RIGHT: Final = 0.7
"""A threshold from which on its label stands to the left of it."""


def score_chart(name: str, scores: Mapping[str, Sequence[int]], threshold: float) -> str:
    """How many good trades (upwards) and bad ones (downwards) got each risk score."""
    chart = Chart(name, 256)
    axes = chart.panel(28, 230)
    good, bad = np.array(scores["good"]), np.array(scores["bad"])
    starts, width = np.arange(len(good)) / len(good), 0.84 / len(good)
    most = int(max(good.max(), bad.max(), 1))
    axes.axvspan(threshold, 1, color=colour("tint"), linewidth=0)
    axes.bar(starts, good, width=width, align="edge", color=colour("good"))
    axes.bar(starts, -bad, width=width, align="edge", color=colour("bad"))
    axes.axhline(0, color=colour("muted"), linewidth=1)
    axes.set_ylim(-1.1 * most, 1.35 * most)
    upwards = count_ticks(most, most=3)
    y_ticks(axes, {-tick: label for tick, label in upwards.items()} | upwards)
    _mark(axes, threshold, "blocked")
    _score_axis(axes)
    heading(axes, "Good trades upwards, bad trades downwards")
    words = "Trades by risk score, good and bad: " + "; ".join(
        f"{number(start)} to {number(start + 1 / len(good))}, {ups} and {downs}"
        for start, ups, downs in zip(starts.tolist(), good.tolist(), bad.tolist(), strict=True)
        if ups or downs
    )
    return chart.svg("Risk scores of good and bad trades", f"{words}.")


def calibration_chart(name: str, bins: Rows) -> str:
    """The mean score of each bin against the share that went bad, with 95 % intervals."""
    chart = Chart(name, 256)
    axes = chart.panel(28, 230)
    filled = [found for found in bins if found["trades"]]
    axes.plot([0, 1], [0, 1], color=colour("rules"), linewidth=1.4, linestyle=(0, (5, 2.5)))
    for found in filled:
        reach = wilson(found["bad_share"], found["trades"])
        axes.plot([found["mean_score"]] * 2, reach, color=colour("ml"), linewidth=1.5)
    scores, shares = ([found[key] for found in filled] for key in ("mean_score", "bad_share"))
    axes.plot(scores, shares, color=colour("ml"), linewidth=0, marker="o", markersize=7)
    axes.set_ylim(-0.03, 1.03)
    y_ticks(axes, {tick: percent(tick, 0) for tick in QUARTERS})
    _score_axis(axes)
    heading(axes, "Share that went bad")
    words = "; ".join(
        f"scored about {number(found['mean_score'])}, {percent(found['bad_share'], 0)} of "
        f"{found['trades']} went bad"
        for found in filled
    )
    return chart.svg("Calibration of the risk score", f"{words or 'No trade was scored'}.")


def sweep_chart(name: str, rows: Rows, threshold: float) -> str:
    """Expectancy, trades kept and tail risk at each threshold; the one in force is marked."""
    chart = Chart(name, 406)
    at = [row["threshold"] for row in rows]
    for position, (key, title) in enumerate(SWEPT):
        axes = chart.panel(28 + 128 * position, 122 + 128 * position)
        values = np.array([row[key] for row in rows], dtype=float)  # None, nothing kept, is NaN
        known = values[np.isfinite(values)]
        low, high = (known.min(), known.max()) if len(known) else (0.0, 1.0)
        axes.plot(at, values, color=colour("ml"), linewidth=2.2)
        here = values[at.index(threshold)]
        axes.plot([threshold], [here], color=colour("ink"), marker="o", markersize=7)
        axes.set_ylim(low - 0.1 * (high - low) - 1e-4, high + 0.1 * (high - low) + 1e-4)
        y_ticks(axes, percent_ticks(low, high, most=3))
        _mark(axes, threshold)
        _score_axis(axes)
        if position + 1 < len(SWEPT):
            axes.tick_params(bottom=False, labelbottom=False)
            axes.spines["bottom"].set_visible(False)
        heading(axes, title)
    words = "; ".join(
        f"at {number(row['threshold'])}, {percent(row['kept_share'], 0)} kept with an expectancy "
        f"of {percent(row['expectancy'], 2)}"
        for row in rows
    )
    return chart.svg("What other thresholds would have done", f"{words}.")


def wilson(share: float, trades: int) -> tuple[float, float]:
    """95 % interval of a share that was seen in ``trades`` trades (Wilson, 1927)."""
    z_squared = WILSON_Z**2 / trades
    centre = (share + z_squared / 2) / (1 + z_squared)
    spread = share * (1 - share) / trades + z_squared / (4 * trades)
    reach = WILSON_Z * math.sqrt(spread) / (1 + z_squared)
    return centre - reach, centre + reach


def _mark(axes: Axes, threshold: float, label: str = "") -> None:
    """The threshold in force, with ``label`` on the side that has room."""
    axes.axvline(threshold, color=colour("ink"), linewidth=1.3, linestyle=(0, (2, 2)))
    left = threshold > FAR_RIGHT
    axes.annotate(
        label, (threshold, 1), xytext=(-5 if left else 5, -3), xycoords=("data", "axes fraction"),
        textcoords="offset points", ha="right" if left else "left", va="top", color=colour("ink"),
    )  # fmt: skip


def _score_axis(axes: Axes) -> None:
    axes.set_xlim(0, 1)
    axes.set_xticks(QUARTERS, [f"{tick:g}" for tick in QUARTERS])
