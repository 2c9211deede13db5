"""What a person reads after an evaluation."""

from datetime import UTC, datetime

import numpy as np
import pytest
from msgspec.structs import replace

from afterclose.dataset.columns import Dataset
from afterclose.evaluating.comparison import Difference
from afterclose.evaluating.evaluation import evaluate_model
from afterclose.evaluating.figures import DatasetVersion, Evaluation, Head
from afterclose.evaluating.frozen_model import FrozenModel
from afterclose.evaluating.options import EvaluationOptions
from afterclose.learning.features import describe_features
from afterclose.learning.splits import no_embargo
from afterclose.learning.training import TrainingOptions
from afterclose.wording.evaluation import evaluation_text
from training_builders import dataset_of


def frozen(name: str, dataset: Dataset, last_train_exit: datetime) -> FrozenModel:
    """A model that takes the feature ``score`` for its score."""
    stats = describe_features(("score",), dataset.features)
    return FrozenModel(name, TrainingOptions(), last_train_exit, stats, lambda values: values[:, 0])


@pytest.fixture(autouse=True)
def few_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two windows instead of eight: only the words matter here."""
    monkeypatch.setattr("afterclose.evaluating.walk_forward.WINDOWS", 2)


HEAD = Head(
    model_id="20260127_153000",
    evaluated_at="2026-01-27T21:30:00+00:00",
    dataset=DatasetVersion(version="v00000200-abc", rows=200, sha256=""),
    settings={"sizing": "off", "min_size": 0.25},
    active_model=None,
)


def evaluated(**how: object) -> Evaluation:
    rng = np.random.default_rng(0)
    score = rng.random(200)
    pnl = 0.02 * (0.6 - score) + 0.02 * rng.normal(size=200)
    dataset = dataset_of({"score": score}, pnl_pct=pnl, hours_held=1)
    return evaluate_model(
        dataset,
        frozen("M", dataset, datetime(2024, 6, 9, tzinfo=UTC)),
        no_embargo,
        EvaluationOptions(bootstrap_resamples=100),
        HEAD,
        candidates_tried=3,
        active=frozen("ACTIVE", dataset, how["active_until"]) if how else None,
    )


def test_the_section_has_both_parts_as_tables_of_all_measures() -> None:
    lines = evaluation_text(evaluated()).splitlines()
    assert lines[:4] == [
        "=" * 80,
        "OFFLINE EVALUATION",
        "=" * 80,
        "Model: 20260127_153000 (dataset v00000200-abc)",
    ]
    assert lines[4].startswith("Would have earned ")
    assert lines[4] in lines[10:]  # walking forward says it again, over its table
    assert lines[5:7] == [
        "Risk threshold: 0.500 (fixed, ML_RISK_THRESHOLD)",
        "Sizes: whole size up to it, none above",
    ]
    assert sum(line.startswith("Account ") for line in lines) == 2
    header = [line for line in lines if line.startswith("Metric")]
    assert len(header) == 2
    assert header[0].split(" | ")[1:4] == ["Rules-Only", "Rules+ML", "Difference"]
    for name in ("Trade Count", "Bad Trades", "Win Rate", "Expectancy", "Max Drawdown"):
        assert sum(line.startswith(name) for line in lines) == 2
    assert any(
        line.startswith("Held-out: the 40 newest trades, decided 2024-06-10") for line in lines
    )
    assert any(line.startswith("Walk-forward: 133 trades in 2 windows") for line in lines)
    assert any("The best of 3 tried: p " in line for line in lines)


def test_a_row_shows_both_policies_their_difference_and_its_interval() -> None:
    made = evaluated()
    held_out = made.held_out
    change = Difference(value=-0.00713, low=-0.0101, high=0.002, resamples=100)
    held_out = replace(
        held_out,
        rules_only=replace(held_out.rules_only, expectancy=0.00213),
        rules_ml=replace(held_out.rules_ml, expectancy=-0.005),
        differences=held_out.differences | {"expectancy": change},
    )
    row = next(
        x
        for x in evaluation_text(replace(made, held_out=held_out)).splitlines()
        if x.startswith("Expectancy")
    )
    cells = [cell.strip() for cell in row.split("|")]
    assert cells == ["Expectancy", "+0.21 %", "-0.50 %", "-0.71 %", "-1.01 % to +0.20 %"]


def test_an_interval_that_rests_on_fewer_resamples_is_named() -> None:
    evaluation = evaluated()
    lines = evaluation_text(evaluation).splitlines()
    assert lines.count("Resamples behind each interval: 100") == 2
    differences = evaluation.held_out.differences
    differences["expected_shortfall_5"] = replace(differences["expected_shortfall_5"], resamples=30)
    lines = evaluation_text(evaluation).splitlines()
    assert "Resamples behind each interval: 100; Exp. Shortfall 5 %: 30" in lines


def test_the_active_model_gets_a_column_and_the_trades_it_cannot_know_are_counted() -> None:
    text = evaluation_text(evaluated(active_until=datetime(2024, 6, 20, tzinfo=UTC)))
    assert "Against the active model ACTIVE: 30 of 40 held-out trades" in text
    assert "Rules+ML | Rules+Active | ML-Active" in text


def test_an_active_model_that_knows_every_trade_gets_a_sentence_and_no_table() -> None:
    text = evaluation_text(evaluated(active_until=datetime(2025, 1, 1, tzinfo=UTC)))
    assert "0 of 40 held-out trades" in text
    assert "Rules+Active" not in text
    assert "- No held-out trade is newer than what the active model ACTIVE" in text


@pytest.mark.parametrize(("p_value", "shown"), [(0.0004, "p < 0.001"), (0.031, "p = 0.031")])
def test_a_p_value_is_never_shown_as_zero(p_value: float, shown: str) -> None:
    evaluation = evaluated()
    held_out = evaluation.held_out
    held_out = replace(held_out, significance=replace(held_out.significance, p_value=p_value))
    text = evaluation_text(replace(evaluation, held_out=held_out))
    assert f"Blocking as many at random does as well: {shown} |" in text


def test_what_is_undefined_is_a_dash() -> None:
    evaluation = evaluated()
    held_out = evaluation.held_out
    unknown = Difference(value=None, low=None, high=None, resamples=0)
    held_out = replace(
        held_out,
        rules_ml=replace(held_out.rules_ml, profit_factor=None),
        differences=held_out.differences | {"profit_factor": unknown},
    )
    text = evaluation_text(replace(evaluation, held_out=held_out))
    row = next(line for line in text.splitlines() if line.startswith("Profit Factor"))
    assert [cell.strip() for cell in row.split("|")][2:] == ["-", "-", "-"]
    assert "None" not in text
    assert "nan" not in text


def test_notes_come_last_and_are_wrapped() -> None:
    evaluation = replace(evaluated(), notes=["First " + "word " * 14 + "80 %", "Second."])
    lines = evaluation_text(evaluation).splitlines()
    assert lines[-4:] == ["Notes:", "- First" + " word" * 14, "  80 %", "- Second."]
    assert "Notes" not in evaluation_text(replace(evaluation, notes=[]))


def test_cross_validation_has_its_lines_and_none_when_there_was_none() -> None:
    evaluation = evaluated()
    crossed = evaluation.cpcv
    assert crossed
    lines = evaluation_text(evaluation).splitlines()
    first = lines.index("Combinatorial cross-validation: 5 paths of 200 trades, 15 fits")
    better = round(5 * crossed.share_better)
    assert lines[first + 1].startswith(f"Paths better than rules-only: {better} of 5 | Expectancy ")
    assert lines[first + 2] == (
        f"Probability of backtest overfitting: {crossed.pbo:.2f}, of 21 configurations"
    )
    assert "Combinatorial" not in evaluation_text(replace(evaluation, cpcv=None, notes=[]))
