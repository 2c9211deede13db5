"""The one look that settles it: what an evaluation says of a candidate, in a headline.

The headline is the money that the account would have made or lost on decisions that the model
never saw; the gates, where they were asked, come next. It never calls a filter good for
avoiding bad trades alone: fewer bad trades is not more money.
"""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

import msgspec

from afterclose.evaluating.account import RULES, Account
from afterclose.wording.money import headline, taken_away, volatility_remark
from afterclose.wording.numbers import counted, interval, percent

Tone = Literal["good", "bad", "unsure"]
"""How a figure is to be taken; it is shown by a sign as well as by a colour."""

PART_NAMES = {"walk_forward": "walk-forward", "held_out": "held-out"}


class Conclusion(NamedTuple):
    """What to think of a candidate, and the sentences that say why."""

    tone: Tone
    headline: str
    sentences: list[str]


def main_part(evaluation: Mapping[str, Any]) -> str:
    """The part with most trades: walk-forward unless there was hardly any."""
    walked, held_out = (evaluation[name]["rules_only"]["trades"] for name in PART_NAMES)
    return "walk_forward" if walked >= held_out else "held_out"


def tone_of(difference: Mapping[str, Any] | None, *, higher_is_better: bool = True) -> Tone | None:
    """What an interval says of a difference: unsure when 0 lies inside, None without one."""
    if difference is None or difference["low"] is None or difference["high"] is None:
        return None
    if difference["low"] <= 0 <= difference["high"]:
        return "unsure"
    return "good" if (difference["low"] > 0) == higher_is_better else "bad"


def conclusion(evaluation: Mapping[str, Any]) -> Conclusion:
    """The conclusion from the part with most trades."""
    name = main_part(evaluation)
    part = evaluation[name]
    rules, kept, effect = part["rules_only"], part["rules_ml"], part["filter_effect"]
    trades = f"{counted(rules['trades'], f'{PART_NAMES[name]} trade')}"
    if not rules["trades"]:
        return Conclusion("unsure", "Nothing to judge by", ["No trade was left to test on."])
    account = account_of(part)
    if not effect["blocked"] and not (account and account.taken_away.decisions):
        return Conclusion("unsure", "It blocked nothing", [f"All {trades} were let through."])
    if not kept["trades"]:
        return Conclusion("bad", "It blocks every trade", [f"None of {trades} was let through."])
    found = _in_money(account) if account else _a_trade_alike(part["differences"]["expectancy"])
    change = part["differences"]["expectancy"]
    low, high = (percent(change[end], 2, signed=True) for end in ("low", "high"))
    alike = (
        f"Counting each trade alike, over {trades} that it had not seen, expectancy goes from "
        f"{percent(rules['expectancy'], 2, signed=True)} to "
        f"{percent(kept['expectancy'], 2, signed=True)} a trade. "
        f"The 95 % interval of the difference is {interval(low, high)}."
    )
    choice = (
        f"It blocks {percent(effect['blocked'] / rules['trades'], 0)} of them: "
        f"{effect['bad_trades_avoided']} bad ones and {effect['good_trades_lost']} good ones."
    )
    sentences = [*found.sentences, alike, choice]
    if not (refusals := _refusals(evaluation.get("gates"))):
        return Conclusion(found.tone, found.headline, sentences)
    tone: Tone = "unsure" if found.tone == "good" else found.tone
    return Conclusion(tone, found.headline, [refusals, *sentences])


def account_of(part: Mapping[str, Any]) -> Account | None:
    """The account of a part; None for evaluations from before money was counted."""
    found = part.get("account")
    return msgspec.convert(found, Account) if found else None


def _in_money(account: Account) -> Conclusion:
    """What it would have done to the account, and what became of what it took away."""
    change = msgspec.to_builtins(account.differences[RULES]["net_pnl"])
    remark = volatility_remark(account)
    return Conclusion(
        tone_of(change) or "unsure",
        headline(account),
        [taken_away(account), *([remark] if remark else [])],
    )


def _a_trade_alike(change: Mapping[str, Any]) -> Conclusion:
    tone = tone_of(change) or "unsure"
    words = {
        "good": "Better than the rules alone, each trade counted alike",
        "bad": "Worse than the rules alone, each trade counted alike",
        "unsure": "No clear difference from the rules alone",
    }
    return Conclusion(tone, words[tone], ["Money was not counted yet when it was evaluated."])


def _refusals(answer: Mapping[str, Any] | None) -> str:
    """How many gates refuse; empty when none does, or none was asked."""
    gates = answer["gates"] if answer else ()
    refused = sum(not gate["passed"] for gate in gates)
    return f"{refused} of {len(gates)} promotion gates refuse it." if refused else ""
