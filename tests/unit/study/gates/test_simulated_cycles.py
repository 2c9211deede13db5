"""Simulated cycles say what the full evaluation of each night would have said."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from afterclose.dataset.columns import Dataset
from afterclose.evaluating.evidence import evidence
from afterclose.evaluating.prequential import judged_track
from afterclose.market.embargo import DAY_US, embargo_cutoff
from afterclose.settings import Settings
from afterclose.study.gates.planted_trades import planted_trades
from afterclose.study.gates.simulated_cycles import (
    Cycle,
    Recipe,
    cycle_over,
    full_cycle,
    known_by,
    promoted_at_once,
    promoted_ever,
)
from training_builders import learnable

RECIPE = Recipe.from_settings(
    Settings(bootstrap_resamples=200, gate_min_trades=60, threshold_mode="fixed")
)
NOISE = partial(planted_trades, odds_ratio=1.0)
EDGE = partial(planted_trades, odds_ratio=8.0)


@pytest.fixture
def nights(monkeypatch: pytest.MonkeyPatch) -> list[Dataset]:
    """The datasets that were evaluated in full; none of them is promoted."""
    seen: list[Dataset] = []
    monkeypatch.setattr("afterclose.study.gates.simulated_cycles.NIGHTS", 300)
    monkeypatch.setattr(
        "afterclose.study.gates.simulated_cycles.cycle_over",
        lambda _recipe, dataset: seen.append(dataset) or Cycle(("steady",)),
    )
    return seen


def test_the_recipe_is_that_of_the_settings() -> None:
    settings = Settings(risk_threshold=0.4, mae_threshold=0.02, ood_max_z=5.0, gate_alpha=0.01)
    recipe = Recipe.from_settings(settings)
    assert (recipe.training.risk_threshold, recipe.training.mae_threshold) == (0.4, 0.02)
    assert recipe.training.calendar == ""
    assert recipe.evaluation.ood_max_z == 5.0
    assert recipe.gates.alpha == 0.01


def test_an_edge_is_promoted_and_noise_is_refused_for_its_lack_of_evidence() -> None:
    assert promoted_at_once(RECIPE, partial(EDGE, 900), 2) == Cycle((), blocked_earned=False)
    assert "luck_of_all_nights" in promoted_at_once(RECIPE, partial(NOISE, 900), 2).refused


def test_a_ledger_too_small_to_split_is_refused() -> None:
    assert promoted_at_once(RECIPE, partial(EDGE, 20), 0) == Cycle(("luck_of_all_nights",))


def test_a_night_knows_only_what_has_ended(nights: list[Dataset]) -> None:
    assert promoted_ever(RECIPE, partial(EDGE, 900), 0) == Cycle(("steady",))
    sizes = [len(dataset) for dataset in nights]
    assert sizes == sorted(sizes)
    assert 60 <= sizes[0] < sizes[-1] <= 900
    for dataset in nights:
        assert len(dataset) == len(known_by(dataset, int(dataset.exit_us.max())))


def test_the_nights_that_are_evaluated_in_full_are_those_with_evidence(
    nights: list[Dataset],
) -> None:
    whole = EDGE(900, 0)
    promoted_ever(RECIPE, partial(EDGE, 900), 0)
    in_full = {len(dataset) for dataset in nights}
    first_us = int(np.sort(whole.exit_us)[59])
    for day in (30, 150, 200, 240, 280):
        night_us = first_us + day * DAY_US
        known = len(known_by(whole, night_us))
        assert (known in in_full) == convincing(whole, night_us), known
    assert min(in_full) > 200


def convincing(dataset: Dataset, night_us: int) -> bool:
    """The evidence of one night computed anew from the trades known then."""
    known = known_by(dataset, night_us)
    track = judged_track(known, RECIPE.training, embargo_cutoff(known, 1), max_abs_z=8.0)
    found = evidence(track)
    left = np.exp(found.log_stake - found.log_peak)
    return found.p_value <= 0.025 and left >= 0.1


def test_ten_fills_of_each_decision_change_no_figure_of_the_evidence() -> None:
    """Decisions booked as ten fills of a tenth: gates ask the same and hear the same."""
    alone = learnable(700)
    rows = np.repeat(np.arange(700), 10)
    ten = alone.take(rows)
    ten = replace(
        ten,
        trade_id=[f"{name}-{number % 10}" for number, name in enumerate(ten.trade_id)],
        quantity=ten.quantity / 10,
        notional=ten.notional / 10,
    )
    once, many = full_cycle(RECIPE, alone), full_cycle(RECIPE, ten)
    assert not isinstance(once, str)
    assert not isinstance(many, str)
    for gate, of_fills in zip(once.gates, many.gates, strict=True):
        assert (of_fills.name, of_fills.passed) == (gate.name, gate.passed)
        if gate.value is not None:  # nothing is active to be better than
            assert of_fills.value == pytest.approx(gate.value, rel=0.05), gate.name


@pytest.mark.parametrize("seed", [0, 1, 2, 3])
def test_what_is_asked_first_is_what_the_whole_evaluation_answers(seed: int) -> None:
    trades = planted_trades(500, seed, odds_ratio=1.5, loss_pct=0.02)
    whole = full_cycle(RECIPE, trades)
    assert not isinstance(whole, str)
    refused = tuple(gate.name for gate in whole.refusing)
    first = cycle_over(RECIPE, trades).refused
    assert first == (("blocked_lose_money",) if "blocked_lose_money" in refused else refused)
