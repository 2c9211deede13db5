"""A study in words and tables, and its place in a page among others."""

import re
from collections.abc import Iterator, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, Final

from afterclose.wording.money import amount, more_or_less, signed
from afterclose.wording.tables import WIDTH_CHARACTERS, section, table_lines

if TYPE_CHECKING:  # NumPy stands behind them, which words do not need
    from afterclose.evaluating.comparison import Difference
    from afterclose.study.results import Beside, Study
    from afterclose.study.worth import BookWorth

BOOKS_HEADER: Final = ("Promotion", "Promoted", "Judged", "Blocked", "Against the rules", "95 %")
TRADE_HEADER: Final = ("A trade, in basis points", "Expectancy", "95 %", "Than by ATR alone")
RECIPES_HEADER: Final = ("Recipe", "Net PnL", "95 %", "Basis points a trade", "95 %")

BASIS_POINTS: Final = 1e4

FEWEST_JUDGED: Final = 100
"""Decisions below which nothing is called better or worse, as ML_GATE_MIN_TRADES is by default."""


def study_text(study: "Study") -> str:
    """The section STUDY."""
    title = title_of(study.data, study.recipe)
    return section(f"STUDY: {title}", _body(study))


def comparison_text(title: str, first: "Study", besides: Sequence["Beside"]) -> str:
    """The section of recipes side by side: each less the first, every candidate promoted."""
    rows: list[tuple[str, ...]] = [
        (
            ", ".join(one.recipe) or "the defaults",
            *_money(one.account.differences["first"]["net_pnl"] if one.account else None),
            *_points(one.per_trade),
        )
        for one in besides
    ]
    lines = [
        f"Each less {', '.join(first.recipe) or 'the defaults'}, on the decisions that both",
        "judged, with every candidate promoted: what the recipes are worth, gates aside.",
        "",
        *table_lines(RECIPES_HEADER, rows),
        "",
        *(_which_is_better(one) for one in besides),
        f"Recipes compared: {first.recipes}. Each is a try: of twenty that mean nothing, one is",
        "beyond luck here.",
    ]
    return section(title.upper(), lines)


def title_of(data: str, recipe: Sequence[str]) -> str:
    """A file's name, and the settings that are not the defaults: one study is not the other."""
    return ", ".join([data, *recipe])


def page_with(page: str, title: str, section: str) -> str:
    """``page`` (Markdown) with this section in place of the one of that title, or added."""
    begin, end = f"<!-- study of {title} -->", "<!-- end of study -->"
    block = f"{begin}\n```text\n{section}\n```\n{end}"
    known = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    if known.search(page):
        return known.sub(lambda _: block, page)
    return f"{page.rstrip()}\n\n{block}\n".lstrip()


def book_rows(books: Sequence["BookWorth"]) -> list[tuple[str, ...]]:
    """Each rule of promotion, under `BOOKS_HEADER`."""
    return [
        (
            book.rule,
            str(len(book.promotions)),
            f"{book.judged:,}",
            f"{book.blocked:,}",
            *_money(book.account.differences["rules_only"]["net_pnl"] if book.account else None),
        )
        for book in books
    ]


def reading(change: "Difference | None", judged: int, what: str = "The filter") -> str:
    """What an interval allows to be said of money, of a filter that ``judged`` so many decisions.

    An interval of few decisions is too narrow: it has not seen what others would bring.
    """
    if change is None or change.value is None or change.low is None or change.high is None:
        return f"{what} has met too few decisions to tell it from luck."
    if judged < FEWEST_JUDGED:
        return f"{what} has met {judged} decisions, too few to tell it from luck."
    if change.low <= 0 <= change.high:
        return f"{what} may as well have been lucky or unlucky: the interval holds 0."
    return f"{what} {'made' if change.low > 0 else 'cost'} money, beyond luck."


def _body(study: "Study") -> Iterator[str]:
    worths = study.worths
    yield (
        f"Sessions: {study.first_session} to {study.last_session}, "
        f"calendar {study.calendar} | {study.of}"
    )
    yield from (f"Left out, {why}: {count}" for why, count in study.left_out.items())
    yield f"Threshold: {study.threshold}"
    yield f"Trades of the rules: {worths.decisions:,}, net PnL {signed(worths.net_pnl)}"
    yield f"Cycles: {study.cycles}, at most one a {study.every} | Candidates: {study.candidates}"
    if study.recipes > 1:
        yield (
            f"Recipe {study.number} of {study.recipes} compared, each a try: the chance of luck "
            f"that it may use is {study.alpha_left:.4f}"
        )
    yield ""
    yield from table_lines(BOOKS_HEADER, book_rows(worths.books))
    yield ""
    asked = [book for book in worths.books if book.judged]
    if asked:
        yield from table_lines(TRADE_HEADER, [_trade_row(book) for book in asked])
        yield ""
    yield from _verdicts(worths.books)
    if study.refused:
        yield ""
        yield "Candidates refused, by gate (one may be refused by several):"
        yield from (f"  {gate.replace('_', ' ')}: {count}" for gate, count in study.refused.items())
    if study.what_next:
        yield ""
        yield from ("Of the newest candidate:", *wrap(study.what_next, WIDTH_CHARACTERS))


def _verdicts(books: Sequence["BookWorth"]) -> Iterator[str]:
    gates, *others = books
    if not gates.promotions:
        yield "No candidate passed every gate: the rules traded alone, and nothing changed."
    else:
        yield reading(_net(gates), gates.judged, "With the gates the filter")
        yield from (
            f"  {each.model_id} after the close of {each.session}" for each in gates.promotions
        )
    for book in others:
        if book.promotions and (change := _net(book)) and change.value is not None:
            yield f"{book.rule}: {more_or_less(change.value)} than the rules."
            yield f"  {reading(change, book.judged)}"


def _net(book: "BookWorth") -> "Difference | None":
    return book.account.differences["rules_only"]["net_pnl"] if book.account else None


def _trade_row(book: "BookWorth") -> tuple[str, ...]:
    atr = book.account.differences.get("atr", {}).get("net_pnl") if book.account else None
    against_atr = "-" if atr is None or atr.value is None else signed(atr.value)
    return (book.rule, *_points(book.per_trade), against_atr)


def _money(change: "Difference | None") -> tuple[str, str]:
    if change is None or change.value is None:
        return "-", "-"
    if not change.value or change.low is None or change.high is None:
        return signed(change.value), "-"
    return signed(change.value), f"{signed(change.low)} to {signed(change.high)}"


def _points(change: "Difference | None") -> tuple[str, str]:
    if change is None or change.value is None or change.low is None or change.high is None:
        return "-", "-"
    value, low, high = (
        f"{BASIS_POINTS * number:+.1f}" for number in (change.value, change.low, change.high)
    )
    return value, f"{low} to {high}"


def _which_is_better(one: "Beside") -> str:
    """Better or worse only where the interval says so."""
    name = ", ".join(one.recipe) or "the defaults"
    change = one.account.differences["first"]["net_pnl"] if one.account else None
    if change is None or change.value is None or change.low is None or change.high is None:
        return f"{name}: too few decisions to compare."
    if one.decisions < FEWEST_JUDGED:
        return f"{name}: {one.decisions} decisions were judged by both, too few to compare."
    if change.low <= 0 <= change.high:
        return f"{name}: neither better nor worse, the interval of {amount(change.value)} holds 0."
    return f"{name}: {'better' if change.low > 0 else 'worse'}, beyond luck."
