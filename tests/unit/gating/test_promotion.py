"""The verdict over a whole evaluation: everything must be there, and everything must pass."""

from copy import deepcopy
from math import nan
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from afterclose.gating.promotion import GateOptions, verdict
from afterclose.settings import Settings
from afterclose.wording.gates import gates_text


def good_evaluation() -> dict[str, Any]:
    """The figures that gates ask for, of a candidate that passes them all."""
    return {
        "active_model": "20260101_210000",
        "recipe": {"id": "abc", "number": 1},
        "evidence": {"cohorts": 70, "log_stake": 9.0, "log_peak": 9.5, "p_value": 0.0001},
        "leaks": [],
        "walk_forward": {
            "rules_only": {"trades": 400, "max_drawdown": -0.3, "expected_shortfall_5": -0.06},
            "filter_effect": {"kept_share": 0.8},
            "differences": {
                "expectancy": {"value": 0.003, "low": 0.001},
                "max_drawdown": {"value": 0.05},
                "expected_shortfall_5": {"value": 0.004},
            },
            "significance": {"p_value": 0.0002},
            "scores": {"brier": 0.19, "base_rate": 0.35},
            "windows": [{"expectancy_gain": gain} for gain in (0.004, -0.001, 0.002, 0.003)],
        },
        "held_out": {
            "filter_effect": {"kept_share": 0.75},
            "differences": {"expectancy": {"value": 0.002}},
        },
        "versus_active": {
            "trades_compared": 120,
            "differences": {"expectancy": {"value": 0.0005}},
        },
    }


def paths(values: Any, *path: Any) -> list[tuple[Any, ...]]:
    """The way to every number in nested values."""
    if isinstance(values, dict):
        return [way for name, value in values.items() for way in paths(value, *path, name)]
    if isinstance(values, list):
        return [way for index, value in enumerate(values) for way in paths(value, *path, index)]
    return [path] if not isinstance(values, str) else []


NOT_ASKED = {("evidence", "cohorts")}
NUMBERS = [path for path in paths(good_evaluation()) if path not in NOT_ASKED]


def test_a_candidate_that_is_better_in_every_way_passes_every_gate() -> None:
    answer = verdict(good_evaluation(), GateOptions())
    assert answer.passed
    assert answer.against == "20260101_210000"
    assert len(answer.gates) == 15
    assert all(gate.passed for gate in answer.gates)


@pytest.mark.parametrize("path", NUMBERS, ids=lambda path: ".".join(map(str, path)))
@pytest.mark.parametrize("worthless", [None, nan, True, "0.1"])
def test_a_number_that_is_none_nan_or_no_number_refuses(path: tuple, worthless: Any) -> None:
    evaluation = good_evaluation()
    _at(evaluation, path[:-1])[path[-1]] = worthless
    assert not verdict(evaluation, GateOptions()).passed


@pytest.mark.parametrize("name", good_evaluation())
def test_a_part_that_is_missing_refuses(name: str) -> None:
    evaluation = good_evaluation()
    del evaluation[name]
    assert not verdict(evaluation, GateOptions()).passed


def test_nothing_at_all_refuses_at_every_gate() -> None:
    answer = verdict({}, GateOptions())
    assert not any(gate.passed for gate in answer.gates)


@pytest.mark.parametrize(
    ("path", "value", "refusing"),
    [
        (("walk_forward", "rules_only", "trades"), 99, "enough_trades"),
        (("walk_forward", "differences", "expectancy", "value"), -0.001, "better_than_rules"),
        (("walk_forward", "differences", "expectancy", "low"), -0.001, "surely_better_than_rules"),
        (("held_out", "differences", "expectancy", "value"), -0.001, "better_than_rules_lately"),
        (("versus_active", "differences", "expectancy", "value"), 0.0, "better_than_active"),
        (("walk_forward", "differences", "max_drawdown", "value"), -0.02, "drawdown_no_worse"),
        (("walk_forward", "differences", "expected_shortfall_5", "value"), -0.01, "tail_no_worse"),
        (("held_out", "filter_effect", "kept_share"), 1 / 60, "enough_kept"),
        (("walk_forward", "significance", "p_value"), 0.06, "luck_of_one_look"),
        (("evidence", "p_value"), 0.03, "luck_of_all_nights"),
        (("recipe", "number"), 50, "luck_of_all_nights"),
        (("evidence", "log_peak"), 13.0, "evidence_not_lost"),
        (("walk_forward", "scores", "brier"), 0.23, "calibrated"),
        (("leaks",), [{"feature": "x", "auc": 0.99}], "no_leak"),
    ],
)
def test_one_bad_figure_refuses_at_its_gate_alone(path: tuple, value: Any, refusing: str) -> None:
    evaluation = good_evaluation()
    _at(evaluation, path[:-1])[path[-1]] = value
    refused = [gate.name for gate in verdict(evaluation, GateOptions()).gates if not gate.passed]
    assert refused == [refusing]


def test_fewer_bad_trades_do_not_make_up_for_less_money() -> None:
    evaluation = good_evaluation()
    evaluation["walk_forward"]["filter_effect"]["bad_trades_avoided"] = 100
    evaluation["walk_forward"]["scores"]["auc"] = 0.9
    evaluation["walk_forward"]["differences"]["expectancy"] = {"value": -0.0026, "low": -0.004}
    assert not verdict(evaluation, GateOptions()).passed


def test_without_an_active_model_there_is_none_to_beat() -> None:
    evaluation = good_evaluation() | {"active_model": None, "versus_active": None}
    assert verdict(evaluation, GateOptions()).passed


def test_an_active_model_that_could_not_be_compared_is_not_replaced() -> None:
    evaluation = good_evaluation() | {"versus_active": None}
    refused = [gate.name for gate in verdict(evaluation, GateOptions()).gates if not gate.passed]
    assert refused == ["better_than_active"]


def test_the_bounds_are_those_of_the_settings(settings: Settings) -> None:
    assert GateOptions.from_settings(settings) == GateOptions()
    strict = replace(settings, gate_min_trades=401, gate_min_kept_share=0.76, gate_alpha=0.0001)
    answer = verdict(good_evaluation(), GateOptions.from_settings(strict))
    assert [gate.name for gate in answer.gates if not gate.passed] == [
        "enough_trades", "enough_kept", "luck_of_one_look", "luck_of_all_nights",
    ]  # fmt: skip


def test_a_verdict_is_asked_of_the_stored_form_and_changes_nothing() -> None:
    evaluation = good_evaluation()
    before = deepcopy(evaluation)
    stored = msgspec.json.decode(msgspec.json.encode(evaluation))
    assert verdict(stored, GateOptions()) == verdict(evaluation, GateOptions())
    assert evaluation == before


def test_the_verdict_is_printed_as_a_table_of_ticks() -> None:
    evaluation = good_evaluation()
    evaluation["walk_forward"]["scores"]["brier"] = 0.25
    answer = msgspec.to_builtins(verdict(evaluation, GateOptions()))
    lines = gates_text(answer).splitlines()
    assert lines[0] == "Promotion gates:"
    assert lines[1] == (
        "  [x] | enough trades            | Out-of-sample trades: 400, needed at least 100."
    )
    assert sum("[ ]" in line for line in lines) == 1
    assert lines[-1] == "Gates: 1 of 15 refuse a promotion."
    passed = msgspec.to_builtins(verdict(good_evaluation(), GateOptions()))
    assert gates_text(passed).endswith("Gates: all 15 passed.")


def _at(values: Any, path: tuple[Any, ...]) -> Any:
    for name in path:
        values = values[name]
    return values
