"""The one look that settles it: what an evaluation says of a candidate, in a headline.

The headline is the money that the account would have made or lost on decisions that the model
never saw; the gates, where they were asked, come next. It never calls a filter good for
avoiding bad trades alone: fewer bad trades is not more money.
"""

from collections.abc import Iterator
from typing import Final, Literal, NamedTuple, Protocol

from afterclose.evaluating.account import RULES, Account
from afterclose.evaluating.comparison import Difference
from afterclose.evaluating.figures import Evaluation, GatesAnswer, Part, PartName
from afterclose.wording.money import headline, taken_away, volatility_remark
from afterclose.wording.numbers import counted, interval, percent, prose

Tone = Literal["good", "bad", "unsure"]
"""How a figure is to be taken; it is shown by a sign as well as by a colour."""

PART_NAMES: Final[dict[PartName, str]] = {
    "walk_forward": "walk-forward",
    "held_out": "held-out",
}


class Bounded(Protocol):
    """What has a 95 % interval; both ends are None where there is none."""

    @property
    def low(self) -> float | None:
        """The lower end."""

    @property
    def high(self) -> float | None:
        """The upper end."""


class Conclusion(NamedTuple):
    """What to think of a candidate, and the sentences that say why."""

    tone: Tone
    headline: str
    sentences: list[str]


def tone_of(difference: Bounded | None, *, higher_is_better: bool = True) -> Tone | None:
    """What an interval says of a difference: unsure when 0 lies inside, None without one."""
    if difference is None or difference.low is None or difference.high is None:
        return None
    if difference.low <= 0 <= difference.high:
        return "unsure"
    return "good" if (difference.low > 0) == higher_is_better else "bad"


def conclusion(evaluation: Evaluation) -> Conclusion:
    """The conclusion from the part with most trades."""
    part = evaluation.part(evaluation.main)
    tested, account = part.rules_only.trades, part.account
    trades = counted(tested, f"{PART_NAMES[evaluation.main]} trade")
    if not tested:
        return Conclusion("unsure", "Nothing to judge by", ["No trade was left to test on."])
    if not part.filter_effect.blocked and not (account and account.taken_away.decisions):
        return Conclusion("unsure", "It blocked nothing", [f"All {trades} were let through."])
    if not part.rules_ml.trades:
        return Conclusion("bad", "It blocks every trade", [f"None of {trades} was let through."])
    found = _in_money(account) if account else _a_trade_alike(part.differences["expectancy"])
    sentences = [*found.sentences, *_in_numbers(part, trades)]
    if not (refusals := _refusals(evaluation.gates)):
        return Conclusion(found.tone, found.headline, sentences)
    tone: Tone = "unsure" if found.tone == "good" else found.tone
    return Conclusion(tone, found.headline, [refusals, *sentences])


def _in_numbers(part: Part, trades: str) -> Iterator[str]:
    """What became of the expectancy of the ``trades``, and what was blocked."""
    change, effect = part.differences["expectancy"], part.filter_effect
    low, high = (percent(end, 2, signed=True) for end in (change.low, change.high))
    yield (
        f"Counting each trade alike, over {trades} that it had not seen, expectancy goes from "
        f"{percent(part.rules_only.expectancy, 2, signed=True)} to "
        f"{percent(part.rules_ml.expectancy, 2, signed=True)} a trade. "
        f"The 95 % interval of the difference is {interval(low, high)}."
    )
    yield (
        f"It blocks {percent(effect.blocked / part.rules_only.trades, 0)} of them: "
        f"{effect.bad_trades_avoided} bad ones and {effect.good_trades_lost} good ones."
    )


def _in_money(account: Account) -> Conclusion:
    """What it would have done to the account, and what became of what it took away."""
    change = account.differences[RULES]["net_pnl"]
    remark = volatility_remark(account)
    return Conclusion(
        tone_of(change) or "unsure",
        prose(headline(account)),
        [prose(taken_away(account)), *([prose(remark)] if remark else [])],
    )


def _a_trade_alike(change: Difference) -> Conclusion:
    tone = tone_of(change) or "unsure"
    words = {
        "good": "Better than the rules alone, each trade counted alike",
        "bad": "Worse than the rules alone, each trade counted alike",
        "unsure": "No clear difference from the rules alone",
    }
    return Conclusion(tone, words[tone], ["Money was not counted yet when it was evaluated."])


def _refusals(answer: GatesAnswer | None) -> str:
    """How many gates refuse; empty when none does, or none was asked."""
    if answer is None or not answer.refusing:
        return ""
    return f"{len(answer.refusing)} of {len(answer.gates)} promotion gates refuse it."
