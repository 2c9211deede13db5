"""What stands on a candidate's page, from its files alone."""

from afterclose.report.candidate_view import CandidateView, candidate_view
from afterclose.wording.promote_line import PromoteLine
from report_builders import ACTIVE_ID, MODEL_ID, evaluated, evaluation, metadata

PROMOTE = PromoteLine("make promote ID=1", "")


def view(active: dict | None = None, meta: dict | None = None, **changes: object) -> CandidateView:
    made = evaluated(with_active=active is not None, **changes)
    return candidate_view(made, meta or metadata(), active, scope="us/paper", promote=PROMOTE)


def test_the_parts_are_those_with_trades_and_the_active_model_is_the_last() -> None:
    assert [part.key for part in view().parts] == ["walk_forward", "held_out"]
    with_active = view(metadata(ACTIVE_ID))
    assert [part.key for part in with_active.parts][2:] == ["versus_active"]
    assert with_active.active_id == ACTIVE_ID
    assert with_active.parts[2].table.heads == ["Rules only", "Active model", "This model"]


def test_a_part_without_trades_is_left_out() -> None:
    part = evaluation()["walk_forward"]
    empty = part | {"windows": [], "rules_only": part["rules_only"] | {"trades": 0}}
    found = view(walk_forward=empty)
    assert [part.key for part in found.parts] == ["held_out"]
    assert found.windows == []


def test_every_measure_has_its_row_and_its_meaning() -> None:
    found = view()
    rows = {row.name: row for row in found.parts[0].table.rows}
    assert len(rows) == 10
    assert set(rows) <= {name for name, _ in found.glossary}
    assert rows["Trade Count"].cells[0] == "60"
    assert rows["Trade Count"].whisker is None
    assert rows["Expectancy"].tone == "good"
    assert rows["Bad Share"].tone == "good"  # less is better
    assert rows["Expectancy"].whisker.high == 1


def test_the_threshold_in_force_is_in_the_sweep_and_equal_neighbours_are_not() -> None:
    sweep = view().sweep
    assert [row.threshold for row in sweep if row.in_force] == ["0.50"]
    kept = [row.kept for row in sweep if not row.in_force]
    assert len(kept) == len(set(kept))


def test_losses_avoided_and_gains_missed_are_listed_by_their_sign() -> None:
    blocked = view().blocked
    assert blocked.worst
    assert all(trade.pnl.startswith("\N{MINUS SIGN}") for trade in blocked.worst)
    assert all(trade.pnl.startswith("+") for trade in blocked.best)
    assert blocked.balance.endswith("won by blocking")
    assert 0.5 < blocked.avoided_share <= 1


def test_a_drawing_of_fewer_points_than_trades_says_so() -> None:
    assert view().parts[0].drawn == ""
    assert "of 5,000 trades" in view(trades=5000).parts[0].drawn


def test_lineage_names_data_settings_code_and_digests() -> None:
    found = {facts.heading: dict(facts.entries) for facts in view().lineage}
    assert found["Dataset"]["SHA-256"] == "d" * 64
    assert found["Code"] == {"git commit": "c" * 40, "python": "3.11.7", "numpy": "2.4.6"}
    assert found["Files, SHA-256"]["model.joblib"] == "a" * 64
    assert found["Settings"]["risk_threshold"] == "0.5"
    assert "calendar_overrides" not in found["Settings"]  # empty
    assert found["Evaluation"]["candidates tried"] == "3"


def test_other_histories_are_told_where_there_are_any() -> None:
    assert view().histories is None
    cpcv = {
        "groups": 6, "test_groups": 2, "fits": 15, "trades": 60, "configurations": 21,
        "paths": 3, "expectancy_differences": [-0.001, 0.002, 0.004], "pbo": 0.25,
        "quantiles": {}, "share_better": 2 / 3,
    }  # fmt: skip
    found = view(cpcv=cpcv).histories
    assert found.places == [-0.25, 0.5, 1.0]
    assert "make 3 histories out of one" in found.gains
    assert "above 0 in 2 of them" in found.gains
    assert "25\N{NO-BREAK SPACE}%" in found.overfitting


def test_gates_that_refuse_come_first() -> None:
    gates = view().gates
    assert gates
    assert [gate.passed for gate in gates] == sorted(gate.passed for gate in gates)
    assert all("_" not in gate.name for gate in gates)
    assert view(gates=None).gates == []


def test_dropped_features_come_with_their_fault() -> None:
    meta = metadata()
    meta["metrics"]["dropped_features"] = {"flat": "constant"}
    assert view(meta=meta).dropped == [("flat", "constant")]


def test_the_page_is_named_by_model_and_scope() -> None:
    found = view()
    assert (found.model_id, found.scope, found.kind) == (MODEL_ID, "us/paper", "logistic")
    assert found.basis == "60 walk-forward trades"
