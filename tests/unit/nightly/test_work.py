"""What surrounds every piece of work: a stop is journalled wherever it arrives."""

import pytest

from afterclose.nightly import work
from afterclose.nightly.journal import Journal
from afterclose.nightly.work import Workplace
from afterclose.records import Outcome
from afterclose.scope_files import JOURNAL_FILE
from afterclose.settings import Settings
from registry_builders import NOW


@pytest.mark.parametrize("where", ["remove_leftovers", "write_status"])
def test_a_stop_just_behind_the_start_line_is_no_attempt(
    where: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the work itself begins, the scope is tidied and its status written."""

    def stopped(*_: object) -> None:
        monkeypatch.undo()
        raise KeyboardInterrupt

    monkeypatch.setattr(work, where, stopped)
    with (
        pytest.raises(KeyboardInterrupt),
        Workplace.from_settings(settings).run("cycle", NOW, session="2026-01-27"),
    ):
        raise AssertionError("the work has begun")
    journal = Journal(settings.root / JOURNAL_FILE)
    assert [line.event for line in journal.read()] == ["START", "STOPPED"]
    assert journal.attempts("cycle", "2026-01-27") == 0


@pytest.mark.parametrize("written", [False, True], ids=["before", "after"])
def test_a_stop_while_the_start_is_written_is_no_attempt(
    written: bool, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin = Journal.begin

    def stopped_in_the_middle(self: Journal, run: object) -> None:
        if written:
            begin(self, run)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    monkeypatch.setattr(Journal, "begin", stopped_in_the_middle)
    with (
        pytest.raises(KeyboardInterrupt),
        Workplace.from_settings(settings).run("cycle", NOW, session="2026-01-27", attempt=1) as end,
    ):
        end(Outcome(job="cycle", status="done"))
    journal = Journal(settings.root / JOURNAL_FILE)
    assert [run.end.event for run in journal.runs("cycle") if run.end] == ["STOPPED"] * written
    assert journal.attempts("cycle", "2026-01-27") == 0
