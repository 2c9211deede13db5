"""A held-out part of five trades under a model whose scores are given, worked out by hand."""

import pytest
from msgspec import to_builtins

from afterclose.dataset.columns import EPOCH, MICROSECOND, Dataset
from afterclose.evaluating.evaluation import evaluate_model
from afterclose.evaluating.figures import DatasetVersion, Head
from afterclose.evaluating.frozen_model import FrozenModel
from afterclose.evaluating.options import EvaluationOptions
from afterclose.learning.features import describe_features
from afterclose.learning.splits import no_embargo
from afterclose.learning.training import TrainingOptions
from training_builders import dataset_of

PNL = [0.02, -0.01, 0.03, -0.04, 0.01]
SCORE = [0.1, 0.9, 0.2, 0.8, 0.7]
ACTIVE_SCORE = [0.9, 0.9, 0.1, 0.1, 0.1]


def reads(name: str, dataset: Dataset, last_train_exit_us: int) -> FrozenModel:
    """A model that takes the feature ``name`` for its score."""
    column = dataset.features[:, [dataset.feature_names.index(name)]]
    return FrozenModel(
        model_id=f"reads_{name}",
        options=TrainingOptions(),
        last_train_exit=EPOCH + last_train_exit_us * MICROSECOND,
        stats=describe_features((name,), column),
        risks=lambda values: values[:, 0],
    )


@pytest.fixture(scope="module")
def evaluation() -> dict:
    # 20 trades that alternate, then the five; a trade a day, each over within the hour
    dataset = dataset_of(
        {"given": [0.3, 0.6] * 10 + SCORE, "other": [0.3, 0.6] * 10 + ACTIVE_SCORE},
        pnl_pct=[0.01, -0.01] * 10 + PNL,
        hours_held=1,
    )
    after_two = int(dataset.exit_us[21])
    made = evaluate_model(
        dataset,
        reads("given", dataset, int(dataset.exit_us[19])),
        no_embargo,
        EvaluationOptions(bootstrap_resamples=100),
        Head(
            model_id="reads_given",
            evaluated_at="",
            dataset=DatasetVersion(version="", rows=25, sha256=""),
            settings={},
            active_model="reads_other",
        ),
        active=reads("other", dataset, after_two),
        candidates_tried=4,
    )
    return to_builtins(made)


def test_the_newest_fifth_is_held_out(evaluation: dict) -> None:
    held_out = evaluation["held_out"]
    assert held_out["rules_only"]["trades"] == 5
    assert held_out["first_decision"] == "2024-01-22T15:00:00+00:00"  # 2 January and 20 days
    assert held_out["last_decision"] == "2024-01-26T15:00:00+00:00"


def test_rules_only_trades_everything(evaluation: dict) -> None:
    rules = evaluation["held_out"]["rules_only"]
    assert rules["bad_trades"] == 2
    assert rules["win_rate"] == 0.6
    assert rules["expectancy"] == pytest.approx(0.002)
    assert rules["profit_factor"] == pytest.approx(0.06 / 0.05)
    assert rules["max_drawdown"] == pytest.approx(-0.04)


def test_the_filter_keeps_the_first_and_the_third(evaluation: dict) -> None:
    held_out = evaluation["held_out"]
    kept = held_out["rules_ml"]
    assert kept["trades"] == 2
    assert kept["expectancy"] == pytest.approx(0.025)
    assert kept["profit_factor"] is None  # no loss
    assert kept["max_drawdown"] == 0.0
    effect = held_out["filter_effect"]
    assert effect["bad_trades_avoided"] == 2
    assert effect["good_trades_lost"] == 1
    assert effect["pnl_avoided"] == pytest.approx(-0.05)
    assert effect["pnl_forgone"] == pytest.approx(0.01)
    assert held_out["differences"]["expectancy"]["value"] == pytest.approx(0.023)
    assert held_out["differences"]["total_pnl"]["value"] == pytest.approx(0.04)
    assert held_out["differences"]["profit_factor"]["value"] is None


def test_scores_sort_all_five_correctly(evaluation: dict) -> None:
    assert evaluation["held_out"]["scores"]["auc"] == 1.0
    # squares: .01, .01, .04, .04, .49
    assert evaluation["held_out"]["scores"]["brier"] == pytest.approx(0.118)
    assert evaluation["held_out"]["threshold_keeping_80"] == 0.8  # the fourth of five scores


def test_two_blocks_cannot_be_surprising_and_four_were_tried(evaluation: dict) -> None:
    luck = evaluation["held_out"]["significance"]
    # Three of five are blocked, and the mean is 0.002. Trades 1 to 4 are a block that gained
    # 0.6 x (0.018 + 0.028) + 0.4 x (0.012 + 0.042) = 0.0492, trade 5 one that lost 0.4 x 0.008.
    # As much as 0.0492 - 0.0032 comes with either sign of the second block: in half of the draws.
    assert luck["p_value"] == pytest.approx(0.5, abs=0.02)
    assert luck["candidates_tried"] == 4
    assert luck["p_value_deflated"] == pytest.approx(1 - (1 - luck["p_value"]) ** 4)


def test_the_active_model_is_compared_on_the_three_trades_it_cannot_know(evaluation: dict) -> None:
    active = evaluation["versus_active"]
    assert active["model_id"] == "reads_other"
    assert (active["trades_held_out"], active["trades_compared"]) == (5, 3)
    assert active["rules_only"]["total_pnl"] == pytest.approx(0.0)
    assert active["rules_ml"]["total_pnl"] == pytest.approx(0.03)
    assert active["rules_active"]["trades"] == 3
    assert active["differences"]["expectancy"]["value"] == pytest.approx(0.03)
    assert active["active_differences"]["expectancy"]["value"] == pytest.approx(0.0)


def test_every_scored_trade_is_listed(evaluation: dict) -> None:
    listed = evaluation["trades"]["held_out"]
    assert listed["trades"] == listed["listed"] == 5
    assert listed["trade_id"] == ["T00020", "T00021", "T00022", "T00023", "T00024"]
    assert listed["score"] == SCORE
    assert listed["pnl"] == PNL
    assert listed["bad"] == [False, True, False, True, False]
    assert listed["allowed"] == [True, False, True, False, False]


def test_the_recipe_walks_forward_over_the_last_five(evaluation: dict) -> None:
    walked = evaluation["walk_forward"]
    assert walked["rules_only"]["trades"] == 5  # the first 20 only train
    assert [window["n_train"] for window in walked["windows"]] == [20, 21, 22, 23, 24]
