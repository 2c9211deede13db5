"""The evaluator over real models: what it reads, what it writes once, and what it refuses."""

import json
import math
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec.json import encode

from afterclose.dataset.columns import Dataset
from afterclose.errors import InputError, IntegrityError
from afterclose.evaluating.figures import VERSION
from afterclose.evaluating.frozen_model import FrozenModel
from afterclose.evaluating.options import EvaluationOptions
from afterclose.gating.stored import evaluation_of
from afterclose.learning.training import TrainingOptions
from afterclose.learning.tree_card import read_card
from afterclose.learning.tree_scorer import scorer_of
from afterclose.model_registry import ModelRegistry
from afterclose.offline_evaluator import OfflineEvaluator
from afterclose.offline_trainer import OfflineTrainer
from afterclose.risk_filter import RiskFilter
from afterclose.settings import Settings
from afterclose.trading.model_pin import Pin
from afterclose.wording.evaluation import evaluation_text
from registry_builders import tree
from training_builders import MemoryBuilder, learnable

NOW = datetime(2026, 1, 27, 21, 30, tzinfo=UTC)
FAST = {"bootstrap_resamples": 100}


@pytest.fixture(autouse=True)
def few_repeats(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer windows and draws: that they are right is shown by their own modules' tests."""
    monkeypatch.setattr("afterclose.evaluating.walk_forward.WINDOWS", 2)
    monkeypatch.setattr("afterclose.evaluating.comparison.RANDOM_DRAWS", 1000)


def train(root: Path, dataset: Dataset, now: datetime = NOW, **options: Any) -> str:
    """Train a model under ``root`` and return its id."""
    if "risk_threshold" in options:
        options["threshold_mode"] = "fixed"
    trainer = OfflineTrainer(root / "ml_models", MemoryBuilder(dataset), TrainingOptions(**options))
    metrics = trainer.train(now=now)
    assert metrics["status"] == "trained", metrics["reason"]
    return metrics["model_id"]


def evaluator(root: Path, *datasets: Dataset, **options: Any) -> OfflineEvaluator:
    how = {name: options.pop(name) for name in ("n_jobs", "joblib_backend") if name in options}
    made = EvaluationOptions(**FAST | options)
    return OfflineEvaluator(root / "ml_models", MemoryBuilder(*datasets), options=made, **how)


def evaluated(root: Path, dataset: Dataset, **options: Any) -> dict[str, Any]:
    """Train and evaluate."""
    return figures(evaluator(root, dataset), train(root, dataset, **options))


def figures(evaluator: OfflineEvaluator, model_id: str, now: datetime = NOW) -> dict[str, Any]:
    """The evaluation that it makes of a model, as its file holds it."""
    made = evaluator.evaluate(model_id, now)
    assert (made.status, made.reason) == ("evaluated", "")
    return json.loads(encode(made.evaluation))


def numbers(value: Any) -> Iterator[float]:
    """Every number anywhere inside plain values."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from numbers(item)
    elif isinstance(value, float):
        yield value


def with_outcomes(dataset: Dataset, pnl_pct: np.ndarray) -> Dataset:
    return replace(dataset, realized_pnl_pct=pnl_pct)


def test_the_file_holds_what_is_returned_and_no_nan(tmp_path: Path) -> None:
    evaluation = evaluated(tmp_path, learnable())
    path = tmp_path / "ml_models" / evaluation["model_id"] / "evaluation.json"
    stored = json.loads(path.read_bytes(), parse_constant=pytest.fail)
    assert evaluation == stored
    assert stored["schema_version"] == VERSION
    assert stored["evaluated_at"] == NOW.isoformat()
    assert stored["settings"]["bootstrap_resamples"] == 100
    assert stored["active_model"] is None
    assert all(math.isfinite(number) for number in numbers(evaluation))


def test_the_held_out_part_is_the_trainers_and_its_scores_are_the_models(tmp_path: Path) -> None:
    dataset = learnable()
    trainer = OfflineTrainer(tmp_path / "ml_models", MemoryBuilder(dataset))
    metrics = trainer.train(now=NOW)
    trainer.load_model(metrics["model_id"])
    evaluation = figures(evaluator(tmp_path, dataset), metrics["model_id"])
    held_out, listed = evaluation["held_out"], evaluation["trades"]["held_out"]
    assert held_out["rules_only"]["trades"] == listed["trades"] == metrics["n_test"]
    assert evaluation["dataset"]["version"] == dataset.version
    for trade_id, score, allowed in zip(
        listed["trade_id"], listed["score"], listed["allowed"], strict=True
    ):
        row = dataset.features[dataset.trade_id.index(trade_id)]
        features = dict(zip(dataset.feature_names, row.tolist(), strict=True))
        if score is None:
            assert allowed
            continue
        assert score == pytest.approx(trainer.predict_risk(features), rel=1e-5)
        assert allowed == (score <= evaluation["threshold"])


def test_an_evaluated_model_is_unchanged_whatever_happens_to_the_data(tmp_path: Path) -> None:
    dataset = learnable()
    first = evaluated(tmp_path, dataset)
    before = tree(tmp_path)
    again = evaluator(tmp_path).evaluate(first["model_id"], NOW + timedelta(days=1))
    assert again.status == "unchanged"
    assert again.reason == f"{first['model_id']} was evaluated before"
    assert json.loads(encode(again.evaluation)) == first
    assert tree(tmp_path) == before


def test_the_same_inputs_give_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("afterclose.evaluating.statistics.GROUP_CELLS", 50_000)
    contents = set()
    threads = {"n_jobs": 2, "joblib_backend": "threading"}
    for name, how in (("one", {}), ("two", threads)):
        root = tmp_path / name
        model_id = train(root, learnable())
        evaluator(root, learnable(), **how).evaluate(model_id, NOW)
        contents.add((root / "ml_models" / model_id / "evaluation.json").read_bytes())
    assert len(contents) == 1


def test_a_real_effect_is_found_both_ways(tmp_path: Path) -> None:
    evaluation = evaluated(tmp_path, learnable(600), risk_threshold=0.5)
    for part in (evaluation["held_out"], evaluation["walk_forward"]):
        assert part["scores"]["auc"] > 0.7
        assert part["differences"]["expectancy"]["low"] > 0
        assert part["significance"]["p_value"] < 0.01
        assert len(part["calibration"]) == 10
        assert len(part["threshold_sweep"]) == 19
    assert len(evaluation["walk_forward"]["windows"]) == 2


def test_noise_is_not_evidence(tmp_path: Path) -> None:
    dataset = learnable(400)
    shuffled = np.random.default_rng(5).permutation(dataset.realized_pnl_pct)
    evaluation = evaluated(tmp_path, with_outcomes(dataset, shuffled))
    for part in (evaluation["held_out"], evaluation["walk_forward"]):
        assert part["differences"]["expectancy"]["low"] <= 0
        assert (part["significance"]["p_value"] or 1.0) > 0.05  # None: it blocked nothing
        assert (part["significance"]["deflated_sharpe"] or 0.0) < 0.95


def test_the_gates_answer_stands_in_the_evaluation_and_in_its_text(tmp_path: Path) -> None:
    evaluation = evaluated(tmp_path, learnable(600))
    answer = evaluation["gates"]
    assert answer["passed"], [gate for gate in answer["gates"] if not gate["passed"]]
    assert answer["against"] is None
    assert "Gates: all 14 passed." in evaluation_text(evaluation_of(evaluation))
    assert evaluation["evidence"]["cohorts"] == 59


def test_the_gates_refuse_noise(tmp_path: Path) -> None:
    dataset = learnable(400)
    shuffled = np.random.default_rng(5).permutation(dataset.realized_pnl_pct)
    answer = evaluated(tmp_path, with_outcomes(dataset, shuffled))["gates"]
    assert not answer["passed"]
    assert "luck_of_all_nights" in [gate["name"] for gate in answer["gates"] if not gate["passed"]]


def test_every_recipe_that_was_evaluated_counts_as_a_try(tmp_path: Path) -> None:
    numbers = []
    for day, threshold in enumerate((0.5, 0.4, 0.5, 0.3)):
        dataset = learnable(120 + day)
        now = NOW + timedelta(days=day)
        model_id = train(tmp_path, dataset, now, risk_threshold=threshold)
        evaluation = figures(evaluator(tmp_path, dataset), model_id, now)
        numbers.append(evaluation["recipe"]["number"])
    assert numbers == [1, 2, 1, 3]


def test_one_class_in_the_held_out_part_leaves_scores_undefined(tmp_path: Path) -> None:
    dataset = learnable()
    pnl = dataset.realized_pnl_pct.copy()
    pnl[-30:] = 0.01
    evaluation = evaluated(tmp_path, with_outcomes(dataset, pnl))
    assert evaluation["held_out"]["scores"]["auc"] is None
    assert evaluation["held_out"]["scores"]["pr_auc"] is None
    assert any("All 24 held-out trades are good" in note for note in evaluation["notes"])
    assert "AUC: -" in evaluation_text(evaluation_of(evaluation))


def test_blocking_everything_is_an_answer(tmp_path: Path) -> None:
    evaluation = evaluated(tmp_path, learnable(), risk_threshold=0.0)
    held_out = evaluation["held_out"]
    assert held_out["rules_ml"]["trades"] == held_out["abstained"]
    assert any("above ML_RISK_THRESHOLD (0.00)" in note for note in evaluation["notes"])
    assert evaluation_text(evaluation_of(evaluation))


def test_blocking_nothing_is_an_answer(tmp_path: Path) -> None:
    evaluation = evaluated(tmp_path, learnable(), risk_threshold=1.0)
    assert evaluation["held_out"]["rules_ml"] == evaluation["held_out"]["rules_only"]
    assert evaluation["held_out"]["significance"]["p_value"] is None
    assert any("blocked none of 24 held-out trades" in note for note in evaluation["notes"])
    assert evaluation_text(evaluation_of(evaluation))


@pytest.mark.parametrize("rows", [20, 21, 25])
def test_the_smallest_datasets_are_evaluated_with_a_warning(tmp_path: Path, rows: int) -> None:
    evaluation = evaluated(tmp_path, learnable(rows, hours_held=1))
    assert evaluation["walk_forward"]["rules_only"]["trades"] == rows - 20
    assert any("no figure over them is firm" in note for note in evaluation["notes"])
    if rows == 20:
        assert "20 trades are too few to walk forward." in evaluation["notes"]
        assert evaluation["walk_forward"]["first_decision"] is None
    assert evaluation_text(evaluation_of(evaluation))


def test_trees_are_evaluated_from_their_pickle(tmp_path: Path) -> None:
    evaluation = evaluated(tmp_path, learnable(), model="hist_gradient_boosting")
    assert evaluation["held_out"]["scores"]["auc"] > 0.6
    assert evaluation["walk_forward"]["windows"][0]["regularisation_c"] is None


def test_a_feature_that_knows_the_outcome_is_named(tmp_path: Path) -> None:
    dataset = learnable()
    features = dataset.features.copy()
    features[:, dataset.feature_names.index("noise")] = dataset.realized_pnl_pct
    evaluation = evaluated(tmp_path, replace(dataset, features=features))
    assert [leak["feature"] for leak in evaluation["leaks"]] == ["noise"]
    assert any("Feature noise alone" in note for note in evaluation["notes"])


@pytest.mark.parametrize("model", ["logistic", "hist_gradient_boosting", "ensemble"])
def test_an_evaluation_is_a_replay_of_the_decisions_through_the_filter(
    tmp_path: Path, model: str
) -> None:
    """The very files that trade, sizes included, whatever the kind of model."""
    dataset = learnable(240)
    model_id = train(tmp_path, dataset, model=model, risk_threshold=0.6)
    sized = {"sizing": "linear", "min_size": 0.3, "ood_max_z": 2.5}
    judge = evaluator(tmp_path, dataset, **sized)
    frozen = judge._frozen(model_id, judge._store.read_metadata(model_id)["artifacts"])
    verdicts = frozen.judge(dataset, risk_threshold=0.6, max_abs_z=2.5, sizing=judge.options.sizes)
    folder = tmp_path / "ml_models" / model_id
    card = read_card((folder / "scorecard.json").read_bytes(), folder)
    configured = Settings(logs_dir=str(tmp_path / "logs"), risk_threshold=0.6, **sized)
    pin = Pin(text="", trouble=False, model_id=model_id, scorer=scorer_of(card, 2.5))
    with RiskFilter(configured, pin) as risk:
        decisions = [
            risk.check(dict(zip(dataset.feature_names, row, strict=True)))
            for row in dataset.features.tolist()
        ]
    assert verdicts.size.tolist() == [decision.size_multiplier for decision in decisions]
    assert len({*verdicts.size.tolist()}) > 100
    assert 0 < sum(decision.risk_score is None for decision in decisions) < 120


def test_sizes_reach_the_account_and_the_gates(tmp_path: Path) -> None:
    dataset = learnable(240)
    model_id = train(tmp_path, dataset, risk_threshold=1.0)
    evaluation = figures(evaluator(tmp_path, dataset, sizing="linear", min_size=0.2), model_id)
    for part in (evaluation["held_out"], evaluation["walk_forward"]):
        account = part["account"]
        assert part["filter_effect"]["blocked"] == 0
        assert account["taken_away"]["decisions"] > 0.5 * account["decisions"]
        assert (
            account["policies"]["rules_ml"]["exposure"]
            < (account["policies"]["rules_only"]["exposure"])
        )
    assert evaluation["settings"]["sizing"] == "linear"
    sizes = evaluation["trades"]["held_out"]["size"]
    assert 0.2 < min(sizes) < max(sizes) <= 1
    assert "sizes from 1 down to 0.2 at it" in evaluation_text(evaluation_of(evaluation))
    money = {gate["name"]: gate["value"] for gate in evaluation["gates"]["gates"]}
    gained = evaluation["walk_forward"]["account"]["differences"]["rules_only"]["net_pnl"]
    assert money["more_money"] == gained["value"]


def test_many_trades_are_listed_thinned_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("afterclose.evaluating.parts.MAX_LISTED_TRADES", 10)
    listed = evaluated(tmp_path, learnable())["trades"]["walk_forward"]
    assert (listed["trades"], listed["listed"]) == (80, 10)
    assert {len(listed[name]) for name in ("trade_id", "score", "pnl", "bad", "allowed")} == {10}
    assert (listed["trade_id"][0], listed["trade_id"][-1]) == ("T00040", "T00119")


def promoted(root: Path, dataset: Dataset, now: datetime) -> str:
    """A model that was trained, evaluated, registered and promoted."""
    model_id = train(root, dataset, now)
    evaluator(root, dataset).evaluate(model_id, now)
    registry = ModelRegistry(root / "ml_models", by="tester@desk")
    registry.register_candidate(model_id, {}, now=now)
    registry.promote_candidate(model_id, "first", now=now)
    return model_id


def test_the_active_model_is_compared_on_trades_newer_than_its_training(tmp_path: Path) -> None:
    full = learnable(200)
    early = replace(full.take(range(150)), version="v00000150-000000000000", sha256="0" * 64)
    active_id = promoted(tmp_path, early, NOW)
    model_id = train(tmp_path, full, NOW + timedelta(days=60))
    evaluation = figures(evaluator(tmp_path, early, full), model_id)
    active = evaluation["versus_active"]
    assert active["model_id"] == active_id
    assert (active["trades_held_out"], active["trades_compared"]) == (40, 40)
    assert active["rules_only"] == evaluation["held_out"]["rules_only"]
    assert active["rules_ml"] == evaluation["held_out"]["rules_ml"]
    assert active["rules_active"]["trades"] < 40
    assert evaluation["held_out"]["significance"]["candidates_tried"] == 2
    assert f"Against the active model {active_id}" in evaluation_text(evaluation_of(evaluation))


def test_a_model_trained_on_the_held_out_trades_cannot_be_compared_on_them(tmp_path: Path) -> None:
    full = learnable(200)
    early = replace(full.take(range(100)), version="v00000100-000000000000", sha256="0" * 64)
    promoted(tmp_path, full, NOW)
    model_id = train(tmp_path, early, NOW + timedelta(days=1))
    evaluation = figures(evaluator(tmp_path, early, full), model_id)
    assert evaluation["versus_active"]["trades_compared"] == 0
    assert any("cannot be compared fairly" in note for note in evaluation["notes"])
    assert evaluation_text(evaluation_of(evaluation))


def test_the_active_model_itself_is_not_compared_with_itself(tmp_path: Path) -> None:
    dataset = learnable()
    model_id = promoted(tmp_path, dataset, NOW)
    (tmp_path / "ml_models" / model_id / "evaluation.json").unlink()
    assert figures(evaluator(tmp_path, dataset), model_id)["versus_active"] is None


def test_an_active_model_that_is_damaged_is_a_note_and_not_a_failure(tmp_path: Path) -> None:
    full = learnable(200)
    active_id = promoted(tmp_path, full, NOW)
    (tmp_path / "ml_models" / active_id / "scorecard.json").write_bytes(b"{}")
    model_id = train(tmp_path, learnable(150), NOW + timedelta(days=1))
    evaluation = figures(evaluator(tmp_path, learnable(150)), model_id)
    assert evaluation["versus_active"] is None
    assert evaluation["notes"][-1].startswith(f"The active model {active_id} was not compared:")


def test_an_unknown_model_is_refused() -> None:
    with pytest.raises(InputError, match="no model 20200101_000000"):
        evaluator(Path("absent")).evaluate("20200101_000000", NOW)


def test_a_model_whose_files_changed_is_not_evaluated(tmp_path: Path) -> None:
    dataset = learnable()
    model_id = train(tmp_path, dataset)
    card = tmp_path / "ml_models" / model_id / "scorecard.json"
    card.write_bytes(card.read_bytes().replace(b'"threshold": 0.', b'"threshold": 0.0'))
    with pytest.raises(IntegrityError, match=r"scorecard\.json"):
        evaluator(tmp_path, dataset).evaluate(model_id, NOW)
    assert not (card.parent / "evaluation.json").exists()


def test_a_dataset_version_that_is_gone_or_differs_is_refused(tmp_path: Path) -> None:
    dataset = learnable()
    model_id = train(tmp_path, dataset)
    with pytest.raises(InputError, match="no dataset version"):
        evaluator(tmp_path, learnable(130)).evaluate(model_id, NOW)
    with pytest.raises(IntegrityError, match="is not the one that the model was trained on"):
        evaluator(tmp_path, replace(dataset, sha256="0" * 64)).evaluate(model_id, NOW)


def test_metadata_of_another_version_is_refused_with_what_it_lacks(tmp_path: Path) -> None:
    dataset = learnable()
    path = tmp_path / "ml_models" / train(tmp_path, dataset) / "metadata.json"
    metadata = json.loads(path.read_bytes())
    del metadata["split"], metadata["crc32"]
    path.write_text(json.dumps(metadata))
    with pytest.raises(IntegrityError, match="an evaluation needs: 'split'"):
        evaluator(tmp_path, dataset).evaluate(path.parent.name, NOW)


def test_a_damaged_evaluation_is_not_taken_for_one(tmp_path: Path) -> None:
    dataset = learnable()
    model_id = train(tmp_path, dataset)
    path = tmp_path / "ml_models" / model_id / "evaluation.json"
    path.write_bytes(b'{"held_out": ')
    with pytest.raises(IntegrityError, match="evaluate again"):
        evaluator(tmp_path, dataset).evaluate(model_id, NOW)


def test_settings_reach_the_options(settings: Settings) -> None:
    made = OfflineEvaluator.from_settings(settings, MemoryBuilder())
    assert made.model_dir == settings.model_dir
    assert made.options.ood_max_z == settings.ood_max_z
    assert made.options.bootstrap_resamples == settings.bootstrap_resamples


def test_a_tuned_model_is_evaluated_at_its_own_threshold(tmp_path: Path) -> None:
    dataset = learnable(300)
    model_id = train(tmp_path, dataset, threshold_mode="tuned")
    card = json.loads((tmp_path / "ml_models" / model_id / "scorecard.json").read_bytes())
    evaluation = figures(evaluator(tmp_path, dataset), model_id)
    assert card["threshold_mode"] == evaluation["threshold_mode"] == "tuned"
    assert evaluation["threshold"] == card["threshold"] != 0.5
    listed = evaluation["trades"]["held_out"]
    for score, allowed in zip(listed["score"], listed["allowed"], strict=True):
        assert score is None or allowed == (score <= card["threshold"])


def test_a_tuned_active_model_is_judged_at_its_threshold_and_a_fixed_one_at_the_settings(
    tmp_path: Path,
) -> None:
    stats, risks = [], lambda values: values[:, 0]
    last_train_exit = NOW
    tuned = FrozenModel("A", TrainingOptions(), last_train_exit, stats, risks, tuned_threshold=0.3)
    assert (tuned.threshold(0.5), tuned._replace(tuned_threshold=None).threshold(0.5)) == (0.3, 0.5)


@pytest.mark.parametrize("kind", ["hist_gradient_boosting", "xgboost", "ensemble"])
def test_every_kind_of_model_is_evaluated(tmp_path: Path, kind: str) -> None:
    evaluation = evaluated(tmp_path, learnable(150), model=kind, calibration="auto")
    assert evaluation["held_out"]["scores"]["auc"] > 0.6
    assert len(evaluation["walk_forward"]["windows"]) == 2
