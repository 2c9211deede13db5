"""Learning sees the past only, and says in words when there is nothing to learn."""

from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
import pytest

from afterclose.dataset.columns import Dataset
from afterclose.errors import CannotTell, ConfigError
from afterclose.learning.models import REGULARISATION_GRID
from afterclose.learning.splits import no_embargo
from afterclose.learning.training import (
    Learned,
    PreparedData,
    TrainingOptions,
    label,
    learn,
    prepare,
    too_small,
    without_atr,
)
from afterclose.settings import Settings
from training_builders import HOUR_US, dataset_of, learnable

OPTIONS = TrainingOptions()


def trained(dataset: Dataset, **options: Any) -> Learned:
    chosen = TrainingOptions(**options)
    prepared = prepare(dataset, chosen, no_embargo)
    assert isinstance(prepared, PreparedData)
    return learn(prepared, chosen, no_embargo)


def changed(dataset: Dataset, rows: Any, **columns: Any) -> Dataset:
    """The dataset with these columns' values replaced in these rows."""
    replaced = {}
    for name, value in columns.items():
        replaced[name] = getattr(dataset, name).copy()
        replaced[name][rows] = value
    return replace(dataset, **replaced)


# --- options ----------------------------------------------------------------------------


def test_defaults_are_those_of_the_settings_but_for_the_calendar() -> None:
    shared = set(TrainingOptions.__struct_fields__) - {"calendar"}
    assert {name: getattr(OPTIONS, name) for name in shared} == {
        name: getattr(Settings(), name) for name in shared
    }


@pytest.mark.parametrize("threshold", [0.0, -0.03, 3.0, float("nan"), float("inf")])
def test_a_threshold_outside_its_range_is_a_configuration_error(threshold: float) -> None:
    with pytest.raises(ConfigError, match="ML_MAE_THRESHOLD"):
        TrainingOptions(mae_threshold=threshold).check()


def test_multiples_of_the_atr_may_be_above_one() -> None:
    TrainingOptions(mae_threshold=3.0, mae_unit="atr").check()


def test_a_model_that_is_not_available_is_a_configuration_error() -> None:
    with pytest.raises(ConfigError, match="ML_MODEL='oracle'"):
        TrainingOptions(model="oracle").check()


# --- what cannot be learned from --------------------------------------------------------


def test_too_few_trades_are_said_with_both_numbers() -> None:
    assert too_small(learnable(5), OPTIONS) == (
        "Dataset too small (5 rows). Need >= 20 for training."
    )
    assert too_small(learnable(20), OPTIONS) == ""


@pytest.mark.parametrize(("pnl", "bad"), [(0.01, 0), (-0.01, 40)])
def test_one_class_is_nothing_to_learn(pnl: float, bad: int) -> None:
    dataset = changed(learnable(40), slice(None), realized_pnl_pct=pnl)
    assert prepare(dataset, OPTIONS, no_embargo) == (
        f"one class: {bad} of 40 trades are bad, nothing to tell apart"
    )


def test_one_class_in_the_training_part_is_nothing_to_learn() -> None:
    dataset = changed(learnable(40), slice(0, 34), realized_pnl_pct=0.01)
    dataset = changed(dataset, 39, realized_pnl_pct=-0.01)
    assert prepare(dataset, OPTIONS, no_embargo) == (
        "one class in the training part: 0 of 31 trades are bad "
        "(8 newer ones are held out, 1 overlap them)"
    )


def test_trades_that_all_overlap_the_test_leave_nothing_to_train_on() -> None:
    dataset = learnable(40, hours_between=1, hours_held=1000)
    reason = prepare(dataset, OPTIONS, no_embargo)
    assert reason == (
        "one class in the training part: 0 of 0 trades are bad "
        "(8 newer ones are held out, 32 overlap them)"
    )


def test_no_usable_feature_names_each_with_its_fault() -> None:
    values = np.full(40, np.nan)
    values[:3] = 1, 2, 3
    pnl = np.where(np.arange(40) % 2, 0.01, -0.01)
    dataset = dataset_of({"flat": np.ones(40), "rare": values}, pnl_pct=pnl)
    assert prepare(dataset, OPTIONS, no_embargo) == (
        "no usable feature: flat (constant), rare (present in 3 of 31 rows, under 50%)"
    )


