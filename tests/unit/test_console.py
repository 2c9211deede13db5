"""Tables for a person at a terminal; what is written by others is never markup."""

import io
from typing import Any

import pytest
from rich.console import Console

from afterclose.console import print_table
from afterclose.records import Outcome

NOW = "2026-01-27T21:45:00+00:00"
STATUS: dict[str, Any] = {
    "scope": "us/paper",
    "active_model": {"id": "A", "since": NOW, "promoted_by": "me@desk", "reason": "[red]better[/]"},
    "lock": None,
    "candidates": {"count": 2, "newest": "B"},
    "dataset": {"version": "v1", "rows": 245},
    "last_cycle": None,
    "alerts": ["cron has \x1b[31mstopped"],
}
RECORD = {
    "state": "candidate",
    "registered_at": NOW,
    "metrics": {"n_rows": 245, "threshold": 0.6131, "threshold_mode": "share"},
    "evaluation": {
        "walk_forward": {
            "differences": {"expectancy": {"value": 0.003, "low": 0.001, "high": 0.005}}
        },
        "gates": {"passed": False},
    },
}


def printed(job: str, details: dict[str, Any], width: int = 80) -> str | None:
    file = io.StringIO()
    console = Console(file=file, width=width, force_terminal=False)
    outcome = Outcome(job=job, status="done", details=details)
    return file.getvalue() if print_table(outcome, console) else None


def test_the_status_has_the_threshold_and_how_it_was_found() -> None:
    threshold = {"mode": "share", "above": 0.6131, "share": 0.2}
    text = printed("status", STATUS | {"threshold": threshold})
    assert text is not None
    assert "Threshold 0.613 (share, the riskiest 20\N{NO-BREAK SPACE}%)" in text


def test_the_status_is_a_table_and_markup_is_text() -> None:
    text = printed("status", STATUS)
    assert text is not None
    for words in ("Status of us/paper", "A", "[red]better[/]", "245 trades", "by me@desk"):
        assert words in text
    assert "▲ cron has  [31mstopped" in text


def test_the_newest_model_comes_first_with_its_difference_and_gates() -> None:
    text = printed("candidates", {"risk_threshold": 0.5, "models": {"A": RECORD, "B": RECORD}})
    assert text is not None
    assert text.index("B") < text.index(" A ")
    assert "▲ +0.30" in text
    assert "refused" in text


@pytest.mark.parametrize(("width", "has_all"), [(80, False), (140, True)])
def test_a_narrow_terminal_gets_fewer_columns_and_no_broken_line(width: int, has_all: bool) -> None:
    text = printed(
        "candidates", {"risk_threshold": 0.5, "models": {"20260127_214500": RECORD}}, width
    )
    assert text is not None
    assert ("By luck" in text) is has_all
    assert "20260127_214500" in text
    assert "0.613 share" in text
    assert max(map(len, text.splitlines())) <= width


@pytest.mark.parametrize(
    ("job", "details"),
    [
        ("status", {"healthy": True}),
        ("candidates", {"risk_threshold": 0.5, "models": {}}),
        ("train", {"n": 1}),
    ],
)
def test_what_has_no_table_is_left_to_plain_text(job: str, details: dict[str, Any]) -> None:
    assert printed(job, details) is None
