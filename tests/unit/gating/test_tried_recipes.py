"""Every evaluation of the past is a try, whether or not its model was registered or kept."""

from pathlib import Path

from afterclose.gating.tried_recipes import tried_recipes
from afterclose.learning.artifacts import ModelStore
from afterclose.model_registry import ModelRegistry
from registry_builders import METRICS, NOW, A, B, C, D, publish_model, registry_of, write_evaluation


def tried(model_dir: Path) -> list[str]:
    return tried_recipes(ModelRegistry(model_dir).view(), ModelStore(model_dir))


def evaluate_with(model_dir: Path, model_id: str, recipe: str) -> None:
    publish_model(model_dir, model_id)
    write_evaluation(model_dir, model_id, recipe={"id": recipe, "number": 1})


def test_an_empty_scope_has_tried_nothing(tmp_path: Path) -> None:
    assert tried(tmp_path) == []


def test_registered_recipes_come_in_order_and_unregistered_ones_after_them(tmp_path: Path) -> None:
    registry = registry_of(tmp_path)
    for model_id, recipe in ((A, "first"), (B, "second"), (C, "third"), (D, "fourth")):
        evaluate_with(tmp_path, model_id, recipe)
    registry.register_candidate(C, METRICS, now=NOW)
    registry.register_candidate(A, METRICS, now=NOW)
    assert tried(tmp_path) == ["third", "first", "second", "fourth"]


def test_a_pruned_model_was_still_a_try(tmp_path: Path) -> None:
    registry = registry_of(tmp_path)
    for model_id, recipe in ((A, "first"), (B, "second"), (C, "third")):
        evaluate_with(tmp_path, model_id, recipe)
        registry.register_candidate(model_id, METRICS, now=NOW)
    assert registry.prune(2, now=NOW) == [A]
    assert tried(tmp_path) == ["first", "second", "third"]


def test_evaluations_without_a_recipe_and_files_that_are_none_are_passed_over(
    tmp_path: Path,
) -> None:
    registry_of(tmp_path, A)
    publish_model(tmp_path, B)
    (publish_model(tmp_path, C) / "evaluation.json").write_text("{half a fi")
    publish_model(tmp_path, D, evaluated=False)
    assert tried(tmp_path) == []
