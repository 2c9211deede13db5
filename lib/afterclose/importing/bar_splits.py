"""Splits that daily bars show, and the bars in shares of after all of them.

Bars as traded fall to a fourth at a split of 4 for 1, or rise tenfold at one of 1 for 10, and
every feature that looks across that day would tell of a crash that never was. A real crash
has the money of many days in its volume; a split has that of one.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

LEAST_SPLIT, LEAST_REVERSE = 1.9, 2.9
ROUNDING = 0.04
"""A close over the next open (or the reverse) that is a whole number, this close to it."""

_WHOLE = (2, 3, 4, 5, 6, 7, 8, 10, 15, 20, 25, 30, 40, 50)
USUAL_SPLITS = (*map(float, _WHOLE), *(1 / whole for whole in _WHOLE))
"""New shares for one old one, as companies choose them."""

CRASH = 4.0
"""A day on which so many times the usual money was traded is no split."""

USUAL_SESSIONS = 20

Splits = Sequence[tuple[int, float]]
"""Row of the first bar in new shares, and new shares for one old one."""


def splits_of(frame: pd.DataFrame) -> list[tuple[int, float]]:
    """Splits in bars of one symbol (``open close volume``), oldest first.

    Where volumes are unknown or 0 the prices alone tell.
    """
    opens, closes = frame["open"].to_numpy("float64"), frame["close"].to_numpy("float64")
    money = closes * frame["volume"].to_numpy("float64")
    found = []
    ratios = closes[:-1] / opens[1:]
    for at in np.flatnonzero((ratios > LEAST_SPLIT) | (ratios < 1 / LEAST_REVERSE)):
        ratio = float(ratios[at])
        whole = round(max(ratio, 1 / ratio))
        if abs(max(ratio, 1 / ratio) / whole - 1) < ROUNDING and not _crash(money, int(at) + 1):
            found.append((int(at) + 1, float(whole) if ratio > 1 else 1 / whole))
    return found


def in_new_shares(frame: pd.DataFrame, splits: Splits) -> pd.DataFrame:
    """The bars with prices and volumes before each split in shares of after it."""
    if not splits:
        return frame
    ratio = np.ones(len(frame))
    for row, each in splits:
        ratio[:row] *= each
    prices = {name: frame[name] / ratio for name in ("open", "high", "low", "close")}
    return frame.assign(**prices, volume=frame["volume"] * ratio)


def split_words(ratio: float) -> str:
    """4 for 1, or 1 for 10."""
    return f"{ratio:g} for 1" if ratio > 1 else f"1 for {1 / ratio:g}"


def _crash(money: np.ndarray, row: int) -> bool:
    before = money[max(0, row - USUAL_SESSIONS) : row]
    usual = float(np.median(before)) if len(before) else 0.0
    return bool(usual > 0 and money[row] > CRASH * usual)
