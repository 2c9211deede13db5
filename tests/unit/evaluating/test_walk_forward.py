"""Each window is judged by a model of its past alone."""

from dataclasses import replace

import numpy as np

from afterclose.dataset.columns import Dataset
from afterclose.evaluating.walk_forward import WINDOWS, WalkForward, walk_forward
from afterclose.learning.splits import no_embargo
from afterclose.learning.training import TrainingOptions, label
from afterclose.parallel import run_all
from training_builders import dataset_of, learnable

OPTIONS = TrainingOptions()


def walk(dataset: Dataset, **how: object) -> WalkForward:
    bad = label(dataset, OPTIONS)
    return walk_forward(dataset, bad, OPTIONS, no_embargo, max_abs_z=8.0, **how)


def test_every_trade_after_the_first_third_is_judged_once() -> None:
    walked = walk(learnable(150))
    assert walked.rows.tolist() == list(range(50, 150))
    assert len(walked.windows) == WINDOWS
    assert sum(window.n_test for window in walked.windows) == 100
    assert sum(window.n_kept for window in walked.windows) == walked.verdicts.keep.sum()
    assert [window.n_train + window.n_purged for window in walked.windows][:2] == [50, 62]


def test_later_outcomes_and_features_change_no_earlier_verdict() -> None:
    past = learnable(150)
    last = walk(past).windows[-1].n_test
    features, pnl = past.features.copy(), past.realized_pnl_pct.copy()
    features[-last:] = -5 * features[-last:]
    pnl[-last:] = -pnl[-last:]
    other = walk(replace(past, features=features, realized_pnl_pct=pnl))
    np.testing.assert_array_equal(walk(past).verdicts.score[:-last], other.verdicts.score[:-last])


def test_a_real_effect_is_found_in_every_window_and_regularisation_is_chosen_in_each() -> None:
    walked = walk(learnable(600))
    assert min(window.auc for window in walked.windows) > 0.6
    assert all(window.regularisation_c for window in walked.windows)
    assert not any(window.untrained for window in walked.windows)


def test_a_window_with_one_class_behind_it_is_traded_by_the_rules() -> None:
    pnl = np.where(np.arange(90) < 60, 0.01, -0.01)
    dataset = dataset_of({"heat": np.arange(90.0)}, pnl_pct=pnl, hours_held=1)
    walked = walk(dataset)
    first = walked.windows[0]
    assert first.untrained == "one class: 0 of 30 training trades are bad"
    assert (first.n_kept, first.auc) == (first.n_test, None)
    assert not walked.windows[-1].untrained


def test_a_window_without_a_usable_feature_is_traded_by_the_rules() -> None:
    pnl = np.where(np.arange(90) % 2, 0.01, -0.01)
    walked = walk(dataset_of({"flat": np.ones(90)}, pnl_pct=pnl, hours_held=1))
    assert {window.untrained for window in walked.windows} == {"no usable feature"}
    assert walked.verdicts.keep.all()


def test_too_few_trades_have_no_windows() -> None:
    walked = walk(learnable(OPTIONS.min_dataset_size))
    assert walked.windows == []
    assert len(walked.rows) == len(walked.verdicts.score) == 0


def test_walking_in_parallel_gives_the_same_verdicts() -> None:
    dataset = learnable(120)

    def in_threads(function: object, items: object) -> list:
        return run_all(function, items, n_jobs=2, backend="threading")

    one, other = walk(dataset), walk(dataset, run_all=in_threads)
    assert one.windows == other.windows
    np.testing.assert_array_equal(one.verdicts.score, other.verdicts.score)


def test_a_tuned_threshold_is_tuned_anew_on_the_past_of_each_window() -> None:
    dataset = learnable(400)
    tuned = TrainingOptions(threshold_mode="tuned")
    bad = label(dataset, tuned)
    walked = walk_forward(dataset, bad, tuned, no_embargo, max_abs_z=8.0)
    thresholds = [window.threshold for window in walked.windows]
    assert len(set(thresholds)) > 1
    scored = ~np.isnan(walked.verdicts.score)
    by_row = np.repeat(thresholds, [window.n_test for window in walked.windows])
    np.testing.assert_array_equal(
        walked.verdicts.keep[scored], (walked.verdicts.score <= by_row)[scored]
    )
    pnl = dataset.realized_pnl_pct.copy()
    last = walked.windows[-1].n_test
    pnl[-last:] = -pnl[-last:]
    other = replace(dataset, realized_pnl_pct=pnl)
    again = walk_forward(other, label(other, tuned), tuned, no_embargo, max_abs_z=8.0)
    assert [window.threshold for window in again.windows] == thresholds


def test_a_fixed_threshold_is_the_same_in_every_window() -> None:
    dataset, fixed = learnable(150), TrainingOptions(threshold_mode="fixed")
    walked = walk_forward(dataset, label(dataset, fixed), fixed, no_embargo, max_abs_z=8.0)
    assert {window.threshold for window in walked.windows} == {0.5}


def test_a_threshold_by_share_is_found_in_each_windows_own_past() -> None:
    """It blocks about its share of trades that nobody had seen, and no one number does."""
    windows = walk(learnable(600)).windows
    assert len({window.threshold for window in windows}) > 1
    blocked = sum(window.n_test - window.n_kept for window in windows)
    assert 0.1 < blocked / sum(window.n_test for window in windows) < 0.3
