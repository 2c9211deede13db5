"""A training publishes one whole, repeatable model, or changes nothing and says why."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest

from afterclose.dataset.columns import Dataset
from afterclose.dataset_builder import DatasetBuilder
from afterclose.disk.files import sha256_file
from afterclose.errors import ConfigError, InputError, IntegrityError, ScopeBusy
from afterclose.learning.artifacts import ModelStore
from afterclose.learning.training_options import TrainingOptions
from afterclose.model_registry import ModelRegistry
from afterclose.offline_trainer import OfflineTrainer
from afterclose.settings import Settings
from repository import REPOSITORY
from training_builders import MemoryBuilder, dataset_of, learnable

NOW = datetime(2026, 1, 27, 15, 30, tzinfo=UTC)
FIRST_ID = "20260127_153000"
SECOND_ID = "20260127_153000_2"


def trainer_in(
    folder: Path, *datasets: Dataset, signing_key: str = "", **options: Any
) -> OfflineTrainer:
    source = MemoryBuilder(*(datasets or [learnable()]))
    return OfflineTrainer(
        folder / "ml_models", source, TrainingOptions(**options), signing_key=signing_key
    )


def model_files(trainer: OfflineTrainer, model_id: str) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (trainer.model_dir / model_id).iterdir()}


# --- what is published ------------------------------------------------------------------


def test_training_publishes_a_model_named_after_now(tmp_path: Path) -> None:
    trainer = trainer_in(tmp_path)
    metrics = trainer.train(now=NOW)
    assert (metrics["status"], metrics["reason"]) == ("trained", "")
    assert metrics["model_id"] == FIRST_ID
    assert set(model_files(trainer, FIRST_ID)) == {
        "model.joblib",
        "scorecard.json",
        "metadata.json",
    }


def test_metadata_holds_the_lineage(tmp_path: Path) -> None:
    dataset = learnable()
    trainer = trainer_in(tmp_path, dataset)
    metrics = trainer.train(now=NOW, mae_threshold=0.05)
    metadata = json.loads((trainer.model_dir / FIRST_ID / "metadata.json").read_bytes())
    assert metadata["model_id"] == FIRST_ID
    assert metadata["created_at"] == "2026-01-27T15:30:00+00:00"
    assert metadata["dataset"] == {
        "version": dataset.version,
        "rows": 120,
        "sha256": dataset.sha256,
    }
    assert metadata["settings"]["mae_threshold"] == 0.05
    assert metadata["metrics"] == metrics
    assert metadata["libraries"]["numpy"] == np.__version__
    assert metadata["artifacts"] == {
        name: sha256_file(trainer.model_dir / FIRST_ID / name)
        for name in ("model.joblib", "scorecard.json")
    }
    feature = {entry["name"]: entry for entry in metadata["features"]}["heat"]
    assert set(feature) == {
        "name", "coverage", "mean", "std", "min", "max", "decile_edges", "needed",
    }  # fmt: skip
    # the newest 24 of 120 daily trades are held out; each is held for 30 hours
    assert metadata["split"]["first_test_decision"] == "2024-04-07T15:00:00+00:00"
    assert metadata["split"]["last_train_exit"] == "2024-04-05T21:00:00+00:00"


def test_the_published_pipeline_and_the_scorecard_score_alike(tmp_path: Path) -> None:
    dataset = learnable()
    trainer = trainer_in(tmp_path, dataset)
    names = trainer.train(now=NOW)["features"]
    columns = dataset.features[:, [dataset.feature_names.index(name) for name in names]]
    pipeline = joblib.load(trainer.model_dir / FIRST_ID / "model.joblib")
    trainer.load_model(FIRST_ID)
    entries = [
        {name: None if np.isnan(value) else value for name, value in zip(names, row, strict=True)}
        for row in columns.tolist()
    ]
    # one feature of three is more than the missing share that is scored
    scored = {
        number: trainer.predict_risk(entry)
        for number, entry in enumerate(entries)
        if None not in entry.values()
    }
    expected = pipeline.predict_proba(columns)[:, 1]
    assert len(scored) > 80
    assert max(abs(expected[number] - risk) for number, risk in scored.items()) <= 1e-12


SCRIPT = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from training_builders import MemoryBuilder, learnable
from afterclose.learning.artifacts import ModelStore
from afterclose.learning.training_options import TrainingOptions
from afterclose.offline_trainer import OfflineTrainer
for kind in ("logistic", "hist_gradient_boosting"):
    folder = Path(sys.argv[1]) / "ml_models"
    trainer = OfflineTrainer(folder, MemoryBuilder(learnable(400)), TrainingOptions(model=kind))
    model_id = trainer.train(now=datetime.now(UTC))["model_id"]
    print(ModelStore(folder).read_metadata(model_id)["artifacts"])
"""


