"""Where a model blocks, and how that number was found: the same words on every line and page.

A threshold alone says nothing: 0.6 of a model that blocks the riskiest fifth is another thing than
0.6 that somebody typed.
"""

from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec

from afterclose.numerals import UNKNOWN, number, percent
from afterclose.settings import Settings

Mode = Literal["share", "fixed", "tuned"]
"""A value of ML_THRESHOLD_MODE."""

FOUND: Final[dict[Mode, str]] = {
    "share": "share, the riskiest",
    "fixed": "fixed, ML_RISK_THRESHOLD",
    "tuned": "tuned, what paid in training",
}
"""How a threshold is found."""


class Blocking(msgspec.Struct, frozen=True, kw_only=True):
    """The threshold mode; ``above`` which risk score it blocks, ``share`` of decisions it aims at.

    Both lie in 0 to 1. ``above`` is None before there is a model (but in mode fixed), ``share``
    in other modes than share, and of models that were trained before it was kept.
    """

    mode: Mode
    above: float | None = None
    share: float | None = None

    def words(self) -> str:
        """`0.613 (share, the riskiest 20 %)`; without the number where there is none yet."""
        how = FOUND[self.mode]
        if self.mode == "share":
            how = self.mode if self.share is None else f"{how} {percent(self.share, 0)}"
        return how if self.above is None else f"{number(self.above, 3)} ({how})"

    def column(self) -> str:
        """`0.613 share`, for a table."""
        return f"{number(self.above, 3) if self.above is not None else UNKNOWN} {self.mode}"


def blocking_of(metrics: Mapping[str, Any], risk_threshold: float) -> Blocking:
    """Where the model of these training ``metrics`` blocks: in mode fixed above the setting.

    Models from before thresholds had a mode are fixed.
    """
    mode: Mode = metrics.get("threshold_mode") or "fixed"
    if mode == "fixed":
        return Blocking(mode=mode, above=risk_threshold)
    return Blocking(mode=mode, above=metrics.get("threshold"), share=metrics.get("block_share"))


def blocking_judged(threshold: float, mode: Mode, block_share: float | None) -> Blocking:
    """Where an evaluated model blocked."""
    return Blocking(mode=mode, above=threshold, share=block_share if mode == "share" else None)


def blocking_asked(settings: Settings) -> Blocking:
    """Where the settings have the next model block; in mode fixed the number is known."""
    mode = settings.threshold_mode
    return Blocking(
        mode=mode,
        above=settings.risk_threshold if mode == "fixed" else None,
        share=settings.block_share if mode == "share" else None,
    )
