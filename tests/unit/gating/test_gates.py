"""Each gate at its bound, just beyond it, and without a number."""

from collections.abc import Callable
from functools import partial
from math import log

import pytest

from afterclose.evaluating.figures import Gate
from afterclose.gating import gates

AT_THE_BOUND = [
    # gate of one number, the last value that passes, the first that is refused
    (partial(gates.enough_decisions, minimum=100), 100, 99),
    (gates.more_money, 1e-9, 0.0),
    (lambda sure: gates.blocked_lose_money(sure, -1.0, 0.8), 0.8, 0.799),
    (lambda mean: gates.blocked_lose_money(0.9, mean, 0.8), -1e-9, 0.0),
    (gates.more_at_equal_risk, 1e-9, 0.0),
    (gates.better_than_atr_alone, 1e-9, 0.0),
    (lambda gain: gates.better_than_active(20, gain, none_active=False), 1e-9, 0.0),
    (lambda met: gates.better_than_active(met, 0.01, none_active=False), 20, 19),
    (partial(gates.drawdown_no_worse, rules_only=-2000.0), -100.0, -101.0),
    (partial(gates.tail_no_worse, rules_only=-400.0), -20.0, -21.0),
    (lambda kept: gates.enough_kept(kept, 0.9, 0.3), 0.3, 0.299),
    (lambda kept: gates.enough_kept(0.9, kept, 0.3), 0.3, 0.299),
    (partial(gates.luck_of_one_look, alpha=0.05), 0.05, 0.0501),
    (lambda p: gates.luck_of_all_nights(p, 1, 0.05), 0.025, 0.0251),
    (lambda p: gates.luck_of_all_nights(p, 3, 0.05), 0.05 / 12, 0.0042),
    (lambda stake: gates.evidence_not_lost(stake, 5.0), 5 + log(0.1), 2.6),
    (partial(gates.calibrated, base_rate=0.3), 0.21, 0.2101),
    (gates.not_too_good, 0.9, 0.901),
    (lambda sure: gates.no_worse_lately(0.9, sure, 0.2), 0.2, 0.19),
    (lambda sure: gates.no_worse_lately(sure, 0.9, 0.2), 0.2, 0.19),
]


@pytest.mark.parametrize(("gate", "enough", "too_little"), AT_THE_BOUND)
def test_a_gate_passes_at_its_bound_and_refuses_beyond_it_and_without_a_number(
    gate: Callable[[float | None], Gate], enough: float, too_little: float
) -> None:
    assert gate(enough).passed
    assert not gate(too_little).passed
    assert not gate(None).passed


def test_a_leak_refuses_and_so_does_not_having_looked() -> None:
    assert gates.no_leak([]).passed
    assert not gates.no_leak([{"feature": "exit", "auc": 1.0}]).passed
    assert not gates.no_leak(None).passed


def test_with_no_active_model_there_is_nothing_to_beat() -> None:
    assert gates.better_than_active(None, None, none_active=True).passed


def test_a_bound_that_is_unknown_refuses() -> None:
    assert not gates.drawdown_no_worse(0.1, None).passed
    assert not gates.tail_no_worse(0.1, None).passed
    assert not gates.calibrated(0.1, None).passed
    assert not gates.luck_of_all_nights(1e-9, None, 0.05).passed
    assert not gates.luck_of_all_nights(1e-9, 0, 0.05).passed
    assert not gates.evidence_not_lost(5.0, None).passed


def test_enough_windows_must_have_gained() -> None:
    assert gates.steady([0.01, -0.02, 0.01, -0.02], 0.5).passed
    assert not gates.steady([0.01, -0.02, -0.02], 0.5).passed
    assert not gates.steady(None, 0.0).passed


def test_windows_in_which_nothing_was_blocked_are_not_counted() -> None:
    assert gates.steady([0.0, 0.0, 0.01], 1.0).value == 1.0
    assert not gates.steady([0.0, 0.0], 0.0).passed
    assert not gates.steady([], 0.0).passed


def test_the_sentence_names_the_number_and_the_bound() -> None:
    assert gates.enough_decisions(67, 100).sentence == (
        "Out-of-sample decisions: 67, needed at least 100."
    )
    assert gates.more_money(-8862.4).sentence == (
        "Net PnL against the rules, walking forward: -8,862, needed above 0."
    )
    assert gates.blocked_lose_money(0.001, 93.28, 0.8).sentence == (
        "Confidence that what is taken away loses money, +93.28 a decision: 0.1 %, "
        "needed at least 80.0 %."
    )
    assert gates.luck_of_all_nights(0.5, 2, 0.05).sentence == (
        "Chance of such evidence by luck, on any night: 0.5000, allowed 0.0083."
    )
    assert "unknown" in gates.calibrated(None, 0.3).sentence


def test_an_unknown_number_says_why() -> None:
    sentence = gates.steady([0.0, 0.0], 0.5).sentence
    assert "unknown (the filter blocked nothing in 2 of 2 windows)" in sentence
    assert "unknown (it blocks all)" in gates.luck_of_one_look(None, 0.05, "it blocks all").sentence


def test_what_no_market_gives_and_what_atr_gives_too_is_said() -> None:
    assert gates.not_too_good(0.93).sentence.endswith(
        "No market gives that: a feature knows the outcome."
    )
    assert gates.better_than_atr_alone(-0.1).sentence.endswith(
        "Size by ATR instead; no model is needed."
    )


def test_a_record_that_is_too_short_says_how_many_decision_days_are_missing() -> None:
    young = gates.luck_of_all_nights(0.5, 1, 0.05, days_needed=1_230)
    assert young.sentence == (
        "Chance of such evidence by luck, on any night: 0.5000, allowed 0.0250. "
        "Too early to tell: about 1,230 more decision days are needed."
    )
    assert not young.passed
    assert "decision days" not in gates.luck_of_all_nights(0.01, 1, 0.05, days_needed=400).sentence
