"""A line chart in plain characters: what a terminal shows without opening anything."""

from collections.abc import Mapping, Sequence
from typing import Final

from afterclose.wording.money import signed

ROWS: Final = 9

LABEL_CHARACTERS: Final = 9


def chart_lines(
    days: Sequence[str], curves: Mapping[str, Sequence[float]], rows: int = ROWS
) -> list[str]:
    """``curves`` of money along ``days``, one column a point; a key is the letter it is drawn with.

    Where curves meet, the one that is named first is seen. Nothing for no points.
    """
    points = [value for curve in curves.values() for value in curve]
    if not points:
        return []
    low, high = min(0.0, *points), max(0.0, *points)
    step = (high - low) / (rows - 1) or 1.0
    grid = [[" "] * len(days) for _ in range(rows)]
    for letter, curve in reversed(list(curves.items())):
        for column, value in enumerate(curve):
            grid[round((high - value) / step)][column] = letter
    labels = {0: signed(high), rows - 1: signed(low), round(high / step): "0"}
    lines = [
        f"{labels.get(number, ''):>{LABEL_CHARACTERS}} |{''.join(row).rstrip()}"
        for number, row in enumerate(grid)
    ]
    axis = f"{days[0][:4]}{days[-1][:4]:>{max(len(days) - 4, 5)}}"
    return [*lines, f"{'':{LABEL_CHARACTERS}}  {axis}"]
