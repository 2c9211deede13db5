"""Policies side by side, one row a measure, with the difference and how sure it is."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from afterclose.evaluating.comparison import Difference
from afterclose.evaluating.figures import ActivePart, Part
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
    """One measure under each policy or model; the rest is empty where no interval was computed."""

    name: str
    cells: list[str]
    difference: str
    interval: str
    tone: Tone | None
    whisker: Whisker | None = None


class ComparisonTable(NamedTuple):
    """One part of an evaluation as a table; ``difference_head`` says of what less what."""

    heads: list[str]
    difference_head: str
    rows: list[MeasureRow]


def comparison(
    part: Part | ActivePart, policies: Sequence[str], difference_head: str
) -> ComparisonTable:
    """The measures of ``part``, which holds each policy's and their ``differences``."""
    return ComparisonTable(
        heads=[HEADS[policy] for policy in policies],
        difference_head=difference_head,
        rows=[_row(part, policies, measure) for measure in MEASURES],
    )


def period(part: Part) -> str:
    """From when to when the trades of a part were decided."""
    return f"{day(part.first_decision)} to {day(part.last_decision)}"


def whisker(difference: Difference) -> Whisker | None:
    """The interval on a scale of its own, symmetric around 0; None without one."""
    low, value, high = difference.low, difference.value, difference.high
    if low is None or value is None or high is None:
        return None
    reach = max(abs(low), abs(value), abs(high)) or 1.0
    return Whisker(low / reach, value / reach, high / reach)


def _row(part: Part | ActivePart, policies: Sequence[str], measure: Measure) -> MeasureRow:
    cells = [typeset(measure.form(measure.of(getattr(part, policy)))) for policy in policies]
    difference = part.differences.get(measure.key)
    if difference is None:
        return MeasureRow(measure.name, cells, "", "", None, None)
    value, low, high = (
        typeset(measure.form(figure, signed=True))
        for figure in (difference.value, difference.low, difference.high)
    )
    return MeasureRow(
        name=measure.name,
        cells=cells,
        difference=value,
        interval=interval(low, high),
        tone=tone_of(difference, higher_is_better=measure.key != "bad_share"),
        whisker=whisker(difference),
    )
