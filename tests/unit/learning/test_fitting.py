"""Whatever is chosen by results is chosen on trades that the scoring fit had not seen."""

from typing import Any

import numpy as np
import pytest

from afterclose.dataset.columns import Dataset
from afterclose.learning.calibration import Calibrated, SoftVote
from afterclose.learning.fitting import Fitted, fit
from afterclose.learning.models import KINDS, fit_model, margins, predict_risks
from afterclose.learning.sample_weights import sample_weights
from afterclose.learning.splits import no_embargo, purged_walk_forward
from afterclose.learning.threshold import choose_threshold
from afterclose.learning.training_options import TrainingOptions
from afterclose.learning.training_set import TrainingSet
from training_builders import learnable


def training_set_of(dataset: Dataset) -> TrainingSet:
    columns = [dataset.feature_names.index(name) for name in ("gappy", "heat", "noise")]
    return TrainingSet(
        dataset.features[:, columns],
        dataset.realized_pnl_pct < 0,
        dataset.realized_pnl_pct,
        dataset.decision_us,
        dataset.exit_us,
    )


TRAINING_SET = training_set_of(learnable(240))


def fitted(
    training_set: TrainingSet = TRAINING_SET, cutoff: Any = no_embargo, **options: Any
) -> Fitted:
    return fit(training_set, TrainingOptions(**options), cutoff)


def changed(training_set: TrainingSet, rows: slice) -> TrainingSet:
    """The outcomes of these rows turned round."""
    pnl = training_set.pnl.copy()
    pnl[rows] = -pnl[rows]
    return training_set._replace(pnl=pnl, bad=pnl < 0)


def test_at_a_fixed_threshold_nothing_is_scored_unseen() -> None:
    made = fitted(risk_threshold=0.6, threshold_mode="fixed")
    assert (made.threshold, made.threshold_mode, made.n_unseen) == (0.6, "fixed", None)
    assert made.calibration == {"logistic": "none"}
    plain = fit_model(TRAINING_SET.values, TRAINING_SET.bad, regularisation_c=made.regularisation_c)
    np.testing.assert_array_equal(
        predict_risks(made.model, TRAINING_SET.values), predict_risks(plain, TRAINING_SET.values)
    )


def test_by_default_a_fifth_of_the_unseen_scores_lies_above_the_threshold() -> None:
    made = fitted(risk_threshold=0.6)
    splits = purged_walk_forward(
        TRAINING_SET.decision_us,
        TRAINING_SET.exit_us,
        n_windows=4,
        min_train=120,
        embargo_cutoff=no_embargo,
    )
    risks = [
        predict_risks(
            fit_model(
                TRAINING_SET.values[train],
                TRAINING_SET.bad[train],
                regularisation_c=made.regularisation_c,
            ),
            TRAINING_SET.values[test],
        )
        for train, test, _ in splits
    ]
    assert (made.threshold_mode, made.n_unseen) == ("share", 120)
    assert (np.concatenate(risks) > made.threshold).sum() == 24


def test_the_share_to_block_decides_the_threshold() -> None:
    thresholds = [fitted(block_share=share).threshold for share in (0.1, 0.2, 0.5)]
    assert thresholds == sorted(thresholds, reverse=True)
    assert len(set(thresholds)) == 3


def test_outcomes_do_not_move_a_threshold_by_share() -> None:
    """Beyond what they change in the models: the newest outcomes are in no unseen score."""
    assert fitted(changed(TRAINING_SET, slice(230, 240)), model="xgboost").threshold == (
        fitted(model="xgboost").threshold
    )


def test_the_tuned_threshold_is_chosen_on_risks_of_purged_walk_forward() -> None:
    made = fitted(threshold_mode="tuned", model="hist_gradient_boosting")
    splits = purged_walk_forward(
        TRAINING_SET.decision_us,
        TRAINING_SET.exit_us,
        n_windows=4,
        min_train=120,
        embargo_cutoff=no_embargo,
    )
    risks = [
        predict_risks(
            fit_model(
                TRAINING_SET.values[train], TRAINING_SET.bad[train], kind="hist_gradient_boosting"
            ),
            TRAINING_SET.values[test],
        )
        for train, test, _ in splits
    ]
    assert made.threshold == choose_threshold(np.concatenate(risks), TRAINING_SET.pnl[120:])
    assert (made.threshold_mode, made.n_unseen) == ("tuned", 120)


