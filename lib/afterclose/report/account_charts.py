"""The account over time: what it was worth, how far below its best, and what a trade earned."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from afterclose.evaluating.account import FILTERED, RULES
from afterclose.evaluating.money_record import MoneyRecord
from afterclose.report.svg import Stroke
from afterclose.report.time_chart import Panel, Series, TimeChart, day_words, time_chart
from afterclose.wording.numbers import amount, percent, signed

Values = Sequence[float | None]

LOOKS: Final = {
    RULES: ("rules alone", Stroke("rules", 1.8, (5, 2.5))),
    "rules_active": ("active model", Stroke("active", 2.0, (1.6, 1.2))),
    FILTERED: ("this model", Stroke("ml", 2.2)),
}
"""Each policy's name in words, and its line: told apart by dashes as well as by colour."""

HELD: Final = ("buy and hold", Stroke("held", 1.4, (1.5, 2)))


def account_chart(
    name: str,
    record: MoneyRecord,
    capital: float,
    held: Values | None = None,
    names: Mapping[str, str] | None = None,
) -> TimeChart:
    """Value and drawdown of the account of each policy, and what the bars' symbols were worth.

    ``held`` is the net PnL of buying them all at the start, on the record's days; ``names``
    are words for policies where the usual ones do not fit.
    """
    earned: dict[str, Values] = {key: record.earned.values[key] for key in _shown(record)}
    worth = {key: [capital + (value or 0.0) for value in found] for key, found in earned.items()}
    looks = {key: ((names or {}).get(key, LOOKS[key][0]), LOOKS[key][1]) for key in worth}
    if held is not None:
        worth["held"], looks["held"] = [capital + (value or 0.0) for value in held], HELD
    falls = {key: below_peak(values, capital) for key, values in worth.items() if key in LOOKS}
    panels = [
        Panel(
            "Value of the account (the ledger's currency)",
            "money",
            [Series(*looks[key], values) for key, values in worth.items()],
            height=280,
            level=capital,
            log=min(min(values) for values in worth.values()) > 0,
        ),
        Panel(
            "Drawdown: below its highest value so far (%)",
            "percent",
            [Series(*looks[key], values) for key, values in falls.items()],
            height=110,
            level=0.0,
        ),
    ]
    words = ". ".join(_said(record, earned, falls, looks))
    made = time_chart(name, "The account over time", record.earned.days, panels, f"{words}.")
    return made._replace(jumps=True)


def rolling_chart(name: str, record: MoneyRecord) -> TimeChart:
    """What a trade earned on average, over the newest trades at each time."""
    values = record.rolling.values
    span = record.rolling_decisions
    panel = Panel(
        "Mean net PnL of a trade (the ledger's currency)",
        "money",
        [Series(*LOOKS[key], values[key]) for key in (RULES, FILTERED)],
        height=190,
        level=0.0,
    )
    ends = "; ".join(
        f"{LOOKS[key][0]} {signed(values[key][-1] or 0.0)}" for key in (RULES, FILTERED)
    )
    words = f"The mean over {span} decisions, at the end: {ends}."
    return time_chart(name, "Rolling expectancy", record.rolling.days, [panel], words)


def below_peak(worth: Sequence[float], capital: float) -> list[float]:
    """How far each value lies below the highest before it, as a fraction of that; 0 to -1."""
    peak, falls = capital, []
    for value in worth:
        peak = max(peak, value)
        falls.append(max((value - peak) / peak, -1.0))
    return falls


def _shown(record: MoneyRecord) -> list[str]:
    return [key for key in LOOKS if key in record.earned.values]


def _said(
    record: MoneyRecord,
    earned: Mapping[str, Values],
    falls: Mapping[str, Sequence[float]],
    looks: Mapping[str, tuple[str, Stroke]],
) -> Iterator[str]:
    days = record.earned.days
    yield f"From {day_words(days[0])} to {day_words(days[-1])}"
    for key, values in earned.items():
        deepest = min(falls[key])
        when = day_words(days[list(falls[key]).index(deepest)])
        yield (
            f"{looks[key][0]}: net PnL {amount(values[-1] or 0.0)}, deepest drawdown "
            f"{percent(deepest)} on {when}"
        )
