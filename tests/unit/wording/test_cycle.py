"""The closing section of a cycle, and the line to copy."""

from afterclose.config import load_settings
from afterclose.gating.auto_promotion import AutoPromotion
from afterclose.wording.cycle import cycle_text, promote_command, registration

ID = "20260127_153000"
BLOCKS = "0.613 (share, the riskiest 20 %)"


def command(**overrides: object) -> str:
    return promote_command(ID, load_settings({}, **overrides))


def test_the_default_scope_needs_no_more_than_the_id() -> None:
    assert command() == f"make promote ID={ID}"


def test_another_scope_or_volume_is_named_and_quoted() -> None:
    assert command(logs_dir="my logs", market="india", env="sim") == (
        f"make promote ID={ID} LOGS_DIR='my logs' MARKET=india ENV=sim"
    )


def test_inside_the_container_the_line_is_for_the_host() -> None:
    assert command(logs_dir="/logs") == f"make promote ID={ID} IN=container"
    assert command(logs_dir="/logs", market="india") == (
        f"make promote ID={ID} IN=container SERVICE=india-paper"
    )


def test_a_candidate_waits_and_its_promotion_is_the_last_line() -> None:
    text = cycle_text(ID, reason="", previous_active=None, command=command(), threshold=BLOCKS)
    assert f"Threshold: {BLOCKS}" in text
    assert f"New candidate: {ID}" in text
    assert "Status: Registered (awaiting manual promotion)" in text
    assert "Previous active: none (rules only)" in text
    assert text.endswith(f"  make promote ID={ID}")


def test_no_candidate_says_why() -> None:
    text = cycle_text(None, reason="one class only", previous_active=ID, command="")
    assert "New candidate: none" in text
    assert "Reason: one class only" in text
    assert f"Previous active: {ID}" in text


def test_a_candidate_that_was_promoted_automatically_needs_no_line_to_copy() -> None:
    done = AutoPromotion(True, "all gates passed")
    text = cycle_text(ID, reason="", previous_active=None, command=command(), promotion=done)
    assert "Status: Promoted automatically (all gates passed)" in text
    assert "make promote" not in text
    outcome = registration(ID, command(), done, threshold=BLOCKS, new=True)
    assert outcome.status == "done"
    assert outcome.details["auto_promotion"] == {"promoted": True, "reason": "all gates passed"}
    assert outcome.text == (
        f"Registered {ID} and promoted it automatically (all gates passed).\nThreshold: {BLOCKS}"
    )


def test_a_candidate_that_the_gates_refused_waits_and_says_why() -> None:
    refused = AutoPromotion(False, "1 of 15 gates refuse: steady")
    text = cycle_text(ID, reason="", previous_active=None, command=command(), promotion=refused)
    assert "Status: Registered (awaiting manual promotion)" in text
    assert "Not promoted automatically: 1 of 15 gates refuse: steady" in text
    assert text.endswith(f"  make promote ID={ID}")
    outcome = registration(ID, command(), refused, threshold=BLOCKS, new=True)
    assert outcome.reason == f"{ID} awaits a promotion"
    assert outcome.text.startswith("Not promoted automatically: 1 of 15 gates refuse: steady.")


def test_without_automatic_promotion_nothing_is_said_of_it() -> None:
    outcome = registration(ID, command(), None, threshold=BLOCKS, new=True)
    assert outcome.details["auto_promotion"] is None
    assert outcome.text == (
        f"Registered {ID}.\nThreshold: {BLOCKS}\nTo promote it:\nmake promote ID={ID}"
    )
    assert registration(ID, command(), None, threshold=BLOCKS, new=False).text == ""


def test_what_the_gates_refuse_never_just_awaits_anybody() -> None:
    advice = ("1 of 14 gates refuse it: more money.", "Would have earned 3,120 less than ...")
    text = cycle_text(ID, reason="", previous_active=None, command=command(), advice=advice)
    assert "Status: Registered (the gates refuse it)" in text
    assert text.splitlines()[-4:] == [
        *advice,
        "To promote it all the same:",
        f"  make promote ID={ID} ANYWAY=1",
    ]
    outcome = registration(ID, command(), None, advice, threshold=BLOCKS, new=True)
    assert outcome.reason == f"{ID} is registered, and the gates refuse it"
    assert outcome.text.endswith(f"make promote ID={ID} ANYWAY=1")
    assert outcome.details["promote"] == f"make promote ID={ID} ANYWAY=1"


def test_a_model_that_was_not_evaluated_is_offered_with_what_comes_first() -> None:
    """ANYWAY=1 overrules gates, and would not help: nothing was evaluated."""
    outcome = registration(ID, command(), None, threshold=BLOCKS, new=True, evaluated=False)
    assert outcome.reason == f"{ID} is registered, and has not been evaluated"
    assert "ANYWAY" not in outcome.text
    assert outcome.text.splitlines()[-3:] == [
        "It has not been evaluated: `make evaluate` first.",
        "Then, to promote it:",
        f"make promote ID={ID}",
    ]
