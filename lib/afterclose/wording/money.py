"""What a filter would have done to the account, in sentences and a table.

Money first: a share of a trade says nothing of what is in the bank. Values alone are read, so
this needs nothing that computes them.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from afterclose import numerals
from afterclose.wording.tables import table_lines

if TYPE_CHECKING:  # NumPy stands behind them, which words do not need
    from afterclose.evaluating.account import Account
    from afterclose.evaluating.comparison import Difference
    from afterclose.evaluating.figures import GatesAnswer, Part

SMALLEST_COIN: Final = 0.01

FEW_BLOCKS: Final = 10
"""Of sessions: fewer cannot show how far histories lie apart."""

POLICIES: Final = {
    "rules_only": "Rules only",
    "rules_ml": "Rules+ML",
    "random": "Same sizes at random",
    "atr": "Same sizes by ATR",
    "rules_active": "Rules+Active",
}

HEADER: Final = ("Account", "Net PnL", "Return", "Drawdown", "Worst day", "Exposure")
DIFFERENCE_HEADER: Final = (
    "Rules+ML less",
    "Net PnL",
    "95 % interval",
    "Drawdown",
    "95 % interval",
)

SIZES: Final = {
    "equal": "All trades put in the same money: the view in money and the one a trade agree.",
    "one_unit": "All quantities are 1: this is the money of one share or unit a trade, in which "
    "dear symbols count for more. Write real quantities to see your account.",
}


def headline(account: "Account | None") -> str:
    """What the filter would have earned, against the rules alone, in one sentence."""
    if account is None:
        return "There is no account to look at: no decision was tested, or money was not counted."
    change = account.differences["rules_only"]["net_pnl"]
    if not account.taken_away.decisions:
        return (
            f"Would have traded exactly what the rules trade: {account.decisions:,} decisions, "
            f"net PnL {signed(account.policies['rules_only'].net_pnl)}."
        )
    return (
        f"Would have earned {more_or_less(change.value)} than the rules alone on "
        f"{amount(account.capital)} ({_interval(change)})."
    )


def volatility_remark(account: "Account | None") -> str:
    """That ATR alone gains it too, where it does; else nothing."""
    against_atr = account.differences.get("atr", {}).get("net_pnl") if account else None
    against_rules = account.differences["rules_only"]["net_pnl"] if account else None
    if not against_atr or not against_rules:
        return ""
    if (against_rules.value or 0) > 0 and (against_atr.value or 0) <= 0:
        return "Sizing by ATR alone gains as much: what the filter knows is volatility."
    return ""


def account_lines(part: "Part") -> Iterator[str]:
    """The account of one part of an evaluation: a sentence, the policies, the differences."""
    account = part.account
    yield headline(account)
    if account is None:
        return
    if remark := volatility_remark(account):
        yield remark
    yield taken_away(account)
    yield ""
    yield from table_lines(HEADER, policy_rows(account))
    yield ""
    yield from table_lines(DIFFERENCE_HEADER, difference_rows(account))
    yield from fine_print(account)


def policy_rows(account: "Account") -> list[tuple[str, ...]]:
    """Each policy's account, under `HEADER`."""
    return [_row(account, name) for name in POLICIES if name in account.policies]


def difference_rows(account: "Account") -> list[tuple[str, ...]]:
    """What the filter has over each other policy, under `DIFFERENCE_HEADER`."""
    return [
        (POLICIES[name], *_both(found["net_pnl"]), *_both(found["max_drawdown"]))
        for name, found in account.differences.items()
    ]


def fine_print(account: "Account") -> Iterator[str]:
    """On which capital and how many decisions it rests, and what could not be compared."""
    set_by = "ML_CAPITAL" if account.capital_is_set else "the most that was in trades at once"
    yield (
        f"Capital {amount(account.capital)} ({set_by}); {account.decisions:,} decisions in "
        f"{account.sessions:,} sessions, resampled in blocks of {account.block_sessions}."
    )
    if (blocks := account.sessions / account.block_sessions) < FEW_BLOCKS:
        yield f"That is {blocks:.0f} blocks: too few for an interval to be firm."
    yield from (f"{POLICIES[name]}: unknown ({why})." for name, why in account.unknown.items())
    if words := SIZES.get(account.sizes):
        yield words


def taken_away(account: "Account") -> str:
    """What became of the trades that the filter took away, or made smaller."""
    away = account.taken_away
    if away.mean_net_pnl is None or away.confidence is None:
        return "Nothing was taken away."
    return (
        f"What it took away ({away.decisions:,} decisions) went on to make "
        f"{signed(away.net_pnl)}, {signed(away.mean_net_pnl)} each "
        f"({numerals.percent(away.confidence, 0)} sure that it loses)."
    )


def refusal(answer: "GatesAnswer | None", account: "Account | None") -> tuple[str, str]:
    """Which gates refuse, and what the candidate means in money: two lines, empty if none does."""
    if answer is None:
        return "It was evaluated without gates.", headline(account)
    if not answer.refusing:
        return "", ""
    names = ", ".join(gate.name for gate in answer.refusing).replace("_", " ")
    return (
        f"{len(answer.refusing)} of {len(answer.gates)} gates refuse it: {names}.",
        headline(account),
    )


def amount(value: float) -> str:
    """An amount in the ledger's currency, without a sign for gains."""
    if abs(value) < SMALLEST_COIN / 2:
        return "0"
    return numerals.amount(value)


def signed(value: float) -> str:
    """An amount with its sign."""
    said = amount(value)
    return f"+{said}" if value > 0 and said != "0" else said


def more_or_less(value: float | None) -> str:
    """``120 more``, ``3,120 less``."""
    if value is None:
        return "an unknown amount more or less"
    if amount(value) == "0":
        return "no more"
    return f"{amount(abs(value))} {'more' if value > 0 else 'less'}"


def _interval(change: "Difference") -> str:
    if change.low is None or change.high is None:
        return "95 %: unknown, too few sessions"
    return f"95 %: {more_or_less(change.low)} to {more_or_less(change.high)}"


def _row(account: "Account", name: str) -> tuple[str, ...]:
    found = account.policies[name]
    return (
        POLICIES[name],
        signed(found.net_pnl),
        numerals.percent(found.return_on_capital, signed=True),
        f"{amount(found.max_drawdown)} ({numerals.percent(found.max_drawdown_pct)})",
        amount(found.worst_day),
        numerals.percent(found.exposure, 0),
    )


def _both(change: "Difference") -> tuple[str, str]:
    if change.value is None:
        return "-", "-"
    if change.low is None or change.high is None:
        return signed(change.value), "-"
    return signed(change.value), f"{signed(change.low)} to {signed(change.high)}"
