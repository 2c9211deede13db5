"""Policies side by side, one row a measure, with the difference and how sure it is."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from afterclose.report.conclusion import Tone, tone_of
from afterclose.wording.numbers import count, day, interval, number, percent

HEADS: Final = {
    "rules_only": "Rules only",
    "rules_active": "Active model",
    "rules_ml": "This model",
}

Format = Callable[[Any, bool], str]
"""A figure as text; the second argument asks for its sign."""


class Measure(NamedTuple):
    """One row of a comparison: its name, its key in the JSON, its form and its meaning."""

    name: str
    key: str
    form: Format
    meaning: str


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
    cells = [measure.form(part[policy][measure.key], False) for policy in policies]
    difference = part["differences"].get(measure.key)
    if difference is None:
        return MeasureRow(measure.name, cells, "", "", None, None)
    value, low, high = (measure.form(difference[end], True) for end in ("value", "low", "high"))
    return MeasureRow(
        name=measure.name,
        cells=cells,
        difference=value,
        interval=interval(low, high),
        tone=tone_of(difference, higher_is_better=measure.key != "bad_share"),
        whisker=whisker(difference),
    )


def _whole(value: Any, _: bool) -> str:
    return count(value)


def _percent(value: Any, signed: bool) -> str:
    return percent(value, 1, signed=signed)


def _fine_percent(value: Any, _: bool) -> str:
    return percent(value, 2, signed=True)


def _two(value: Any, signed: bool) -> str:
    return number(value, 2, signed=signed)


def _three(value: Any, signed: bool) -> str:
    return number(value, 3, signed=signed)


MEASURES: Final = (
    Measure("Trades", "trades", _whole, "trades made"),
    Measure("Bad trades", "bad_trades", _whole, "lost money, or went too far against you"),
    Measure("Bad share", "bad_share", _percent, "bad trades, of the trades made"),
    Measure("Win rate", "win_rate", _percent, "trades that earned money, of the trades made"),
    Measure("Expectancy", "expectancy", _fine_percent, "mean PnL of a trade, net of fees"),
    Measure("Total PnL", "total_pnl", _percent, "sum of the trades' PnL, each of its own size"),
    Measure("Profit factor", "profit_factor", _two, "sum of the gains over sum of the losses"),
    Measure("Max drawdown", "max_drawdown", _percent, "deepest fall of capital below its peak"),
    Measure("Worst 5 %", "expected_shortfall_5", _percent, "expected shortfall: their mean PnL"),
    Measure("Sharpe per trade", "sharpe_per_trade", _three, "mean PnL over its spread"),
)