def test_other_processes_hash_seeds_and_thread_counts_write_the_same_bytes(tmp_path: Path) -> None:
    environments = [
        {"PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        {"PYTHONHASHSEED": "1", "OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2"},
        {"PYTHONHASHSEED": "2", "OPENBLAS_CORETYPE": "Prescott"},
    ]
    printed = {
        subprocess.run(
            [sys.executable, "-c", SCRIPT, str(tmp_path / str(number))],
            env=os.environ | {"PYTHONPATH": f"{REPOSITORY / 'tests'}:{REPOSITORY}"} | changes,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for number, changes in enumerate(environments)
    }
    assert len(printed) == 1
    assert printed.pop().count("model.joblib") == 2


def test_the_same_process_writes_the_same_bytes_again(tmp_path: Path) -> None:
    trainer = trainer_in(tmp_path)
    trainer.train(now=NOW)
    trainer.train(now=NOW, force=True)
    first, second = model_files(trainer, FIRST_ID), model_files(trainer, SECOND_ID)
    assert first["scorecard.json"] == second["scorecard.json"]
    assert first["model.joblib"] == second["model.joblib"]


# --- what is not trained ----------------------------------------------------------------


def test_five_trades_are_too_few(tmp_path: Path) -> None:
    trainer = trainer_in(tmp_path, learnable(5))
    metrics = trainer.train(now=NOW)
    assert metrics["status"] == "skipped"
    assert metrics["reason"] == "Dataset too small (5 rows). Need >= 20 for training."
    assert metrics["model_id"] is None
    assert trainer.train(force=True, now=NOW)["status"] == "skipped"
    assert not trainer.model_dir.exists()


def test_no_trades_at_all_are_too_few(tmp_path: Path) -> None:
    empty = Dataset.from_rows([], "v00000000-e3b0c44298fc", "0" * 64)
    reason = trainer_in(tmp_path, empty).train(now=NOW)["reason"]
    assert reason == "Dataset too small (0 rows). Need >= 20 for training."


def test_what_was_skipped_says_how_it_would_have_been_trained(tmp_path: Path) -> None:
    empty = Dataset.from_rows([], "v00000000-e3b0c44298fc", "0" * 64)
    for mode, share in (("share", 0.2), ("tuned", None), ("fixed", None)):
        skipped = trainer_in(tmp_path, empty, threshold_mode=mode, target="r").train(now=NOW)
        assert (skipped["status"], skipped["target"]) == ("skipped", "r")
        assert (skipped["threshold_mode"], skipped["block_share"]) == (mode, share)


def test_one_class_is_skipped_with_a_reason(tmp_path: Path) -> None:
    dataset = dataset_of({"a": np.arange(40.0)}, pnl_pct=np.full(40, 0.01))
    trainer = trainer_in(tmp_path, dataset)
    assert trainer.train(now=NOW)["reason"].startswith("one class: 0 of 40 trades are bad")
    assert not trainer.model_dir.exists()


def test_a_calendar_that_cannot_tell_is_skipped_with_a_reason(tmp_path: Path) -> None:
    early = learnable()
    early.decision_us[:] -= 40 * 365 * 24 * 3_600_000_000  # years before the calendar begins
    early.exit_us[:] -= 40 * 365 * 24 * 3_600_000_000
    metrics = trainer_in(tmp_path, early, calendar="XBOM").train(now=NOW)
    assert metrics["status"] == "skipped"
    assert metrics["reason"].startswith("cannot tell the embargo's sessions")


def test_the_same_data_and_options_are_trained_once(tmp_path: Path) -> None:
    dataset = learnable()
    trainer = trainer_in(tmp_path, dataset)
    trainer.train(now=NOW)
    again = trainer_in(tmp_path, dataset).train(now=NOW + timedelta(days=1))
    assert again["status"] == "skipped"
    assert again["reason"] == f"unchanged: dataset {dataset.version} was trained as {FIRST_ID}"
    assert again["model_id"] == FIRST_ID
    assert ModelStore(trainer.model_dir).model_ids() == [FIRST_ID]


@pytest.mark.parametrize(
    "options",
    [
        {"seed": 7},
        {"mae_threshold": 0.02},
        {"risk_threshold": 0.6, "threshold_mode": "fixed"},
        {"test_fraction": 0.3},
        {"embargo_sessions": 2},
        {"calendar": "24/7"},
        {"model": "hist_gradient_boosting"},
        {"threshold_mode": "tuned"},
        {"calibration": "sigmoid"},
        {"sample_weights": "loss"},
    ],
)
def test_another_option_is_another_model(tmp_path: Path, options: dict[str, Any]) -> None:
    trainer_in(tmp_path).train(now=NOW)
    assert trainer_in(tmp_path, **options).train(now=NOW)["model_id"] == SECOND_ID


def test_a_larger_minimum_does_not_make_an_old_dataset_new(tmp_path: Path) -> None:
    trainer_in(tmp_path).train(now=NOW)
    again = trainer_in(tmp_path, min_dataset_size=100).train(now=NOW)
    assert again["reason"].startswith("unchanged")
    too_small = trainer_in(tmp_path, min_dataset_size=121).train(now=NOW)
    assert too_small["reason"].startswith("Dataset too small (120 rows)")


def test_a_damaged_model_counts_as_not_trained(tmp_path: Path) -> None:
    trainer = trainer_in(tmp_path)
    trainer.train(now=NOW)
    (trainer.model_dir / FIRST_ID / "scorecard.json").write_text("{}")
    assert trainer.train(now=NOW)["model_id"] == SECOND_ID
    (trainer.model_dir / SECOND_ID / "metadata.json").write_text("{")
    assert trainer.train(now=NOW)["model_id"] == f"{FIRST_ID}_3"


def test_an_earlier_dataset_version_is_retrained_exactly(tmp_path: Path) -> None:
    early, late = learnable(100), learnable(140)
    before = trainer_in(tmp_path, early)
    first = before.train(now=NOW)["model_id"]
    after = trainer_in(tmp_path, early, late)
    second = after.train(now=NOW)["model_id"]
    metrics = after.train(now=NOW, dataset_version=early.version)
    assert metrics["dataset_version"] == early.version
    files = model_files(after, metrics["model_id"])
    for name in ("scorecard.json", "model.joblib"):
        assert files[name] == model_files(before, first)[name]
        assert files[name] != model_files(after, second)[name]


@pytest.mark.parametrize("threshold", [0, -1, 3, float("nan")])
def test_a_senseless_threshold_is_refused_before_anything_is_read(
    tmp_path: Path, threshold: float
) -> None:
    with pytest.raises(ConfigError, match="ML_MAE_THRESHOLD"):
        trainer_in(tmp_path).train(mae_threshold=threshold, now=NOW)
    assert list(tmp_path.iterdir()) == []


def test_a_second_training_at_the_same_time_is_refused(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from afterclose.disk.scope_lock import scope_lock\n"
        f"with scope_lock(Path({str(tmp_path)!r})):\n"
        "    print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        with pytest.raises(ScopeBusy):
            trainer_in(tmp_path).train(now=NOW)
        holder.communicate()
    assert trainer_in(tmp_path).train(now=NOW)["status"] == "trained"


# --- loading and scoring ----------------------------------------------------------------

ENTRY = {"heat": 1.0, "gappy": 100.0, "noise": 0.0}


def test_a_loaded_model_scores_and_a_wrong_case_is_not_approved(tmp_path: Path) -> None:
    trainer = trainer_in(tmp_path)
    trainer.load_model(trainer.train(now=NOW)["model_id"])
    assert trainer.predict_risk(ENTRY) > trainer.predict_risk(ENTRY | {"heat": -1.0})
    for features in ({}, {"Heat": 1.0, "GAPPY": 100.0, "noise": 0.0}):
        with pytest.raises(InputError, match=r"too many features are missing: .*gappy, heat"):
            trainer.predict_risk(features)
    with pytest.raises(InputError, match="must be numbers: heat"):
        trainer.predict_risk(ENTRY | {"heat": "1.0"})


def test_nothing_is_scored_before_a_model_is_loaded(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="call load_model"):
        trainer_in(tmp_path).predict_risk(ENTRY)


@pytest.mark.parametrize("model_id", ["20250101_000000", "../../etc", ""])
def test_an_unknown_model_is_the_callers_mistake(tmp_path: Path, model_id: str) -> None:
    with pytest.raises(InputError):
        trainer_in(tmp_path).load_model(model_id)


def test_a_changed_scorecard_is_not_loaded(tmp_path: Path) -> None:
    trainer = trainer_in(tmp_path)
    trainer.train(now=NOW)
    path = trainer.model_dir / FIRST_ID / "scorecard.json"
    path.write_bytes(path.read_bytes().replace(b"0.5", b"0.9"))
    with pytest.raises(IntegrityError):
        trainer.load_model(FIRST_ID)


def test_the_registry_is_believed_rather_than_the_folder(tmp_path: Path) -> None:
    """Whoever can change the scorecard can change the digest beside it."""
    trainer = trainer_in(tmp_path)
    metrics = trainer.train(now=NOW)
    ModelRegistry(trainer.model_dir).register_candidate(FIRST_ID, metrics, now=NOW)
    trainer.load_model(FIRST_ID)
    folder = trainer.model_dir / FIRST_ID
    before = sha256_file(folder / "scorecard.json")
    scorecard = folder / "scorecard.json"
    scorecard.write_bytes(scorecard.read_bytes().replace(b'"threshold": 0.', b'"threshold": 0.0'))
    metadata = (folder / "metadata.json").read_text()
    (folder / "metadata.json").write_text(metadata.replace(before, sha256_file(scorecard)))
    with pytest.raises(IntegrityError, match=r"scorecard\.json"):
        trainer.load_model(FIRST_ID)


def test_with_a_signing_key_an_unsigned_registration_is_not_loaded(tmp_path: Path) -> None:
    trainer = trainer_in(tmp_path, signing_key="secret")
    metrics = trainer.train(now=NOW)
    ModelRegistry(trainer.model_dir).register_candidate(FIRST_ID, metrics, now=NOW)
    with pytest.raises(IntegrityError, match="not signed"):
        trainer.load_model(FIRST_ID)


def test_a_model_of_trees_is_trained_loaded_and_scored(tmp_path: Path) -> None:
    trainer = trainer_in(tmp_path, learnable(200), model="hist_gradient_boosting")
    assert trainer.train(now=NOW)["status"] == "trained"
    trainer.load_model(FIRST_ID)
    assert trainer.predict_risk(ENTRY) > trainer.predict_risk(ENTRY | {"heat": -1.0})


# --- settings ---------------------------------------------------------------------------


def test_the_trainer_of_a_scope_has_its_settings_calendar_and_folder(settings: Settings) -> None:
    trainer = OfflineTrainer.from_settings(settings)
    assert trainer.model_dir == settings.model_dir
    assert trainer.options.calendar == "XNYS"
    assert trainer.options.mae_threshold == settings.mae_threshold
    assert isinstance(trainer.dataset_builder, DatasetBuilder)


def test_the_signing_key_is_in_no_file(tmp_path: Path) -> None:
    trainer = trainer_in(tmp_path, signing_key="hunter2")
    trainer.train(now=NOW)
    for data in model_files(trainer, FIRST_ID).values():
        assert b"hunter2" not in data
