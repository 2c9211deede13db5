"""The fold: what a list of events adds up to, worked out by hand."""

from datetime import UTC, datetime, timedelta
from typing import Any

from afterclose.registry.events import GENESIS, Event, Lock, figures
from afterclose.registry.state import RegistryState, fold

NOW = datetime(2026, 1, 27, 21, 30, tzinfo=UTC)


def state_of(
    *steps: tuple[str, str | None] | tuple[str, str | None, dict[str, Any]],
) -> RegistryState:
    """The state after steps of (kind, model id, further fields)."""
    events = []
    for seq, (kind, model_id, *facts) in enumerate(steps, start=1):
        events.append(
            Event(
                schema_version=1,
                seq=seq,
                prev=GENESIS,
                at=NOW + timedelta(minutes=seq),
                by="tester@desk",
                event=kind,
                model_id=model_id,
                reason=f"step {seq}",
                previous_active=None,
                **(facts[0] if facts else {}),
            )
        )
    return fold(events)


REGISTERED = [("registered", name) for name in "ABC"]


def states(state: RegistryState) -> dict[str, str]:
    return {model_id: record.state for model_id, record in state.models.items()}


def test_no_events_are_an_empty_registry() -> None:
    assert state_of() == RegistryState()


def test_registered_models_are_candidates_in_order() -> None:
    state = state_of(*REGISTERED)
    assert states(state) == {"A": "candidate", "B": "candidate", "C": "candidate"}
    assert state.active is None


def test_a_promotion_retires_the_incumbent() -> None:
    state = state_of(*REGISTERED, ("promoted", "A"), ("promoted", "B"))
    assert states(state) == {"A": "retired", "B": "active", "C": "candidate"}
    assert (state.active_id, state.previous_id) == ("B", "A")


def test_the_active_model_says_since_when_by_whom_and_why() -> None:
    active = state_of(*REGISTERED, ("promoted", "A", {"artifacts": {"scorecard.json": "5"}})).active
    assert active is not None
    assert (active.model_id, active.promoted_by, active.reason) == ("A", "tester@desk", "step 4")
    assert active.since == NOW + timedelta(minutes=4)
    assert active.artifacts == {"scorecard.json": "5"}


def test_rollbacks_go_back_step_by_step_and_never_forward_again() -> None:
    history = [*REGISTERED, ("promoted", "A"), ("promoted", "B"), ("promoted", "C")]
    once = state_of(*history, ("rolled_back", "B"))
    assert (once.active_id, once.previous_id) == ("B", "A")
    twice = state_of(*history, ("rolled_back", "B"), ("rolled_back", "A"))
    assert (twice.active_id, twice.previous_id) == ("A", None)
    assert states(twice) == {"A": "active", "B": "retired", "C": "retired"}


def test_promoting_the_active_model_anew_does_not_make_it_its_own_predecessor() -> None:
    state = state_of(*REGISTERED, ("promoted", "A"), ("promoted", "B"), ("promoted", "B"))
    assert (state.active_id, state.previous_id) == ("B", "A")


def test_a_model_that_comes_back_after_a_deactivation_is_not_its_own_predecessor() -> None:
    """A rollback would have returned to the very model that is active."""
    left = [*REGISTERED, ("promoted", "A"), ("promoted", "B"), ("deactivated", "B")]
    back = state_of(*left, ("promoted", "B"))
    assert (back.active_id, back.previous_id) == ("B", "A")
    other = state_of(*left, ("promoted", "C"))
    assert (other.active_id, other.previous_id) == ("C", "B")
    only = state_of(*REGISTERED, ("promoted", "A"), ("deactivated", "A"), ("promoted", "A"))
    assert (only.active_id, only.previous_id) == ("A", None)


def test_registering_again_keeps_state_and_evaluation_and_takes_the_new_figures() -> None:
    state = state_of(
        ("registered", "A", {"metrics": figures({"auc": 0.5})}),
        ("evaluated", "A", {"evaluation": figures({"gain": 1})}),
        ("promoted", "A"),
        ("registered", "A", {"metrics": figures({"auc": 0.6})}),
    )
    record = state.models["A"].as_dict()
    assert (record["state"], record["metrics"]) == ("active", {"auc": 0.6})
    assert record["evaluation"] == {"gain": 1}


def test_an_evaluation_may_come_with_the_registration_or_later() -> None:
    together = state_of(("registered", "A", {"evaluation": figures({"gain": 1})}))
    later = state_of(("registered", "A"), ("evaluated", "A", {"evaluation": figures({"gain": 2})}))
    neither = state_of(("registered", "A"))
    assert together.models["A"].as_dict()["evaluation"] == {"gain": 1}
    assert later.models["A"].as_dict()["evaluation"] == {"gain": 2}
    assert neither.models["A"].as_dict()["evaluation"] is None


def test_a_lock_runs_until_its_moment_and_not_at_it() -> None:
    lock = Lock(session="2026-01-28", until=NOW + timedelta(hours=1), model_id="A", digest="5")
    state = state_of(("locked", "A", {"lock": lock}))
    assert state.running_lock(NOW) == lock
    assert state.running_lock(NOW + timedelta(minutes=59, seconds=59)) == lock
    assert state.running_lock(NOW + timedelta(hours=1)) is None


def test_a_lock_pins_its_own_session_and_model_only() -> None:
    lock = Lock(session="2026-01-28", until=NOW + timedelta(hours=1), model_id="A", digest="5")
    state = state_of(("locked", "A", {"lock": lock}))
    assert state.pinned("2026-01-28", "A", NOW) == lock
    assert state.pinned("2026-01-28", "B", NOW) is None
    assert state.pinned("2026-01-29", "A", NOW) is None
    assert state.pinned("2026-01-28", "A", lock.until) is None


def test_an_unlock_ends_a_lock_at_once() -> None:
    lock = Lock(session="2026-01-28", until=NOW + timedelta(hours=1), model_id="A", digest="5")
    state = state_of(("locked", "A", {"lock": lock}), ("unlocked", "A", {"lock": lock}))
    assert state.running_lock(NOW) is None


def test_pruned_models_are_no_longer_listed() -> None:
    state = state_of(*REGISTERED, ("pruned", None, {"pruned": ("A", "C", "unknown")}))
    assert list(state.models) == ["B"]


def test_active_previous_and_locked_models_are_protected_while_the_lock_runs() -> None:
    lock = Lock(session="2026-01-28", until=NOW + timedelta(hours=1), model_id="C", digest="5")
    state = state_of(
        *REGISTERED, ("promoted", "A"), ("promoted", "B"), ("locked", "C", {"lock": lock})
    )
    assert state.protected(NOW) == {"A", "B", "C"}
    assert state.protected(NOW + timedelta(hours=2)) == {"A", "B"}


def test_a_repair_that_names_no_model_leaves_none_active_but_one_to_roll_back_to() -> None:
    state = state_of(*REGISTERED, ("promoted", "A"), ("promoted", "B"), ("repaired", None))
    assert (state.active_id, state.previous_id) == (None, "B")
    back = state_of(
        *REGISTERED, ("promoted", "A"), ("promoted", "B"), ("repaired", None), ("rolled_back", "B")
    )
    assert (back.active_id, back.previous_id) == ("B", "A")


def test_a_repair_that_names_the_active_model_leaves_it_active() -> None:
    state = state_of(*REGISTERED, ("promoted", "A"), ("repaired", "A"))
    assert state.active_id == "A"