def test_curves_and_thresholds_are_embargoed() -> None:
    asked: list[int] = []

    def cutoff(test_start_us: int) -> int:
        asked.append(test_start_us)
        return test_start_us

    fitted(cutoff=cutoff, model="xgboost", calibration="sigmoid", threshold_mode="tuned")
    assert asked == [int(TRAINING_SET.decision_us[row]) for row in (120, 150, 180, 210)]


def test_a_purged_outcome_changes_no_unseen_score() -> None:
    """Trade 119 is still open when the first window, of trade 120, begins."""
    assert TRAINING_SET.exit_us[119] > TRAINING_SET.decision_us[120]
    only_first = TRAINING_SET.take(np.arange(121))
    before = fitted(only_first, model="xgboost", threshold_mode="tuned").threshold
    after = fitted(changed(only_first, slice(119, 120)), model="xgboost", threshold_mode="tuned")
    assert after.threshold == before


@pytest.mark.parametrize("kind", KINDS)
def test_a_sigmoid_bends_the_models_margins(kind: str) -> None:
    plain, bent = fitted(model=kind), fitted(model=kind, calibration="sigmoid")
    assert bent.calibration == {kind: "sigmoid"}
    before = margins(plain.model, TRAINING_SET.values)
    risks = predict_risks(bent.model, TRAINING_SET.values)
    after = np.log(risks / (1 - risks))
    slope, offset = np.polyfit(before, after, 1)
    assert after == pytest.approx(slope * before + offset, abs=1e-4)
    assert slope > 0


def test_a_sigmoid_of_a_logistic_regression_is_another_logistic_regression() -> None:
    made = fitted(calibration="sigmoid")
    assert made.model is made.linear
    assert not isinstance(made.model, Calibrated)


def test_an_ensemble_is_the_mean_of_calibrated_members() -> None:
    made = fitted(model="ensemble")
    assert isinstance(made.model, SoftVote)
    assert made.calibration == {"logistic": "sigmoid", "hist_gradient_boosting": "sigmoid"}
    alone = [
        predict_risks(fitted(model=kind, calibration="sigmoid").model, TRAINING_SET.values)
        for kind in made.calibration
    ]
    np.testing.assert_array_equal(
        predict_risks(made.model, TRAINING_SET.values), (alone[0] + alone[1]) / 2
    )
    assert made.regularisation_c == fitted(calibration="sigmoid").regularisation_c


def test_an_ensembles_threshold_is_tuned_on_its_own_votes() -> None:
    made = fitted(model="ensemble", threshold_mode="tuned")
    assert made.threshold_mode == "tuned"
    assert made.n_unseen == 120


def test_where_nothing_can_be_scored_unseen_the_fixed_threshold_stands() -> None:
    one_class_before = TRAINING_SET._replace(bad=np.arange(240) >= 230)
    made = fitted(one_class_before, threshold_mode="tuned", calibration="auto", risk_threshold=0.4)
    assert (made.threshold, made.threshold_mode, made.n_unseen) == (0.4, "fixed", 0)
    assert made.calibration == {"logistic": "none"}


@pytest.mark.parametrize("mode", ["uniqueness", "loss", "both"])
def test_the_final_fit_weighs_its_rows(mode: str) -> None:
    weights = sample_weights(mode, TRAINING_SET.decision_us, TRAINING_SET.exit_us, TRAINING_SET.pnl)
    made = fitted(model="hist_gradient_boosting", sample_weights=mode)
    weighted = fit_model(
        TRAINING_SET.values, TRAINING_SET.bad, kind="hist_gradient_boosting", weights=weights
    )
    np.testing.assert_array_equal(
        predict_risks(made.model, TRAINING_SET.values), predict_risks(weighted, TRAINING_SET.values)
    )


def test_a_large_loss_draws_the_model_further_than_a_small_one() -> None:
    """Two like groups of losers; the one that loses ten times as much is scored riskier."""
    side = np.repeat([0.0, 1.0], 120)
    loses = np.tile([True, False], 120)
    pnl = np.where(loses, np.where(side == 1, -0.10, -0.01), 0.01)
    times = TRAINING_SET.decision_us
    training_set = TrainingSet(side[:, None], loses, pnl, times, times + 1)
    order = np.random.default_rng(0).permutation(240)
    mixed = TrainingSet(side[order][:, None], loses[order], pnl[order], times, times + 1)
    plain, weighted = fitted(mixed), fitted(mixed, sample_weights="loss")
    assert predict_risks(plain.model, training_set.values[[0, 239]]) == pytest.approx(0.5, abs=0.02)
    small, large = predict_risks(weighted.model, training_set.values[[0, 239]])
    assert small < 0.45
    assert large > 0.55
