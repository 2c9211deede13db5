"""What comes out of a study, as values: one recipe on one history, and recipes side by side."""

import msgspec

from afterclose.evaluating.account import Account
from afterclose.evaluating.comparison import Difference
from afterclose.study.worth import Worths


class Study(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one recipe on one history. ``data`` is its name; dates are ISO 8601.

    ``recipe`` are the settings that are not the defaults, as one would write them, and ``number``
    its place, from 1, among the ``recipes`` compared; ``alpha_left`` is what the gate of all
    nights allowed it. ``refused`` counts the candidates that each gate refused, ``what_next``
    says how far the newest is from a promotion, empty where nothing refuses it.
    """

    data: str
    of: str
    recipe: list[str]
    number: int
    recipes: int
    alpha_left: float
    threshold: str
    calendar: str
    first_session: str
    last_session: str
    left_out: dict[str, int]
    every: str
    cycles: int
    candidates: int
    refused: dict[str, int]
    what_next: str
    worths: Worths


class Beside(msgspec.Struct, frozen=True, kw_only=True):
    """One recipe less the first, both by every candidate, on the same ``decisions``."""

    recipe: list[str]
    decisions: int
    account: Account | None
    per_trade: Difference | None
