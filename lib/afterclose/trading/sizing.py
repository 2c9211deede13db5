"""How much of the rules' quantity a verdict leaves: between all of it and none.

A multiplier, not a quantity: the rules own the quantity, and a number that can only be in
[0, 1] cannot enlarge a trade whatever the model says. Kelly-like sizing was not taken: it
would raise quantities on the word of a probability that is calibrated on a few hundred trades.
"""

from typing import Literal

BLOCKED = 0.0
WHOLE = 1.0


def size_multiplier(
    risk_score: float, threshold: float, sizing: Literal["off", "linear"], min_size: float
) -> float:
    """Share of the rules' quantity to trade, in [0, 1]; 0 blocks.

    ``risk_score``, ``threshold`` and ``min_size`` are in [0, 1]. A risk above the threshold
    is blocked. Otherwise ``off`` leaves the whole quantity, and ``linear`` goes from 1 at no
    risk down to ``min_size`` at the threshold. Raises ValueError when the risk is not a
    number in [0, 1], NaN included.
    """
    if not 0.0 <= risk_score <= 1.0:
        raise ValueError(f"risk score {risk_score!r} is not in [0, 1]")
    if risk_score > threshold:
        return BLOCKED
    if sizing == "off":
        return WHOLE
    room = 1.0 - risk_score / threshold if threshold > 0 else 0.0
    return min_size + (WHOLE - min_size) * room
