"""The gates over a whole evaluation: everything must be there, and everything must pass."""

from copy import deepcopy
from math import nan
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from afterclose.evaluating.evidence import Evidence
from afterclose.evaluating.figures import Evaluation, GateOptions
from afterclose.evaluating.leaks import Knowledge
from afterclose.gating.promotion import ask_gates
from afterclose.gating.stored import evaluation_of
from afterclose.settings import Settings
from afterclose.wording.gates import gates_text
from report_builders import ACTIVE_ID, evaluation

Way = tuple[Any, ...]

GATES = [
    "enough_decisions", "more_money", "blocked_lose_money", "luck_of_one_look",
    "luck_of_all_nights", "evidence_not_lost", "better_than_active", "drawdown_no_worse",
    "tail_no_worse", "enough_kept", "no_leak", "not_too_good", "steady", "no_worse_lately",
]  # fmt: skip


def good() -> dict[str, Any]:
    """A candidate that passes every gate, in plain values."""
    made = deepcopy(evaluation(120, gain=0.01, with_active=True))  # its parts are one object
    made["held_out"] = deepcopy(made["held_out"])
    window = made["walk_forward"]["windows"][0]
    gains = (400.0, -100.0, 200.0, 300.0)
    made["walk_forward"]["windows"] = [window | {"money_gain": gain} for gain in gains]
    made["walk_forward"]["lately"] = deepcopy(made["walk_forward"]["account"]["taken_away"])
    made["walk_forward"]["scores"] |= {"auc": 0.64, "brier": 0.19, "base_rate": 0.35}
    known = Knowledge(rows=120, loss_auc=0.6, mae_correlation=None, pnl_correlation=0.1)
    return made | {
        "recipe": {"id": "abc", "number": 1},
        "evidence": msgspec.to_builtins(certain()),
        "known_together": msgspec.to_builtins(known),
    }


def certain() -> Evidence:
    """Evidence that no luck explains, whatever else it holds."""
    names = {"log_stake": 9.0, "log_peak": 9.5, "p_value": 0.0001}
    rest = {name: 28 for name in Evidence.__struct_fields__ if name not in names}
    return msgspec.convert(names | rest, Evidence, strict=False)


def typed(plain: dict[str, Any]) -> Evaluation:
    return evaluation_of(plain)


def refusing(plain: dict[str, Any], **bounds: Any) -> list[str]:
    return [gate.name for gate in ask_gates(typed(plain), GateOptions(**bounds)).refusing]


def put(plain: dict[str, Any], path: Way, value: Any) -> dict[str, Any]:
    inside = plain
    for name in path[:-1]:
        inside = inside[name]
    inside[path[-1]] = value
    return plain


def change(part: str, measure: str, other: str = "rules_only") -> Way:
    return (part, "account", "differences", other, measure, "value")


def test_a_candidate_that_is_better_in_every_way_passes_every_gate() -> None:
    answer = ask_gates(typed(good()), GateOptions())
    assert answer.refusing == ()
    assert answer.passed
    assert answer.against == ACTIVE_ID
    assert [gate.name for gate in answer.gates] == GATES
    assert [gate.name for gate in answer.remarks] == ["calibrated"]


@pytest.mark.parametrize(
    ("path", "value", "refused"),
    [
        (("walk_forward", "rules_only", "trades"), 99, "enough_decisions"),
        (change("walk_forward", "net_pnl"), -0.01, "more_money"),
        (("walk_forward", "account", "taken_away", "confidence"), 0.79, "blocked_lose_money"),
        (("walk_forward", "account", "taken_away", "mean_net_pnl"), 0.5, "blocked_lose_money"),
        (("walk_forward", "significance", "p_value"), 0.06, "luck_of_one_look"),
        (("evidence", "p_value"), 0.03, "luck_of_all_nights"),
        (("recipe", "number"), 50, "luck_of_all_nights"),
        (("evidence", "log_peak"), 13.0, "evidence_not_lost"),
        (change("versus_active", "net_pnl", "rules_active"), 0.0, "better_than_active"),
        (change("walk_forward", "max_drawdown"), -1e6, "drawdown_no_worse"),
        (change("walk_forward", "expected_shortfall"), -1e6, "tail_no_worse"),
        (("held_out", "filter_effect", "kept_share"), 1 / 60, "enough_kept"),
        (("leaks",), [{"feature": "x", "auc": 0.99}], "no_leak"),
        (("walk_forward", "scores", "auc"), 0.93, "not_too_good"),
        (("held_out", "account", "taken_away", "confidence"), 0.19, "no_worse_lately"),
        (("walk_forward", "lately", "confidence"), 0.19, "no_worse_lately"),
    ],
)
def test_one_bad_figure_refuses_at_its_gate_alone(path: Way, value: Any, refused: str) -> None:
    assert refusing(put(good(), path, value)) == [refused]


