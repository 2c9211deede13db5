"""Where the money came from: months, symbols, sides, weekdays, and the deepest falls."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from afterclose.evaluating.account import FILTERED, RULES
from afterclose.evaluating.money_record import Drawdown, MoneyRecord, Slice
from afterclose.report.time_chart import day_words
from afterclose.wording.numbers import amount, count, percent, signed
from afterclose.wording.printable import printable

MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

HEATS: Final = 5
"""Shades of a gain, and as many of a loss."""

TITLES: Final = {
    "symbol": "Symbol",
    "side": "Side",
    "strategy": "Strategy",
    "exit_type": "How it ended",
    "weekday": "Weekday of the decision",
    "holding_time": "Holding time",
}

FALLS: Final = {RULES: "Rules alone", FILTERED: "This model"}


class HeatCell(NamedTuple):
    """One month, or a year's sum: its money in words, and a shade from ``n5`` to ``p5``."""

    text: str
    shade: str


class HeatRow(NamedTuple):
    """One year: twelve months, and their sum."""

    year: str
    cells: list[HeatCell]


class HeatMap(NamedTuple):
    """One of the three views of the months."""

    key: str
    title: str
    rows: list[HeatRow]


class SliceKeys(NamedTuple):
    """What a row is sorted by: money as plain numbers; ``first`` only where two are compared."""

    rules: float
    first: float
    filtered: float
    difference: float


class SliceRow(NamedTuple):
    """Decisions with something in common; ``change`` is -1 to 1, of the largest in the table.

    ``first`` is what the first of two models made of them, empty where there is only one.
    """

    name: str
    decisions: str
    touched: str
    bad: str
    rules: str
    first: str
    filtered: str
    difference: str
    change: float
    key: SliceKeys


class SliceTable(NamedTuple):
    """One breakdown."""

    key: str
    title: str
    rows: list[SliceRow]


class FallRow(NamedTuple):
    """One drawdown of an account."""

    depth: str
    share: str
    since: str
    deepest: str
    recovered: str


class FallTable(NamedTuple):
    """The worst drawdowns of one policy."""

    title: str
    rows: list[FallRow]


def heat_maps(record: MoneyRecord) -> list[HeatMap]:
    """Months by years: what the filter changed, and what each of the two earned."""
    views = {
        "difference": ("Difference", {m.name: m.filtered - m.rules for m in record.months}),
        "filtered": ("This model", {m.name: m.filtered for m in record.months}),
        "rules": ("Rules alone", {m.name: m.rules for m in record.months}),
    }
    return [HeatMap(key, title, years_of(found)) for key, (title, found) in views.items()]


def slice_tables(record: MoneyRecord) -> list[SliceTable]:
    """The breakdowns, each by what its decisions have in common."""
    return [
        SliceTable(key, TITLES[key], list(_slices(record.breakdowns[key])))
        for key in TITLES
        if key in record.breakdowns
    ]


def fall_tables(record: MoneyRecord) -> list[FallTable]:
    """The worst drawdowns of the rules and of the model."""
    return [
        FallTable(title, [_fall(fall) for fall in record.drawdowns[key]])
        for key, title in FALLS.items()
    ]


def years_of(months: Mapping[str, float]) -> list[HeatRow]:
    """Money by month (``2004-03``) as rows of years, each with its sum."""
    most = max(map(abs, months.values()), default=0.0)
    years = sorted({name[:4] for name in months})
    sums = {year: sum(v for name, v in months.items() if name[:4] == year) for year in years}
    most_of_years = max(map(abs, sums.values()), default=0.0)
    rows = []
    for year in years:
        cells = [_cell(months.get(f"{year}-{month:02d}"), most) for month in range(1, 13)]
        rows.append(HeatRow(year, [*cells, _cell(sums[year], most_of_years)]))
    return rows


def _cell(value: float | None, most: float) -> HeatCell:
    if value is None:
        return HeatCell("", "")
    said = signed(value)
    if said == "0" or not most:
        return HeatCell("0", "zero")
    step = max(1, round(HEATS * (abs(value) / most) ** 0.6))  # small months differ too
    return HeatCell(said, f"{'p' if value > 0 else 'n'}{min(step, HEATS)}")


def _slices(slices: Sequence[Slice]) -> Iterator[SliceRow]:
    most = max((abs(one.change) for one in slices), default=0.0) or 1.0
    for one in slices:
        yield SliceRow(
            name=printable(one.name) or "not said",
            decisions=count(one.decisions),
            touched=count(one.touched),
            bad=percent(one.bad / one.decisions, 0),
            rules=signed(one.rules),
            first="" if one.other is None else signed(one.other),
            filtered=signed(one.filtered),
            difference=signed(one.change),
            change=one.change / most,
            key=SliceKeys(one.rules, one.other or 0.0, one.filtered, round(one.change, 2)),
        )


def _fall(fall: Drawdown) -> FallRow:
    return FallRow(
        depth=amount(fall.depth),
        share=percent(fall.depth_pct),
        since=day_words(fall.peak),
        deepest=day_words(fall.deepest),
        recovered="not yet" if fall.recovered is None else day_words(fall.recovered),
    )
