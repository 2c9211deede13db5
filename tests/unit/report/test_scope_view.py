"""What stands on a scope's page: status, models, changes and cycles, from plain values."""

from datetime import UTC, datetime, timedelta
from typing import Any

from afterclose.registry.events import Event
from afterclose.report.scope_view import MAX_LISTED, ScopeView, candidate_row, scope_view
from afterclose.report.status_view import cards
from afterclose.wording.promote_line import PromoteLine

NOW = datetime(2026, 1, 27, 21, 45, tzinfo=UTC)
FIXED = "\N{NO-BREAK SPACE}"
STATUS: dict[str, Any] = {
    "scope": "us/paper",
    "updated_at": NOW.isoformat(),
    "active_model": None,
    "previous_active": None,
    "lock": None,
    "candidates": {"count": 0, "newest": None},
    "dataset": None,
    "last_cycle": None,
    "alerts": [],
}
EVALUATED = {
    "walk_forward": {
        "rules_only": {"expectancy": 0.001},
        "rules_ml": {"expectancy": 0.004},
        "differences": {"expectancy": {"value": 0.003, "low": 0.001, "high": 0.005}},
        "scores": {"auc": 0.61},
        "significance": {"p_value_deflated": 0.02},
        "filter_effect": {"kept_share": 0.7},
    },
    "gates": {"passed": True},
}


def record(evaluation: dict[str, Any] | None = None, state: str = "candidate") -> dict[str, Any]:
    return {
        "state": state,
        "registered_at": NOW.isoformat(),
        "metrics": {"n_rows": 245},
        "evaluation": evaluation,
    }


def event(number: int, kind: str, model_id: str | None, at: datetime, reason: str = "") -> Event:
    return Event(
        schema_version=1, seq=number, prev="", at=at, by="me@desk", event=kind,
        model_id=model_id, reason=reason, previous_active=None,
    )  # fmt: skip


def run(**end: Any) -> dict[str, Any]:
    start = {"session": "2026-01-27", "at": NOW.isoformat()}
    return {"start": start, "end": {"event": "COMPLETED", **end} if end else None}


def view(status: dict | None = None, **given: Any) -> ScopeView:
    parts = {"models": {}, "events": [], "runs": [], "pages": {}} | given
    return scope_view(
        STATUS | (status or {}), parts["models"], parts["events"], parts["runs"], parts["pages"],
        promote=PromoteLine("make promote", ""), now=NOW, risk_threshold=0.62,
    )  # fmt: skip


def test_an_empty_scope_has_cards_that_say_so() -> None:
    found = view()
    assert [(card.label, card.value) for card in found.cards] == [
        ("Active model", "none"),
        ("Locked", "no"),
        ("Last cycle", "none yet"),
        ("Candidates waiting", "0"),
        ("Dataset", "none"),
    ]
    assert (found.candidates, found.changes, found.runs, found.newest) == ([], [], [], None)


def test_the_active_model_comes_with_who_when_and_why_and_a_link() -> None:
    active = {"id": "A", "since": NOW.isoformat(), "promoted_by": "me@desk", "reason": "better"}
    threshold = {"mode": "share", "above": 0.6131, "share": 0.2}
    status = STATUS | {"active_model": active, "threshold": threshold}
    (card, *_) = cards(status, {"A": "a.html"})
    assert (card.value, card.link) == ("A", "a.html")
    assert card.notes == [
        f"since 27{FIXED}Jan{FIXED}2026, 21:45 UTC, by me@desk",
        "better",
        f"Threshold 0.613 (share, the riskiest 20{FIXED}%)",
    ]


def test_a_lock_and_a_failed_cycle_are_told() -> None:
    lock = {"session": "2026-01-28", "model_id": None, "until": NOW.isoformat()}
    cycle = {"session": "2026-01-27", "outcome": "FAILED", "reason": "disk full"}
    _, locked, last, *_ = cards(STATUS | {"lock": lock, "last_cycle": cycle}, {})
    assert (locked.value, locked.notes[0]) == ("session 2026-01-28", "on the rules alone")
    assert (last.value, last.notes[1]) == ("failed", "disk full")