def test_one_class_in_the_test_part_is_trained_and_leaves_its_auc_undefined() -> None:
    dataset = changed(learnable(60), slice(48, 60), realized_pnl_pct=0.01)
    metrics = trained(dataset).metrics
    assert metrics.test_auc is None
    assert metrics.train_auc is not None
    assert metrics.brier is not None
    assert metrics.test_accuracy is not None


@pytest.mark.parametrize("minority", [1, 2])
def test_a_class_with_a_single_member_trains(minority: int) -> None:
    dataset = changed(learnable(60), slice(None), realized_pnl_pct=0.01)
    metrics = trained(changed(dataset, slice(0, minority), realized_pnl_pct=-0.01)).metrics
    assert metrics.bad_share == pytest.approx(minority / 60)


# --- what is learned --------------------------------------------------------------------


def test_a_real_effect_is_found_with_its_sign_and_everything_is_reported() -> None:
    learned = trained(learnable(300))
    metrics = learned.metrics
    assert metrics.status == "trained"
    assert (metrics.n_rows, metrics.n_train, metrics.n_test, metrics.n_purged) == (300, 239, 60, 1)
    assert metrics.features == ["gappy", "heat", "noise"]
    assert set(metrics.dropped_features) == {"flat", "rare"}
    assert metrics.coefficients["heat"] > 3 * abs(metrics.coefficients["noise"]) > 0
    assert metrics.regularisation_c in REGULARISATION_GRID
    assert metrics.test_auc is not None
    assert metrics.test_auc > 0.65
    assert metrics.test_accuracy is not None
    assert metrics.baseline_accuracy is not None
    assert metrics.test_accuracy > metrics.baseline_accuracy
    assert (metrics.mae_threshold, metrics.mae_unit, metrics.risk_threshold) == (
        0.03,
        "fraction",
        0.5,
    )


def test_accuracies_are_those_of_scikit_learns_own_scorer() -> None:
    dataset = learnable(150)
    learned = trained(dataset, threshold_mode="fixed")
    prepared = prepare(dataset, OPTIONS, no_embargo)
    assert isinstance(prepared, PreparedData)
    train, test, _ = prepared.split
    columns = dataset.features[:, prepared.selection.columns]
    pipeline, metrics = learned.pipeline, learned.metrics
    assert metrics.train_accuracy == pipeline.score(columns[train], prepared.bad[train])
    assert metrics.test_accuracy == pipeline.score(columns[test], prepared.bad[test])


def test_the_baseline_calls_every_held_out_trade_what_most_training_trades_were() -> None:
    dataset = changed(learnable(50), slice(0, 40), realized_pnl_pct=0.01)
    dataset = changed(dataset, slice(0, 10), realized_pnl_pct=-0.01)
    dataset = changed(dataset, slice(40, 50), realized_pnl_pct=-0.01)
    dataset = changed(dataset, slice(40, 43), realized_pnl_pct=0.01)
    assert trained(dataset).metrics.baseline_accuracy == pytest.approx(0.3)


def test_the_held_out_and_the_purged_trades_cannot_change_the_model() -> None:
    dataset = learnable(100)
    card = trained(dataset).card
    other = changed(dataset, slice(79, 100), features=1e6, realized_pnl_pct=-0.9)
    assert trained(other).card == card
    assert trained(changed(dataset, 78, features=1e6)).card != card


def test_a_trade_that_was_open_when_the_test_began_is_not_learned_from() -> None:
    dataset = learnable(100)
    card = trained(dataset).card
    long_held = changed(dataset, 10, exit_us=dataset.decision_us[80] + HOUR_US)
    assert trained(long_held).card != card
    nowhere = changed(long_held, 10, features=1e6, realized_pnl_pct=-0.9)
    assert trained(nowhere).card == trained(long_held).card


