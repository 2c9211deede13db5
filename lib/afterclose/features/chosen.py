"""Features of daily bars to compute: the small default set, and what ML_BAR_FEATURES adds."""

from typing import Final

from afterclose.errors import ConfigError
from afterclose.features.catalogue import CATALOGUE, DEFAULT
from afterclose.features.market import MARKET

ALL_MARKET: Final = "market"
"""Stands for every feature of `MARKET`."""


def more_features(text: str) -> tuple[str, ...]:
    """The names in ML_BAR_FEATURES, ``+`` between, that are not in the default set, sorted.

    Raises ConfigError for a name that is in neither `CATALOGUE` nor `MARKET`.
    """
    named = {name.strip() for name in text.split("+") if name.strip()}
    if ALL_MARKET in named:
        named = (named - {ALL_MARKET}) | MARKET.keys()
    if unknown := sorted(named - CATALOGUE.keys() - MARKET.keys()):
        known = ", ".join([ALL_MARKET, *sorted({*CATALOGUE, *MARKET} - set(DEFAULT))])
        problem = f"there is no feature {unknown[0]!r}; + between, of {known}"
        raise ConfigError("ML_BAR_FEATURES", text, problem)
    return tuple(sorted(named - set(DEFAULT)))


def bar_features(text: str) -> tuple[str, ...]:
    """The default set, and `more_features` behind it."""
    return (*DEFAULT, *more_features(text))
