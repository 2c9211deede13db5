"""A run under the scope's lock is journalled, whatever ends it and whenever."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from afterclose.nightly.journal import Journal
from afterclose.nightly.work import Workplace
from afterclose.records import Outcome
from afterclose.scope_files import JOURNAL_FILE
from afterclose.settings import Settings

NOW = datetime(2026, 1, 27, 21, 30, tzinfo=UTC)
SESSION = "2026-01-27"


@pytest.mark.parametrize("written", [False, True], ids=["before", "after"])
def test_a_stop_while_the_start_is_written_is_no_attempt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: bool
) -> None:
    settings = Settings(logs_dir=str(tmp_path))
    settings.root.mkdir(parents=True)
    begin = Journal.begin

    def stopped_in_the_middle(self: Journal, run: object) -> None:
        if written:
            begin(self, run)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    monkeypatch.setattr(Journal, "begin", stopped_in_the_middle)
    with (
        pytest.raises(KeyboardInterrupt),
        Workplace.from_settings(settings).run("cycle", NOW, session=SESSION, attempt=1) as end,
    ):
        end(Outcome(job="cycle", status="done"))
    journal = Journal(settings.root / JOURNAL_FILE)
    assert [run.end.event for run in journal.runs("cycle") if run.end] == ["STOPPED"] * written
    assert journal.attempts("cycle", SESSION) == 0
