"""What stands on the page of two models side by side."""

from typing import NamedTuple

from afterclose.dataset.columns import EPOCH, MICROSECOND
from afterclose.evaluating.account import FILTERED, RULES, Account, AccountMetrics
from afterclose.evaluating.comparison import Difference
from afterclose.evaluating.side_by_side import FIRST, Disagreement, SideBySide
from afterclose.report.account_charts import account_chart
from afterclose.report.breakdown_view import MONTHS, HeatMap, SliceTable, slice_tables, years_of
from afterclose.report.comparison_view import MeasureRow
from afterclose.report.conclusion import Tone, tone_of
from afterclose.report.glossary import glossary
from afterclose.report.time_chart import TimeChart
from afterclose.wording.money import fine_print, more_or_less
from afterclose.wording.numbers import (
    amount,
    counted,
    day,
    interval,
    number,
    percent,
    prose,
    signed,
)
from afterclose.wording.printable import printable


class ModelName(NamedTuple):
    """One of the two: its id, its page as a link, and where it blocks."""

    model_id: str
    link: str
    threshold: str


class DisagreementRow(NamedTuple):
    """One decision that the two sized differently; ``key`` sorts by money."""

    symbol: str
    side: str
    trade_id: str
    decided: str
    first: str
    second: str
    money: str
    key: float


class CompareView(NamedTuple):
    """Everything on the page, ready to be set."""

    scope: str
    first: ModelName
    second: ModelName
    tone: Tone
    headline: str
    sentences: list[str]
    account: TimeChart
    measures: list[MeasureRow]
    lines: list[str]
    months: tuple[str, ...]
    heat: list[HeatMap]
    slices: list[SliceTable]
    disagreements: list[DisagreementRow]
    glossary: list[tuple[str, str]]


def compare_view(
    found: SideBySide, first: ModelName, second: ModelName, *, scope: str
) -> CompareView:
    """The page of ``second`` against ``first``."""
    account = found.account
    change = account.differences[FIRST]["net_pnl"]
    names = {FIRST: first.model_id, FILTERED: second.model_id}
    chart = account_chart("account-chart", found.money, account.capital, names=names)
    return CompareView(
        scope=scope,
        first=first,
        second=second,
        tone=tone_of(change) or "unsure",
        headline=f"{second.model_id} would have earned {more_or_less(change.value)} than "
        f"{first.model_id}",
        sentences=_sentences(found, change),
        account=chart._replace(jumps=False),
        measures=_measures(account),
        lines=[prose(line) for line in fine_print(account)],
        months=MONTHS,
        heat=_heat(found, names),
        slices=slice_tables(found.money),
        disagreements=[_disagreement(one) for one in found.disagreements],
        glossary=glossary(),
    )


def _sentences(found: SideBySide, change: Difference) -> list[str]:
    sure = "The difference has no interval: there are too few sessions."
    if change.low is not None and change.high is not None:
        sure = f"95 % interval of the difference: {signed(change.low)} to {signed(change.high)}."
    decisions = counted(found.decisions, "decision")
    blocked = (
        f"Both block {found.blocked_by_both}, only the first {found.blocked_by_first}, "
        f"only the second {found.blocked_by_second}."
    )
    return [
        f"On the same {decisions}, which neither had seen when it judged them. {sure}",
        "Its recipe judged until a model was trained, walking forward; then the model itself.",
        blocked,
    ]


def _measures(account: Account) -> list[MeasureRow]:
    policies = [account.policies[name] for name in (RULES, FIRST, FILTERED)]
    forms = {
        "Net PnL": ("net_pnl", signed, True),
        "Return": ("return_on_capital", lambda value: percent(value, 1, signed=True), True),
        "Drawdown": ("max_drawdown", amount, True),
        "Worst day": ("worst_day", amount, True),
        "Exposure": ("exposure", lambda value: percent(value, 0), False),
    }
    rows = []
    for name, (key, form, better) in forms.items():
        change = account.differences[FIRST][key]
        differs = signed if form is amount else form
        ends = [("" if end is None else differs(end)) for end in (change.low, change.high)]
        rows.append(
            MeasureRow(
                name=name,
                cells=[form(_value(metrics, key)) for metrics in policies],
                difference="" if change.value is None else differs(change.value),
                interval=interval(*ends) if all(ends) else "",
                tone=tone_of(change) if better else None,
            )
        )
    return rows


def _value(metrics: AccountMetrics, key: str) -> float:
    value: float = getattr(metrics, key)
    return value


def _heat(found: SideBySide, names: dict[str, str]) -> list[HeatMap]:
    """Months of both models, of the second less the first, and of the rules."""
    months = found.money.months
    return [
        HeatMap("difference", "Second less first", years_of({m.name: m.change for m in months})),
        HeatMap("first", names[FIRST], years_of({m.name: m.other or 0.0 for m in months})),
        HeatMap("filtered", names[FILTERED], years_of({m.name: m.filtered for m in months})),
        HeatMap("rules", "Rules alone", years_of({m.name: m.rules for m in months})),
    ]


def _disagreement(one: Disagreement) -> DisagreementRow:
    decided = EPOCH + one.decided_us * MICROSECOND
    return DisagreementRow(
        symbol=printable(one.symbol),
        side=printable(one.side),
        trade_id=printable(one.trade_id),
        decided=day(decided),
        first=_said(one.first_size, one.first_score),
        second=_said(one.second_size, one.second_score),
        money=signed(one.net_pnl),
        key=round(one.net_pnl, 2),
    )


def _said(size: float, score: float | None) -> str:
    if score is None:
        return "not judged"
    verdict = "blocked" if not size else "let through" if size == 1 else f"at {percent(size, 0)}"
    return f"{verdict}, score {number(score)}"
