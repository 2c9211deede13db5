"""Charts over the risk score: who gets which, whether it is true, and where to cut."""

import math
from collections.abc import Sequence
from typing import Final

from afterclose.evaluating.track_record import ScoreCounts
from afterclose.measures.classification import CalibrationBin, ThresholdRow
from afterclose.report.drawing import Chart, Panel
from afterclose.report.svg import Stroke
from afterclose.report.ticks import Limits, around, count_ticks, percent_ticks
from afterclose.wording.numbers import number, percent

QUARTERS: Final = (0.0, 0.25, 0.5, 0.75, 1.0)

WHOLE: Final[Limits] = (0.0, 1.0)
"""A risk score's range, and a share's."""

BAR_SHARE: Final = 0.84
"""Of a bin's width, that its bar takes."""

WILSON_Z: Final = 1.96

SWEPT: Final = (
    ("expectancy", "Expectancy of the trades kept (% a trade)"),
    ("kept_share", "Share of trades kept (%)"),
    ("expected_shortfall_5", "Mean of the worst 5 % kept (% a trade)"),
)
"""Panels of the threshold sweep."""

FAR_RIGHT: Final = 0.7
"""A threshold from which on its label stands to the left of it."""


def score_chart(name: str, scores: ScoreCounts, threshold: float) -> str:
    """How many good trades (upwards) and bad ones (downwards) got each risk score."""
    good, bad = scores.good, scores.bad
    most, bins = max(*good, *bad, 1), len(good)
    chart = Chart(name, 274)
    panel = chart.panel(28, 230, x=WHOLE, y=(-1.1 * most, 1.35 * most))
    panel.block((threshold, 1), (-1.1 * most, 1.35 * most), "tint")
    upwards = count_ticks(most, most=3)
    panel.y_ticks({-tick: label for tick, label in upwards.items()} | upwards)
    for position, (ups, downs) in enumerate(zip(good, bad, strict=True)):
        across = position / bins, (position + BAR_SHARE) / bins
        if ups:
            panel.block(across, (0, ups), "good")
        if downs:
            panel.block(across, (0, -downs), "bad")
    panel.level(0, Stroke("muted", 1))
    _mark(panel, threshold, "blocked")
    _score_axis(panel)
    panel.heading("Trades (number): good upwards, bad downwards")
    words = "Trades by risk score, good and bad: " + "; ".join(
        f"{number(position / bins)} to {number((position + 1) / bins)}, {ups} and {downs}"
        for position, (ups, downs) in enumerate(zip(good, bad, strict=True))
        if ups or downs
    )
    return chart.svg("Risk scores of good and bad trades", f"{words}.")


def calibration_chart(name: str, bins: Sequence[CalibrationBin]) -> str:
    """The mean score of each bin against the share that went bad, with 95 % intervals."""
    chart = Chart(name, 274)
    panel = chart.panel(28, 230, x=WHOLE, y=(-0.03, 1.03))
    panel.y_ticks({tick: percent(tick, 0) for tick in QUARTERS})
    panel.line(WHOLE, WHOLE, Stroke("rules", 1.4, (5, 2.5)))
    filled = [
        (found.mean_score, found.bad_share, found.trades)
        for found in bins
        if found.mean_score is not None and found.bad_share is not None
    ]
    for score, share, trades in filled:
        panel.line([score] * 2, wilson(share, trades), Stroke("ml", 1.5))
        panel.dot(score, share, "ml")
    _score_axis(panel)
    panel.heading("Share that went bad (%)")
    words = "; ".join(
        f"scored about {number(score)}, {percent(share, 0)} of {trades} went bad"
        for score, share, trades in filled
    )
    return chart.svg("Calibration of the risk score", f"{words or 'No trade was scored'}.")


def sweep_chart(name: str, rows: Sequence[ThresholdRow], threshold: float) -> str:
    """Expectancy, trades kept and tail risk at each threshold; the one in force is marked."""
    chart = Chart(name, 424)
    at = [row.threshold for row in rows]
    for position, (key, title) in enumerate(SWEPT):
        values = [getattr(row, key) for row in rows]  # None where nothing is kept
        known = [value for value in values if value is not None] or WHOLE
        limits = around(known, share=0.1, least=1e-4)
        panel = chart.panel(28 + 128 * position, 122 + 128 * position, x=WHOLE, y=limits)
        panel.y_ticks(percent_ticks(min(known), max(known), most=3))
        panel.line(at, values, Stroke("ml", 2.2))
        _mark(panel, threshold)
        panel.dot(threshold, values[at.index(threshold)], "ink")
        if position + 1 == len(SWEPT):
            _score_axis(panel)
        panel.heading(title)
    words = "; ".join(
        f"at {number(row.threshold)}, {percent(row.kept_share, 0)} kept with an expectancy "
        f"of {percent(row.expectancy, 2)}"
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


def _mark(panel: Panel, threshold: float, label: str = "") -> None:
    """The threshold in force, with ``label`` on the side that has room."""
    panel.mark(threshold, Stroke("ink", 1.3, (2, 2)), label, left=threshold > FAR_RIGHT)


def _score_axis(panel: Panel) -> None:
    panel.x_ticks({tick: f"{tick:g}" for tick in QUARTERS})
    panel.x_title("Risk score (0 to 1)")
