"""The part of a candidate's page that speaks of money: its tiles, its account, its months."""

from typing import NamedTuple

from afterclose.evaluating.account import FILTERED, RULES, Account
from afterclose.evaluating.figures import Part
from afterclose.evaluating.money_record import MoneyRecord
from afterclose.report.account_charts import Values, account_chart, rolling_chart
from afterclose.report.breakdown_view import (
    MONTHS,
    FallTable,
    HeatMap,
    SliceTable,
    fall_tables,
    heat_maps,
    slice_tables,
)
from afterclose.report.comparison_view import period
from afterclose.report.conclusion import Tone, tone_of
from afterclose.report.time_chart import TimeChart
from afterclose.wording.money import fine_print
from afterclose.wording.numbers import amount, chance, count, counted, percent, prose, signed


class Tile(NamedTuple):
    """One figure to remember; ``tone`` colours it, None where it is neither good nor bad."""

    label: str
    value: str
    note: str
    tone: Tone | None = None


class MoneyView(NamedTuple):
    """The account of the part that the page judges by, over time and taken apart."""

    lead: str
    account: TimeChart
    lines: list[str]
    rolling: TimeChart
    rolling_lead: str
    months: tuple[str, ...]
    heat: list[HeatMap]
    slices: list[SliceTable]
    falls: list[FallTable]


def money_view(
    part: Part, record: MoneyRecord | None, held: Values | None = None
) -> MoneyView | None:
    """The money of one part; None for evaluations that kept no ``record`` of it.

    ``held`` is the net PnL of buy and hold on the record's days, where bars are known.
    """
    account = part.account
    if record is None or account is None:
        return None
    lead = (
        f"{counted(account.decisions, 'decision')} that no model had seen when it judged them, "
        f"decided {period(part)}; each trade is "
        "booked on the session in which it ended."
    )
    return MoneyView(
        lead=lead,
        account=account_chart("account-chart", record, account.capital, held),
        lines=[prose(line) for line in (*fine_print(account), *_drawn(record))],
        rolling=rolling_chart("rolling-chart", record),
        rolling_lead=f"The mean over the newest {count(record.rolling_decisions)} decisions that "
        "had ended, of those that were traded.",
        months=MONTHS,
        heat=heat_maps(record),
        slices=slice_tables(record),
        falls=fall_tables(record),
    )


def tiles(part: Part) -> list[Tile]:
    """The figures to remember, money first."""
    luck = part.significance
    return [
        *(_account_tiles(part.account) if part.account else _alike_tiles(part)),
        Tile(
            "By luck alone",
            chance(luck.p_value_deflated),
            "that random blocking does as well, after "
            f"{counted(luck.candidates_tried, 'candidate')}",
        ),
    ]


def _account_tiles(account: Account) -> list[Tile]:
    rules, kept, away = account.policies[RULES], account.policies[FILTERED], account.taken_away
    change = account.differences[RULES]["net_pnl"]
    share = account.differences[RULES]["return_on_capital"]
    ends = (
        f"95 %: {signed(change.low)} to {signed(change.high)}"
        if change.low is not None and change.high is not None
        else "95 %: unknown, too few sessions"
    )
    went = "nothing was blocked or made smaller"
    if away.mean_net_pnl is not None:
        went = f"went on to make {signed(away.net_pnl)}, {signed(away.mean_net_pnl)} each"
    return [
        Tile(
            "Against the rules alone",
            signed(change.value or 0.0),
            f"{percent(share.value, 1, signed=True)} of the capital; {ends}",
            tone_of(change),
        ),
        Tile(
            "This model",
            signed(kept.net_pnl),
            f"{percent(kept.return_on_capital, 1, signed=True)} on {amount(account.capital)}",
        ),
        Tile(
            "Rules alone",
            signed(rules.net_pnl),
            f"{percent(rules.return_on_capital, 1, signed=True)} on {amount(account.capital)}",
        ),
        Tile(
            "Drawdown",
            amount(kept.max_drawdown),
            f"{percent(kept.max_drawdown_pct)}; rules alone {amount(rules.max_drawdown)}, "
            f"{percent(rules.max_drawdown_pct)}",
        ),
        Tile("Blocked", f"{count(away.decisions)} of {count(account.decisions)}", went),
    ]


def _alike_tiles(part: Part) -> list[Tile]:
    """Of an evaluation from before money was counted."""
    rules, kept = part.rules_only, part.rules_ml
    return [
        Tile(
            "Expectancy",
            percent(kept.expectancy, 2, signed=True),
            f"rules alone {percent(rules.expectancy, 2, signed=True)}",
        ),
        Tile(
            "Kept",
            percent(part.filter_effect.kept_share, 0),
            f"{count(kept.trades)} of {count(rules.trades)}",
        ),
    ]


def _drawn(record: MoneyRecord) -> list[str]:
    points = len(record.earned.days)
    if points >= record.sessions:
        return []
    sessions = counted(record.sessions, "session")
    return [f"Drawn at {count(points)} of {sessions}; the highs and lows are among them."]
