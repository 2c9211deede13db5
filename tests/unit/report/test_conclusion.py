"""The headline: it follows the money on unseen trades, and the gates where they were asked."""

import pytest

from afterclose.evaluating.comparison import Difference
from afterclose.report.conclusion import conclusion, tone_of
from report_builders import evaluated, evaluation

GATE = {"name": "a", "value": None, "bound": None, "sentence": "so it is"}


def answer(*, passed: bool) -> dict:
    gates = [GATE | {"passed": passed}]
    return {"passed": passed, "against": None, "options": {}, "gates": gates}


def part(**changes: object) -> dict:
    return evaluation()["walk_forward"] | changes


@pytest.mark.parametrize(
    ("low", "high", "higher_is_better", "tone"),
    [
        (0.01, 0.02, True, "good"),
        (0.01, 0.02, False, "bad"),
        (-0.02, -0.01, True, "bad"),
        (-0.02, -0.01, False, "good"),
        (-0.01, 0.02, True, "unsure"),
        (0.0, 0.02, True, "unsure"),
        (None, None, True, None),
    ],
)
def test_an_interval_speaks_only_when_nothing_lies_outside(
    low: float | None, high: float | None, higher_is_better: bool, tone: str | None
) -> None:
    difference = Difference(low=low, value=0.0, high=high, resamples=100)
    assert tone_of(difference, higher_is_better=higher_is_better) == tone
    assert tone_of(None) is None


def test_a_filter_that_earns_more_is_better_and_says_by_how_much() -> None:
    found = conclusion(evaluated(gates=None))
    assert found.tone == "good"
    assert found.headline == (
        "Would have earned 513 more than the rules alone on 2,000 (95\N{NO-BREAK SPACE}%: 351 more "
        "to 704 more)."
    )
    assert found.sentences[0].startswith(
        "What it took away (26 decisions) went on to make \N{MINUS SIGN}513,"
    )
    assert "each trade alike, over 60 walk-forward trades" in found.sentences[1]
    assert "95 % interval" in found.sentences[1]
    assert "bad ones and" in found.sentences[2]


def test_a_filter_that_earns_less_is_worse_however_few_bad_trades_it_keeps() -> None:
    found = conclusion(evaluated(gain=-0.02, gates=None))
    assert found.tone == "bad"
    assert found.headline.startswith("Would have earned 527 less than the rules alone on 2,000")


def test_a_difference_that_could_be_none_is_not_clear() -> None:
    found = conclusion(evaluated(gain=0.0, gates=None))
    assert found.tone == "unsure"
    assert "less to" in found.headline


def test_an_old_evaluation_without_money_is_told_by_the_trade() -> None:
    found = conclusion(evaluated(gates=None, walk_forward=part(account=None)))
    assert found.tone == "good"
    assert found.headline == "Better than the rules alone, each trade counted alike"
    assert found.sentences[0] == "Money was not counted yet when it was evaluated."


def test_a_gate_that_refuses_takes_the_green_away() -> None:
    found = conclusion(evaluated(gates=answer(passed=False)))
    assert found.tone == "unsure"
    assert found.sentences[0] == "1 of 1 promotion gates refuse it."


def test_gates_that_all_pass_need_no_sentence() -> None:
    assert len(conclusion(evaluated(gates=answer(passed=True))).sentences) == 3


def test_a_filter_that_blocked_nothing_was_not_tested() -> None:
    effect = part()["filter_effect"] | {"blocked": 0}
    found = conclusion(evaluated(walk_forward=part(filter_effect=effect, account=None)))
    assert (found.tone, found.headline) == ("unsure", "It blocked nothing")


def test_a_filter_that_blocks_everything_is_bad() -> None:
    nothing = {**part()["rules_ml"], "trades": 0}
    found = conclusion(evaluated(walk_forward=part(rules_ml=nothing)))
    assert (found.tone, found.headline) == ("bad", "It blocks every trade")


def test_without_trades_there_is_nothing_to_judge_by() -> None:
    none = part(rules_only={**part()["rules_only"], "trades": 0})
    found = conclusion(evaluated(walk_forward=none, held_out=none))
    assert found.headline == "Nothing to judge by"


def test_the_part_with_more_trades_is_the_main_one() -> None:
    few = part(rules_only={**part()["rules_only"], "trades": 3})
    assert evaluated().main == "walk_forward"
    assert evaluated(walk_forward=few).main == "held_out"
