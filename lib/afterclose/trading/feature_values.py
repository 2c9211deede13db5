"""Whatever a strategy passes as features, as plain values that can be scored, logged and kept.

Features reach the trading side from pandas rows, from JSON, from brokers' Decimals, and
from mistakes. They are read once into plain Python values, and scoring, the decision log
and the ledger all take those: an object that answers differently when it is asked twice
cannot make the log tell another story than the score.
"""

import math
from typing import SupportsFloat

PlainFeatures = dict[str, float | str | None]
"""Feature name to number (NaN and infinities included), None for missing, or text for what
is no number: the text says what it was."""

MAX_TEXT_CHARACTERS = 80
"""Of a value that is no number: enough to recognise it, too little to fill a disk."""

_PLAIN = frozenset((float, type(None)))

_MISSING_TYPES = frozenset(("NAType", "NaTType"))
"""Names of the types of pandas' ``NA`` and ``NaT``; pandas itself is not imported here."""


def plain_features(features: object) -> PlainFeatures | None:
    """A copy of ``features`` in plain values; None when they have no items or cannot be read.

    They are a mapping, or anything else with ``items``: a pandas row is no mapping. Numbers
    of all types (bool, Decimal, NumPy scalars) become the nearest float, whole numbers beyond
    any float an infinity, and ``pandas.NA`` None. Names that are not text are left out: no
    model knows them. Never raises.
    """
    try:
        return {
            name if name.__class__ is str and name.isascii() else _encodable(name): (
                value if value.__class__ in _PLAIN else _plain(value)
            )
            for name, value in features.items()  # type: ignore[attr-defined]  # or it raises
            if isinstance(name, str)
        }
    except Exception:  # noqa: BLE001 - an object's own code may raise anything; trading goes on
        return None


def ledger_features(features: object) -> dict[str, float | bool | None]:
    """Features as a ledger record keeps them: finite numbers, and None for all the rest."""
    return {
        name: value if isinstance(value, float) and math.isfinite(value) else None
        for name, value in (plain_features(features) or {}).items()
    }


def _plain(value: object) -> float | str | None:
    if isinstance(value, str):
        return _encodable(value[:MAX_TEXT_CHARACTERS])
    if type(value).__name__ in _MISSING_TYPES:
        return None
    if not isinstance(value, SupportsFloat) or hasattr(value, "__len__"):  # an array of one
        return type(value).__name__
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf  # type: ignore[operator]  # a huge int
    except (TypeError, ValueError):
        return type(value).__name__


def _encodable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()
