"""Money in words: amounts, the headline, and what the gates refuse."""

import pytest
from msgspec.structs import replace

from afterclose.evaluating.account import Account
from afterclose.evaluating.comparison import Difference
from afterclose.wording.money import (
    amount,
    fine_print,
    headline,
    more_or_less,
    refusal,
    signed,
    taken_away,
    volatility_remark,
)
from report_builders import evaluated


def account(**changes: object) -> Account:
    made = evaluated().walk_forward.account
    assert made is not None
    return replace(made, **changes)


def difference(value: float, low: float | None = None, high: float | None = None) -> Difference:
    return Difference(value=value, low=low, high=high, resamples=100)


@pytest.mark.parametrize(
    ("value", "plain", "with_sign"),
    [
        (3120.4, "3,120", "+3,120"),
        (-3120.4, "-3,120", "-3,120"),
        (12.345, "12.35", "+12.35"),
        (0.001, "0", "0"),
        (-0.001, "0", "0"),
    ],
)
def test_amounts_have_cents_only_where_they_matter(
    value: float, plain: str, with_sign: str
) -> None:
    assert amount(value) == plain
    assert signed(value) == with_sign


def test_a_difference_is_more_or_less() -> None:
    assert more_or_less(-3120) == "3,120 less"
    assert more_or_less(150) == "150 more"
    assert more_or_less(0) == "no more"


def test_the_headline_is_the_money_with_its_interval() -> None:
    against_rules = {"rules_only": {"net_pnl": difference(-3120, -6400, 150)}}
    made = account(capital=100_000.0, differences=against_rules)
    assert headline(made) == (
        "Would have earned 3,120 less than the rules alone on 100,000 "
        "(95 %: 6,400 less to 150 more)."
    )
    unsure = account(differences={"rules_only": {"net_pnl": difference(-3120)}})
    assert headline(unsure).endswith("(95 %: unknown, too few sessions).")


def test_what_was_taken_away_is_followed_to_its_end() -> None:
    assert taken_away(account()) == (
        "What it took away (26 decisions) went on to make -513, -19.73 each "
        "(100 % sure that it loses)."
    )


def test_a_gain_that_atr_has_too_is_volatility() -> None:
    gained = {"net_pnl": difference(500)}
    both = {"rules_only": gained, "atr": {"net_pnl": difference(-1)}}
    assert volatility_remark(account(differences=both)).startswith("Sizing by ATR alone gains")
    beaten = {"rules_only": gained, "atr": {"net_pnl": difference(1)}}
    assert volatility_remark(account(differences=beaten)) == ""


def test_the_fine_print_says_what_is_unknown_and_how_little_there_is() -> None:
    lines = list(fine_print(account(sessions=12, block_sessions=5, sizes="one_unit")))
    assert lines[1] == "That is 2 blocks: too few for an interval to be firm."
    assert lines[2] == "Same sizes by ATR: unknown (the feature atr_pct is not there)."
    assert lines[3].startswith("All quantities are 1")


def test_a_refusal_is_which_gates_and_what_it_means_in_money() -> None:
    found = evaluated()
    which, in_money = refusal(found.gates, found.walk_forward.account)
    assert "gates refuse it: enough decisions, " in which
    assert in_money.startswith("Would have earned 513 more than the rules alone on 2,000")
