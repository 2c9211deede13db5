"""How the dataset has grown."""

from collections.abc import Sequence
from datetime import datetime

from afterclose.dataset.columns import EPOCH
from afterclose.report.svg import Stroke
from afterclose.report.time_chart import Panel, Series, TimeChart, time_chart
from afterclose.wording.numbers import count, day


def dataset_chart(name: str, versions: Sequence[tuple[datetime, int]]) -> TimeChart:
    """Closed trades in the dataset after each build, oldest first; the last of a day counts."""
    sizes = {(built - EPOCH).days: rows for built, rows in versions}
    line = Series("closed trades", Stroke("ml", 2.2), [float(rows) for rows in sizes.values()])
    panel = Panel("Closed trades in the dataset (number)", "count", [line], height=190, level=0.0)
    (first, least), (_, most) = versions[0], versions[-1]
    words = f"From {count(least)} on {day(first)} to {count(most)}."
    built = "Date of the build (UTC)"
    return time_chart(name, "Growth of the dataset", list(sizes), [panel], words, dates=built)
