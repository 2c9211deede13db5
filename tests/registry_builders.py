"""Builders for registry tests: model folders small enough to make by the dozen."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from afterclose.learning.artifacts import ModelStore
from afterclose.model_registry import ModelRegistry

NOW = datetime(2026, 1, 27, 21, 30, tzinfo=UTC)
CLOSE = NOW + timedelta(days=1)
"""Close of the session that tests lock."""

A, B, C, D = "20260121_213000", "20260122_213000", "20260123_213000", "20260126_213000"
METRICS = {"test_accuracy": 0.625, "test_auc": 0.58, "n_test": 40}
EVALUATION = {"expectancy": {"rules": 0.004, "ml": 0.007}, "p_value": 0.21}


def publish_model(
    model_dir: Path, model_id: str, *, evaluated: bool = True, signing_key: str = ""
) -> Path:
    """A model folder whose files differ from every other model's; returns it."""
    scorecard = json.dumps({"weights": [len(model_id), model_id]}).encode()
    files = {"model.joblib": b"pickle of " + model_id.encode(), "scorecard.json": scorecard}
    ModelStore(model_dir).create(model_id, files, {"metrics": METRICS}, signing_key)
    if evaluated:
        write_evaluation(model_dir, model_id)
    return model_dir / model_id


def write_evaluation(model_dir: Path, model_id: str, **figures: object) -> None:
    """The model's evaluation.json and its page, as the evaluation would leave them."""
    body = {"schema_version": 1, "model_id": model_id} | EVALUATION | figures
    (model_dir / model_id / "evaluation.json").write_text(json.dumps(body))
    (model_dir / model_id / "report.html").write_text("<!doctype html>")


def registry_of(model_dir: Path, *model_ids: str, **options: object) -> ModelRegistry:
    """A registry by tester@desk in which the models are evaluated, registered candidates."""
    registry = ModelRegistry(model_dir, by="tester@desk", **options)
    for model_id in model_ids:
        publish_model(model_dir, model_id, signing_key=str(options.get("signing_key", "")))
        registry.register_candidate(model_id, METRICS, now=NOW)
    return registry


def events_file(model_dir: Path) -> Path:
    return model_dir / "registry_events.jsonl"


def pointer_file(model_dir: Path) -> Path:
    return model_dir / "model_registry.json"


def read_events(model_dir: Path) -> list[dict]:
    return [json.loads(line) for line in events_file(model_dir).read_bytes().splitlines()]


def tree(folder: Path) -> dict[str, bytes]:
    """Every file under a folder with its bytes, but for the lock file."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != ".lock"
    }