def test_a_model_shows_its_walk_forward_figures_and_sorts_by_their_values() -> None:
    row = candidate_row("A", record(EVALUATED), 0.62, "a.html")
    assert (row.difference.text, row.difference.key) == (f"+0.30{FIXED}%", "0.003")
    assert row.interval == f"+0.10{FIXED}% to +0.50{FIXED}%"
    assert (row.tone, row.gates, row.link) == ("good", "passed", "a.html")
    assert row.threshold == "0.620 fixed"
    assert (row.trades.key, row.kept.text, row.auc.text) == ("245", f"70{FIXED}%", "0.61")


def test_a_model_without_an_evaluation_has_dashes_that_sort_last() -> None:
    row = candidate_row("A", record(), 0.62)
    assert (row.difference.text, row.difference.key) == ("\N{EN DASH}", "")
    assert (row.interval, row.tone, row.gates) == ("", None, "")


def test_models_are_listed_with_the_newest_first() -> None:
    found = view(models={"A": record(), "B": record()}, pages={"B": "b.html"})
    assert [(row.model_id, row.link) for row in found.candidates] == [("B", "b.html"), ("A", "")]


def test_changes_of_the_active_model_say_for_how_long_each_held() -> None:
    events = [
        event(1, "registered", "A", NOW - timedelta(days=9)),
        event(2, "promoted", "A", NOW - timedelta(days=9), "first"),
        event(3, "promoted", "B", NOW - timedelta(days=2)),
        event(4, "rolled_back", "A", NOW - timedelta(hours=1), "worse"),
        event(5, "locked", "A", NOW),
    ]
    rolled, second, first = view(events=events).changes
    assert (rolled.what, rolled.model_id, rolled.reason) == ("Rolled back to", "A", "worse")
    assert rolled.lasted == "active for less than a day so far"
    assert (second.model_id, second.lasted) == ("B", "active for 2 days")
    assert (first.lasted, first.by) == ("active for 7 days", "me@desk")


def test_cycles_are_listed_with_the_newest_first_and_a_killed_one_did_not_end() -> None:
    runs = [run(reason="trained", duration_s=2.04), run(event="FAILED", error="disk full"), run()]
    killed, failed, done = view(runs=runs).runs
    assert (killed.outcome, killed.tone) == ("did not end", "bad")
    assert (failed.outcome, failed.reason) == ("failed", "disk full")
    assert (done.outcome, done.took.text, done.took.key) == ("done", f"2.0{FIXED}s", "2.04")


def test_only_the_newest_cycles_and_changes_are_listed() -> None:
    events = [event(n, "promoted", f"M{n}", NOW) for n in range(MAX_LISTED + 5)]
    found = view(runs=[run(reason=str(n)) for n in range(MAX_LISTED + 5)], events=events)
    assert len(found.runs) == len(found.changes) == MAX_LISTED
    assert (found.runs[0].reason, found.changes[0].model_id) == ("24", "M24")


def test_a_candidate_that_is_older_than_the_active_model_does_not_wait() -> None:
    waiting = {"candidates": {"count": 1, "newest": "20260126_214500"}}
    active = {"since": NOW.isoformat(), "promoted_by": "me@desk", "reason": ""}
    assert view(waiting).newest == "20260126_214500"
    older = {"active_model": active | {"id": "20260125_214500"}}
    assert view(waiting | older).newest == "20260126_214500"
    newer = {"active_model": active | {"id": "20260127_214500"}}
    assert view(waiting | newer).newest is None


def test_text_from_people_and_files_is_one_printable_line() -> None:
    found = view({"alerts": ["\x1b[31mred\nalert"]}, runs=[run(event="FAILED", error="a\nb")])
    assert found.alerts == [" [31mred alert"]
    assert found.runs[0].reason == "a b"
