"""The closing section of a cycle, and the line to copy."""

from lib.config import load_settings
from lib.cycle_text import cycle_text, promote_command

ID = "20260127_153000"


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
    text = cycle_text(ID, reason="", previous_active=None, command=command())
    assert f"New candidate: {ID}" in text
    assert "Status: Registered (awaiting manual promotion)" in text
    assert "Previous active: none (rules only)" in text
    assert text.endswith(f"  make promote ID={ID}")


def test_no_candidate_says_why() -> None:
    text = cycle_text(None, reason="one class only", previous_active=ID, command="")
    assert "New candidate: none" in text
    assert "Reason: one class only" in text
    assert f"Previous active: {ID}" in text
