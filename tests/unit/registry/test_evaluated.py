"""What lists of models show of an evaluation is what the evaluation holds, by the same names."""

from typing import Any, get_args

import msgspec
import pytest
from msgspec import structs

from afterclose.evaluating.figures import Evaluation, Recipe
from afterclose.registry.evaluated import EvaluationSummary, Tried, TriedRecipe, summary_of
from afterclose.registry.events import read_figures, summary
from report_builders import evaluated


def struct_in(annotation: Any) -> Any:
    """The struct that an annotation is of, inside optional ones and values of mappings."""
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        return annotation
    return next((found for found in map(struct_in, get_args(annotation)) if found), None)


def strangers(shown: Any, held: Any, path: str = "") -> list[str]:
    """Fields of ``shown`` that ``held`` does not have, by their paths."""
    known = {field.name: field.type for field in structs.fields(held)}
    found = []
    for field in structs.fields(shown):
        if field.name not in known:
            found.append(path + field.name)
        elif inner := struct_in(field.type):
            found += strangers(inner, struct_in(known[field.name]), f"{path}{field.name}.")
    return found


@pytest.mark.parametrize(
    ("shown", "held"),
    [(EvaluationSummary, Evaluation), (Tried, Evaluation), (TriedRecipe, Recipe)],
)
def test_no_name_is_asked_for_that_an_evaluation_does_not_have(shown: Any, held: Any) -> None:
    assert strangers(shown, held) == []


def test_a_name_that_nobody_writes_is_found() -> None:
    class Renamed(msgspec.Struct):
        share_kept: float | None = None

    class Other(msgspec.Struct):
        walk_forward: Renamed | None = None

    assert strangers(Other, Evaluation) == ["walk_forward.share_kept"]


def test_the_summary_of_an_evaluation_shows_its_figures() -> None:
    made = evaluated()
    found = summary_of(read_figures(summary(msgspec.to_builtins(made))))
    assert found
    walked, account = found.walk_forward, made.walk_forward.account
    assert account
    assert walked.net_pnl
    assert walked.net_pnl.value == account.differences["rules_only"]["net_pnl"].value
    assert walked.rules_ml.expectancy == made.walk_forward.rules_ml.expectancy
    assert walked.scores.auc == made.walk_forward.scores.auc
    assert walked.filter_effect.kept_share == made.walk_forward.filter_effect.kept_share
    assert found.gates.passed is False
    assert found.gates.next
    assert made.gates
    assert made.gates.next
    assert found.gates.next.words == made.gates.next.words


def test_figures_of_another_shape_are_shown_as_none_at_all() -> None:
    assert summary_of(None) is None
    assert summary_of({"expectancy": {"rules": 0.004}}) == EvaluationSummary()
    assert summary_of({"gates": "all"}) == EvaluationSummary()
