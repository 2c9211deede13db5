"""Which tries count as one, and which as many."""

import pytest

from afterclose.gating.alpha_spending import alpha_of_recipe, recipe_id, recipe_number
from afterclose.learning.training import TrainingOptions

DIGEST_OF_0_1_0 = "dc86cc6301a37e2a"
USUAL = recipe_id(TrainingOptions(), 8.0, ["atr_pct", "rsi"])


@pytest.mark.parametrize(
    "change",
    [
        {"risk_threshold": 0.4},
        {"mae_threshold": 0.02},
        {"model": "hist_gradient_boosting"},
        {"seed": 1},
        {"threshold_mode": "fixed"},
        {"block_share": 0.3},
        {"embargo_sessions": 5},
    ],
)
def test_another_setting_is_another_try(change: dict) -> None:
    assert recipe_id(TrainingOptions(**change), 8.0, ["atr_pct", "rsi"]) != USUAL


def test_another_feature_or_abstention_is_another_try() -> None:
    assert recipe_id(TrainingOptions(), 8.0, ["atr_pct", "rsi", "trend"]) != USUAL
    assert recipe_id(TrainingOptions(), 4.0, ["atr_pct", "rsi"]) != USUAL


def test_what_changes_no_verdict_is_no_try() -> None:
    options = TrainingOptions(min_dataset_size=500, calendar_overrides="extra.json")
    assert recipe_id(options, 8.0, ("rsi", "atr_pct")) == USUAL
    fixed = [TrainingOptions(threshold_mode="fixed", block_share=share) for share in (0.1, 0.2)]
    assert len({recipe_id(options, 8.0, ["rsi"]) for options in fixed}) == 1


def test_a_recipe_of_0_1_0_keeps_its_digest() -> None:
    """As 0.1.0 wrote it into evaluations, for the options that it had."""
    of_0_1_0 = TrainingOptions(threshold_mode="fixed")
    assert recipe_id(of_0_1_0, 8.0, ["atr_pct", "rsi"]) == DIGEST_OF_0_1_0


def test_a_recipe_keeps_the_number_of_its_first_try() -> None:
    assert recipe_number("a", []) == 1
    assert recipe_number("b", ["a", "a", "b", "c"]) == 2
    assert recipe_number("d", ["a", "b", "a", "c"]) == 4
    assert recipe_number("a", ["a", "b"]) == 1


def test_each_further_recipe_has_a_smaller_share() -> None:
    shares = [alpha_of_recipe(0.05, number) for number in range(1, 20)]
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) < 0.05