def test_the_embargo_reaches_the_split() -> None:
    prepared = prepare(learnable(100), OPTIONS, lambda start_us: start_us - 10 * 24 * HOUR_US)
    assert isinstance(prepared, PreparedData)
    assert len(prepared.split.purged) == 11


def test_the_choice_of_regularisation_is_embargoed_too() -> None:
    asked = []

    def cutoff(test_start_us: int) -> int:
        asked.append(test_start_us)
        return test_start_us

    prepared = prepare(learnable(100), OPTIONS, cutoff)
    assert isinstance(prepared, PreparedData)
    learn(prepared, OPTIONS, cutoff)
    assert len(asked) == 5  # one test, and four windows inside the training part
    assert max(asked[1:]) < asked[0]


def test_a_calendar_that_cannot_tell_is_not_silenced() -> None:
    def cutoff(_: int) -> int:
        raise CannotTell("beyond the calendar")

    with pytest.raises(CannotTell):
        prepare(learnable(100), OPTIONS, cutoff)


def test_statistics_are_those_of_the_training_rows() -> None:
    dataset = learnable(100)
    stats = {feature.name: feature for feature in trained(dataset).stats}
    gappy = dataset.features[:79, dataset.feature_names.index("gappy")]
    assert stats["gappy"].mean == pytest.approx(np.nanmean(gappy))
    assert stats["gappy"].coverage == np.mean(~np.isnan(gappy))


def test_one_absurd_value_is_a_missing_one_not_an_exception() -> None:
    for row in (3, 95):
        dataset = changed(learnable(100), row, features=1e300)
        assert trained(dataset).metrics.status == "trained"


def test_the_threshold_in_atr_is_read_from_the_trade_itself() -> None:
    dataset = dataset_of({"atr_pct": [0.01, 0.02, 0.02]}, mae_pct=[-0.025, -0.025, -0.05])
    options = TrainingOptions(mae_threshold=2.0, mae_unit="atr")
    assert label(dataset, options).tolist() == [True, False, True]
    assert without_atr(dataset, options) == 0


def test_trades_without_an_atr_are_bad_by_their_loss_alone_and_are_counted() -> None:
    atr_pct = np.where(np.arange(100) % 4, 0.01, np.nan)
    atr_pct[1] = 0.0
    dataset = learnable(100)
    dataset = dataset_of(
        {"heat": dataset.features[:, dataset.feature_names.index("heat")], "atr_pct": atr_pct},
        pnl_pct=dataset.realized_pnl_pct,
        mae_pct=np.full(100, -0.5),
    )
    options = TrainingOptions(mae_threshold=2.0, mae_unit="atr")
    unknown = ~(atr_pct > 0)
    bad = label(dataset, options)
    assert bad[~unknown].all()
    np.testing.assert_array_equal(bad[unknown], dataset.realized_pnl_pct[unknown] < 0)
    assert trained(dataset, mae_threshold=2.0, mae_unit="atr").metrics.n_without_atr == 26


def test_nobody_counts_atrs_where_the_unit_is_a_fraction() -> None:
    assert trained(learnable(100)).metrics.n_without_atr is None


def test_the_threshold_in_atr_without_that_feature_leaves_the_losses() -> None:
    dataset = dataset_of({"a": [1, 2]}, mae_pct=[-0.5, -0.5], pnl_pct=[-0.1, 0.1])
    options = TrainingOptions(mae_threshold=2.0, mae_unit="atr")
    assert label(dataset, options).tolist() == [True, False]
    assert without_atr(dataset, options) == 2


def test_trees_have_no_coefficients_and_no_regularisation() -> None:
    learned = trained(learnable(200), model="hist_gradient_boosting")
    assert learned.metrics.coefficients == {}
    assert learned.metrics.regularisation_c is None
    assert learned.metrics.test_auc is not None


def test_metrics_are_plain_json_values() -> None:
    metrics = trained(changed(learnable(60), slice(48, 60), realized_pnl_pct=0.01)).metrics
    assert msgspec.json.decode(msgspec.json.encode(metrics)) == msgspec.structs.asdict(metrics)
