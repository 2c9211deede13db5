"""Paths and overfitting of a real effect and of noise; the same numbers however they are made."""

from dataclasses import replace
from functools import partial

import msgspec
import numpy as np
import pytest

from afterclose.dataset.columns import Dataset
from afterclose.evaluating.cross_validation import MIN_TRADES, CrossValidation, cross_validate
from afterclose.evaluating.notes import cross_validation_notes
from afterclose.learning.splits import no_embargo
from afterclose.learning.training import TrainingOptions, label
from afterclose.parallel import run_all
from training_builders import dataset_of, learnable


def crossed(dataset: Dataset, how: object = map, **options: object) -> CrossValidation | None:
    made = TrainingOptions(**options)
    return cross_validate(
        dataset,
        label(dataset, made),
        made,
        no_embargo,
        regularisation_c=1.0,
        max_abs_z=8.0,
        run_all=how,
    )


def test_a_real_effect_is_better_than_the_rules_on_every_path() -> None:
    found = crossed(learnable(600))
    assert (found.groups, found.test_groups, found.fits, found.paths) == (6, 2, 15, 5)
    assert found.share_better == 1
    assert found.quantiles["min"] == found.expectancy_differences[0] > 0.001
    assert found.quantiles["median"] == found.expectancy_differences[2]
    assert found.configurations == 21
    assert found.pbo < 0.1


def test_outcomes_dealt_out_at_random_are_often_an_overfit() -> None:
    found = []
    for seed in range(8):
        real = learnable(200, seed=seed)
        shuffled = np.random.default_rng(seed).permutation(real.realized_pnl_pct)
        found.append(crossed(replace(real, realized_pnl_pct=shuffled)))
    assert np.mean([each.pbo for each in found]) > 0.3
    assert np.mean([each.share_better for each in found]) < 0.8


def test_too_few_trades_are_not_cross_validated() -> None:
    assert crossed(learnable(MIN_TRADES - 1)) is None
    assert crossed(learnable(MIN_TRADES)) is not None


def test_trades_decided_at_one_moment_are_not_cross_validated() -> None:
    assert crossed(learnable(150, hours_between=0)) is None


@pytest.mark.parametrize("feature", [np.zeros(150), np.full(150, np.nan)])
def test_without_a_usable_feature_every_path_is_the_rules_alone(feature: np.ndarray) -> None:
    pnl = np.where(np.arange(150) % 2, 0.01, -0.01)
    found = crossed(dataset_of({"flat": feature}, pnl_pct=pnl, hours_held=1))
    assert found.expectancy_differences == [0.0] * 5
    assert (found.share_better, found.pbo) == (0, 0.5)


@pytest.mark.parametrize(
    "options",
    [
        {"threshold_mode": "tuned"},
        {"threshold_mode": "fixed", "calibration": "sigmoid", "sample_weights": "uniqueness"},
        {"model": "hist_gradient_boosting"},
    ],
    ids=lambda options: "-".join(map(str, options.values())),
)
def test_every_recipe_has_paths_of_its_own(options: dict) -> None:
    dataset = learnable(MIN_TRADES)
    found = crossed(dataset, **options)
    assert found.configurations == (6 if "model" in options else 21)
    assert found.expectancy_differences != crossed(dataset).expectancy_differences
    assert np.isfinite([*found.expectancy_differences, found.pbo]).all()


def test_parallel_fits_give_the_same_numbers() -> None:
    dataset = learnable(150)
    parallel = partial(run_all, n_jobs=2, backend="threading")
    assert crossed(dataset, parallel) == crossed(dataset)


def test_it_is_plain_json() -> None:
    assert b"NaN" not in msgspec.json.encode(crossed(learnable(150)))


def test_a_note_says_why_there_are_no_paths_and_when_they_speak_against_the_choice() -> None:
    found = crossed(learnable(150))
    assert list(cross_validation_notes(found, 150)) == []
    assert list(cross_validation_notes(None, 50)) == [
        "Too few trades for combinatorial cross-validation (50, needed 120)."
    ]
    assert "at one moment" in next(cross_validation_notes(None, 150))
    (overfit,) = cross_validation_notes(msgspec.structs.replace(found, pbo=0.6), 150)
    assert "below their median on the other half 60% of the time" in overfit
