"""The demo's last screen: what the gates were worth, in one verdict, one picture, one line.

It has to fit a terminal of 80 by 24 together with the shell's prompt.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from afterclose.wording.line_chart import chart_lines
from afterclose.wording.money import amount, more_or_less, signed
from afterclose.wording.tables import section, table_lines

if TYPE_CHECKING:  # NumPy stands behind them, which words do not need
    from afterclose.evaluating.comparison import Difference
    from afterclose.study.worth import BookWorth, Worths

HEADER: Final = ("Promotion", "Promoted", "Blocked", "Net PnL", "Against", "95 %")
LEGENDS: Final = {
    "*": "* rules alone, and with the gates   n naive rule, no gates",
    "g": "r rules alone   g with the gates   n naive rule, no gates",
}


def worth_text(worths: "Worths", advice: str, command: str) -> str:
    """The section WHAT IT WAS WORTH, of a book with the gates and one without.

    ``command`` promotes the newest candidate, if there is one; ``advice`` is where it blocks and
    what the gates say of it, in few words.
    """
    lines = [*table_lines(HEADER, list(_rows(worths))), *_picture(worths), *_verdict(worths)]
    if command:
        lines += [f"The newest candidate ({advice}) waits:", f"  {command}"]
    return section(f"WHAT IT WAS WORTH, ON {worths.decisions} REAL TRADES", lines)


def _rows(worths: "Worths") -> Iterator[tuple[str, ...]]:
    yield "Rules alone", "-", "-", signed(worths.net_pnl), "-", "-"
    for book in worths.books:
        change = _against_rules(book)
        value = change.value if change and change.value is not None else 0.0
        yield (
            book.rule,
            str(len(book.promotions)),
            str(book.blocked),
            signed(worths.net_pnl + value),
            signed(value),
            _interval(change),
        )


def _picture(worths: "Worths") -> list[str]:
    gates, naive = worths.books
    if not gates.blocked:
        curves = {"*": worths.rules_curve, "n": naive.curve}
    else:
        curves = {"g": gates.curve, "r": worths.rules_curve, "n": naive.curve}
    lines = chart_lines(worths.days, curves)
    return [*lines, LEGENDS[next(iter(curves))]] if lines else []


def _verdict(worths: "Worths") -> Iterator[str]:
    """One sentence of money: what the gates made of it, beside the naive rule."""
    gates, naive = (_against_rules(book) for book in worths.books)
    kept = gates.value if gates and gates.value is not None else 0.0
    lost = naive.value if naive and naive.value is not None else 0.0
    made = (
        "The gates promoted nothing: the account is the rules' own."
        if not worths.books[0].promotions
        else f"With the gates the account earned {more_or_less(kept)} than by the rules alone."
    )
    saved = kept - lost
    if amount(saved) == "0":
        beside = "The naive rule came to the same."
    else:
        beside = f"The naive rule would have left {more_or_less(-saved)}{_luck(naive)}."
    yield made
    yield beside


def _luck(change: "Difference | None") -> str:
    if change is None or change.low is None or change.high is None:
        return ""
    return ", perhaps by luck" if change.low <= 0 <= change.high else ", beyond luck"


def _against_rules(book: "BookWorth") -> "Difference | None":
    return book.account.differences["rules_only"]["net_pnl"] if book.account else None


def _interval(change: "Difference | None") -> str:
    if change is None or not change.value or change.low is None or change.high is None:
        return "-"
    return f"{signed(change.low)} to {signed(change.high)}"
