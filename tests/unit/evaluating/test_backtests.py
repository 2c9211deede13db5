"""Backtests teach; what is measured, and what promotes, is real."""

from datetime import UTC, datetime

import numpy as np
import pytest

from afterclose.dataset.columns import Dataset
from afterclose.dataset_builder import DatasetBuilder
from afterclose.evaluating.figures import GateOptions
from afterclose.evaluating.options import EvaluationOptions
from afterclose.gating.promotion import ask_gates
from afterclose.gating.stored import read_evaluation
from afterclose.learning.training import TrainingOptions, held_out_fraction, prepare
from afterclose.offline_evaluator import OfflineEvaluator
from afterclose.offline_trainer import OfflineTrainer
from builders import synthetic_records, write_ledger
from training_builders import learnable

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def no_embargo(moment_us: int) -> int:
    return moment_us


def with_sources(*sources: str) -> Dataset:
    dataset = learnable(len(sources))
    dataset.source[:] = sources
    return dataset


def test_backtests_decided_among_real_trades_are_left_out() -> None:
    dataset = with_sources("backtest", "backtest", "paper", "backtest", "shadow", "backtest")
    assert dataset.before_the_real().source == ["backtest", "backtest", "paper", "shadow"]
    alone = with_sources("backtest", "backtest")
    assert alone.before_the_real() is alone


def test_what_is_held_out_are_the_newest_of_the_real_trades() -> None:
    dataset = with_sources(*["backtest"] * 70, *["paper"] * 50)
    options = TrainingOptions()
    assert held_out_fraction(dataset, options) == pytest.approx(0.2 * 50 / 120)
    task = prepare(dataset, options, no_embargo)
    assert task.split.test.tolist() == list(range(110, 120))
    assert held_out_fraction(with_sources(*["backtest"] * 9), options) == 0.2


@pytest.fixture
def scope(tmp_path):
    """300 trades of which the first 220 are backtests, trained and evaluated."""
    records = sorted(synthetic_records(300), key=lambda record: str(record["entry_timestamp"]))
    old = [record | {"source": "backtest", "trade_id": f"b-{record['trade_id']}"}
           for record in records[:220]]  # fmt: skip
    write_ledger(tmp_path / "backtest_ledger.jsonl", old)
    write_ledger(tmp_path / "trade_ledger.jsonl", records[220:])
    builder = DatasetBuilder(
        tmp_path,
        tmp_path / "trade_ledger.jsonl",
        backtest_ledger=tmp_path / "backtest_ledger.jsonl",
    )
    builder.build(NOW)
    return tmp_path, builder


def evaluated(scope):
    folder, builder = scope
    trainer = OfflineTrainer(folder / "ml_models", builder)
    metrics = trainer.train(now=NOW)
    evaluator = OfflineEvaluator(
        folder / "ml_models", builder, options=EvaluationOptions(bootstrap_resamples=100)
    )
    evaluator.evaluate(metrics["model_id"], NOW)
    return metrics, read_evaluation(folder / "ml_models" / metrics["model_id"])


def test_figures_and_gates_are_of_the_real_trades_alone(scope) -> None:
    metrics, evaluation = evaluated(scope)
    assert (metrics["n_rows"], metrics["n_backtest"], metrics["n_test"]) == (300, 220, 16)
    assert evaluation.real_decisions == 80
    assert evaluation.held_out.rules_only.trades == 16
    assert evaluation.walk_forward.rules_only.trades == 80
    assert evaluation.backtest is not None
    assert evaluation.backtest.decisions == 220
    assert any("220 backtest trades taught the model" in note for note in evaluation.notes)
    (gate, *_) = ask_gates(evaluation, GateOptions()).gates
    assert (gate.name, gate.value, gate.passed) == ("enough_decisions", 80, False)


def test_backtests_alone_promote_nothing(scope) -> None:
    folder, builder = scope
    write_ledger(folder / "trade_ledger.jsonl", [])
    for name in ("ml_training_dataset.jsonl", "ml_dataset_metadata.json"):
        (folder / name).unlink()
    builder.build(NOW)
    metrics, evaluation = evaluated(scope)
    assert metrics["n_test"] == 44
    assert (evaluation.real_decisions, evaluation.backtest) == (0, None)
    assert any("no evidence that promotes" in note for note in evaluation.notes)
    (gate, *_) = ask_gates(evaluation, GateOptions(min_trades=20)).gates
    assert (gate.value, gate.passed) == (0, False)
    assert np.isfinite(evaluation.walk_forward.rules_only.expectancy)
