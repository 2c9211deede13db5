"""Progress goes to standard error, as a bar for people and as lines for logs."""

import sys

import pytest

from afterclose.progress import showing_progress


def run(**options):
    with showing_progress("replay", 3, **options) as progress:
        for step in range(3):
            progress.advance()
            progress.say(f"step [{step}]")


def test_a_log_gets_what_was_said_and_nothing_else(capsys):
    run()
    captured = capsys.readouterr()
    assert captured.err == "step [0]\nstep [1]\nstep [2]\n"
    assert captured.out == ""


def test_a_person_gets_a_bar_as_well(capsys, monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    run()
    captured = capsys.readouterr()
    assert "step [2]" in captured.err
    assert "replay" in captured.err
    assert "100%" in captured.err
    assert captured.out == ""


@pytest.mark.parametrize("person", [True, False])
def test_quiet_says_nothing(capsys, monkeypatch, person):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: person)
    run(quiet=True)
    assert capsys.readouterr() == ("", "")


def test_a_run_inside_a_run_leaves_the_bar_to_the_outer_one(capsys, monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with showing_progress("nights", 1) as outer:
        with showing_progress("evaluating", 2) as inner:
            inner.advance()
            inner.say("not shown")
        outer.advance()
    shown = capsys.readouterr().err
    assert "nights" in shown
    assert "evaluating" not in shown
    assert "not shown" not in shown
