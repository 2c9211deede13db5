"""Policies side by side, one row a measure, with the difference and how sure it is."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from afterclose.report.conclusion import Tone, tone_of
from afterclose.wording.measures import MEASURES, Measure
from afterclose.wording.numbers import day, interval, typeset

HEADS: Final = {
    "rules_only": "Rules only",
    "rules_active": "Active model",
    "rules_ml": "This model",
}


class Whisker(NamedTuple):
    """An interval as places from -1 to 1, with 0 for no difference."""

    low: float
    value: float
    high: float


class MeasureRow(NamedTuple):
    """One measure under each policy; the rest is empty where no interval was computed."""

    name: str
    cells: list[str]
    difference: str
    interval: str
    tone: Tone | None
    whisker: Whisker | None


class ComparisonTable(NamedTuple):
    """One part of an evaluation as a table; ``difference_head`` says of what less what."""

    heads: list[str]
    difference_head: str
    rows: list[MeasureRow]


def comparison(
    part: Mapping[str, Any], policies: Sequence[str], difference_head: str
) -> ComparisonTable:
    """The measures of ``part``, which holds each policy's and their ``differences``."""
    return ComparisonTable(
        heads=[HEADS[policy] for policy in policies],
        difference_head=difference_head,
        rows=[_row(part, policies, measure) for measure in MEASURES],
    )


def period(part: Mapping[str, Any]) -> str:
    """From when to when the trades of a part were decided."""
    return f"{day(part['first_decision'])} to {day(part['last_decision'])}"


def whisker(difference: Mapping[str, Any]) -> Whisker | None:
    """The interval on a scale of its own, symmetric around 0; None without one."""
    ends = (difference["low"], difference["value"], difference["high"])
    if None in ends:
        return None
    reach = max(map(abs, ends)) or 1.0
    return Whisker(*(end / reach for end in ends))


def _row(part: Mapping[str, Any], policies: Sequence[str], measure: Measure) -> MeasureRow:
    cells = [typeset(measure.form(part[policy][measure.key])) for policy in policies]
    difference = part["differences"].get(measure.key)
    if difference is None:
        return MeasureRow(measure.name, cells, "", "", None, None)
    value, low, high = (
        typeset(measure.form(difference[end], signed=True)) for end in ("value", "low", "high")
    )
    return MeasureRow(
        name=measure.name,
        cells=cells,
        difference=value,
        interval=interval(low, high),
        tone=tone_of(difference, higher_is_better=measure.key != "bad_share"),
        whisker=whisker(difference),
    )
