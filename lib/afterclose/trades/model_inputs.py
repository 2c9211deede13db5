"""What a model may know of an entry beside its features: the side, and the strategy it comes from.

A short that looks like a good long is a bad one, and two strategies in one ledger are two
questions. So where both sides, or several strategies, occur in a dataset they become columns
beside the features, and the trading side fills them from what the verdict is about
(docs/design.md, sections 16 and 18). Both sides of that agree on the names and numbers here.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

SIDE: Final = "side"
"""1 for a long, -1 for a short."""

STRATEGY: Final = "strategy="
"""Begins the name of one column a strategy: 1 for its own decisions, 0 for those of others."""

SIDE_VALUES: Final[Mapping[object, float]] = {"long": 1.0, "short": -1.0}


def is_input(name: str) -> bool:
    """Whether a model's column of that name is no feature of the rules but the side or strategy."""
    return name == SIDE or name.startswith(STRATEGY)


def inputs_among(names: Iterable[str]) -> tuple[str, ...]:
    """The inputs among a model's column names."""
    return tuple(filter(is_input, names))


def with_inputs(
    features: Mapping[str, Any], names: Iterable[str], side: object, strategy: object
) -> dict[str, Any]:
    """``features`` with the inputs that a model has under ``names``.

    What stands among the features already is taken from there, as a number or as the word; a
    side or strategy that the model has not met is missing (None).
    """
    given = dict(features)
    chosen = f"{STRATEGY}{given.get('strategy') or strategy}"
    wanted = tuple(names)
    for name in wanted:
        if name != SIDE:
            known = float(name == chosen) if chosen in wanted else None
            given[name] = given.get(name, known)
        elif not isinstance(given.get(SIDE), float):
            given[SIDE] = SIDE_VALUES.get(given.get(SIDE) or side)
    return given
