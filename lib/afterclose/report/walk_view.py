"""The recipe in other times: each walk-forward window, and other histories out of the one."""

from collections.abc import Sequence
from typing import NamedTuple

from afterclose.evaluating.figures import CrossValidation, Window
from afterclose.wording.numbers import count, counted, interval, number, percent
from afterclose.wording.printable import printable


class WindowRow(NamedTuple):
    """One step of walking forward; ``gain`` is the expectancy's, against the rules alone."""

    number: int
    trained: str
    tested: str
    kept: str
    kept_share: float
    auc: str
    gain: str
    remark: str


class Histories(NamedTuple):
    """Combinatorial cross-validation in words; ``places`` are its paths' gains, -1 to 1."""

    gains: str
    overfitting: str
    places: list[float]


def window_rows(windows: Sequence[Window]) -> list[WindowRow]:
    """The windows, oldest first."""
    return [
        WindowRow(
            number=position,
            trained=count(window.n_train),
            tested=count(window.n_test),
            kept=count(window.n_kept),
            kept_share=window.n_kept / window.n_test,
            auc=number(window.auc),
            gain=percent(window.expectancy_gain, 2, signed=True),
            remark=printable(window.untrained),
        )
        for position, window in enumerate(windows, start=1)
    ]


def histories(cpcv: CrossValidation | None) -> Histories | None:
    """What combinatorial purged cross-validation found; None where there was too little."""
    if cpcv is None:
        return None
    gains = cpcv.expectancy_differences
    better = sum(gain > 0 for gain in gains)
    reach = max(map(abs, gains)) or 1.0
    ends = (percent(gain, 2, signed=True) for gain in (gains[0], gains[-1]))
    return Histories(
        gains=(
            f"{cpcv.fits} fits, each tested on {cpcv.test_groups} of {cpcv.groups} "
            f"stretches of time, make {counted(len(gains), 'history', 'histories')} out of one. "
            f"The gain a trade lies from {interval(*ends)}, above 0 in {better} of them."
        ),
        overfitting=(
            f"Probability of backtest overfitting: {percent(cpcv.pbo, 0)}. So often does "
            f"the best of {cpcv.configurations} configurations in one half of the time fall "
            "behind the middle one in the other half."
        ),
        places=[gain / reach for gain in gains],
    )