@pytest.mark.parametrize(
    "path",
    [
        change("walk_forward", "net_pnl"),
        ("walk_forward", "account", "taken_away", "confidence"),
        ("walk_forward", "significance", "p_value"),
        change("versus_active", "net_pnl", "rules_active"),
        change("walk_forward", "max_drawdown"),
        ("held_out", "filter_effect", "kept_share"),
        ("walk_forward", "filter_effect", "kept_share"),
        ("walk_forward", "scores", "auc"),
        ("walk_forward", "account"),
        ("held_out", "account"),
        ("walk_forward", "lately"),
        ("versus_active", "account"),
        ("evidence",),
        ("recipe",),
        ("known_together",),
    ],
    ids=".".join,
)
def test_a_number_that_is_missing_refuses_and_its_sentence_says_so(path: Way) -> None:
    answer = ask_gates(typed(put(good(), path, None)), GateOptions())
    assert not answer.passed
    assert any("unknown" in gate.sentence for gate in answer.refusing)


def test_nan_is_a_number_that_is_missing() -> None:
    made = typed(good())
    walked = made.walk_forward
    effect = replace(walked.filter_effect, kept_share=nan)
    wrong = replace(made, walk_forward=replace(walked, filter_effect=effect))
    refused = [gate.name for gate in ask_gates(wrong, GateOptions()).refusing]
    assert refused == ["enough_kept"]


def test_fewer_bad_trades_do_not_make_up_for_less_money() -> None:
    made = good()
    made["walk_forward"]["filter_effect"]["bad_trades_avoided"] = 100
    made["walk_forward"]["differences"]["expectancy"] |= {"value": 0.0026, "low": 0.001}
    put(made, change("walk_forward", "net_pnl"), -8862.0)
    away = made["walk_forward"]["account"]["taken_away"]
    away |= {"mean_net_pnl": 93.28, "confidence": 0.001}
    assert refusing(made) == ["more_money", "blocked_lose_money"]


def test_for_risk_the_money_is_divided_by_its_shortfall_and_atr_must_be_beaten() -> None:
    made = good()
    differences = made["walk_forward"]["account"]["differences"]
    found = {"value": 2.0, "low": 0.5, "high": 3.0, "resamples": 100}
    differences["rules_only"]["pnl_over_shortfall"] = found
    differences["atr"] = {"pnl_over_shortfall": found}
    assert refusing(made, objective="risk") == []
    differences["atr"] = {"pnl_over_shortfall": found | {"value": -0.1}}
    answer = ask_gates(typed(made), GateOptions(objective="risk"))
    (gate,) = answer.refusing
    assert gate.name == "better_than_atr_alone"
    assert gate.sentence.endswith("Size by ATR instead; no model is needed.")
    differences["rules_only"]["pnl_over_shortfall"] = found | {"low": -0.1}
    assert "more_at_equal_risk" in refusing(made, objective="risk")


def test_without_an_active_model_there_is_none_to_beat() -> None:
    assert refusing(good() | {"active_model": None, "versus_active": None}) == []


def test_an_active_model_that_could_not_be_compared_is_not_replaced() -> None:
    assert refusing(good() | {"versus_active": None}) == ["better_than_active"]


def test_windows_in_which_nothing_was_blocked_are_counted_in_words() -> None:
    made = good()
    for window in made["walk_forward"]["windows"]:
        window["money_gain"] = 0.0
    (gate,) = ask_gates(typed(made), GateOptions()).refusing
    assert gate.name == "steady"
    assert "unknown (the filter blocked nothing in 4 of 4 windows)" in gate.sentence


def test_an_evaluation_from_before_money_was_counted_is_refused_and_says_why() -> None:
    made = good() | {"schema_version": 1}
    for part in (made["walk_forward"], made["held_out"], made["versus_active"]):
        del part["account"]
    del made["known_together"]
    answer = ask_gates(typed(made), GateOptions())
    said = {gate.name: gate.sentence for gate in answer.refusing}
    assert "evaluated before money was counted" in said["more_money"]
    assert "evaluated before money was counted" in said["luck_of_all_nights"]
    assert "evaluated before money was counted" in said["no_leak"]


def test_the_bounds_are_those_of_the_settings(settings: Settings) -> None:
    assert GateOptions.from_settings(settings) == GateOptions()
    strict = replace(
        settings, gate_min_trades=401, gate_min_kept_share=0.76, gate_blocked_confidence=0.999,
        objective="risk",
    )  # fmt: skip
    bounds = GateOptions.from_settings(strict)
    assert (bounds.min_trades, bounds.min_kept_share) == (401, 0.76)
    assert (bounds.blocked_confidence, bounds.objective) == (0.999, "risk")


def test_the_answer_is_printed_as_a_table_of_ticks() -> None:
    made = put(good(), ("walk_forward", "scores", "auc"), 0.93)
    lines = gates_text(ask_gates(typed(made), GateOptions())).splitlines()
    assert lines[0] == "Promotion gates:"
    assert lines[1] == (
        "  [x] | enough decisions   | Out-of-sample decisions: 120, needed at least 100."
    )
    assert sum("[ ]" in line for line in lines) == 1
    assert lines[-3].startswith("  note | calibrated")
    assert lines[-2] == "Gates: 1 of 14 refuse a promotion."
    assert lines[-1].endswith("more decisions alone do not change this: not too good.")
    passed = ask_gates(typed(good()), GateOptions())
    assert gates_text(passed).endswith("Gates: all 14 passed.")
