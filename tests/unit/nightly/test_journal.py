"""The journal: a START and one end a run, crashes counted, bounded for ever, tolerant to read."""

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from afterclose.errors import StorageError
from afterclose.nightly import journal as journal_module
from afterclose.nightly.journal import Journal, JournalLine

NOW = datetime(2026, 1, 27, 21, 30, tzinfo=UTC)
SESSION = "2026-01-27"


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "us" / "paper" / "ml_runs.jsonl")


def raw(journal: Journal) -> list[dict]:
    return [json.loads(line) for line in journal.path.read_bytes().splitlines()]


def last_terminal(journal: Journal) -> JournalLine | None:
    """The line that ended the latest ended cycle of the session."""
    ends = [run.end for run in journal.runs("cycle", SESSION) if run.end]
    return ends[-1] if ends else None


def test_a_run_leaves_a_start_and_one_end_with_one_id(journal: Journal) -> None:
    run = journal.start("train", NOW, session=SESSION, attempt=1)
    journal.completed(run, reason="245 rows", model_id="20260127_213000")
    start, end = raw(journal)
    assert (start["event"], end["event"]) == ("START", "COMPLETED")
    assert start["run_id"] == end["run_id"] == run.run_id
    assert start["at"] == "2026-01-27T21:30:00Z"
    assert (end["session"], end["attempt"]) == (SESSION, 1)
    assert (end["reason"], end["model_id"]) == ("245 rows", "20260127_213000")
    assert end["duration_s"] >= 0
    assert start["schema_version"] == end["schema_version"] == 1


def test_a_skipped_run_says_why(journal: Journal) -> None:
    journal.skipped(journal.start("cycle", NOW), "market open")
    assert (raw(journal)[-1]["event"], raw(journal)[-1]["reason"]) == ("SKIPPED", "market open")


@pytest.mark.parametrize(
    ("error", "words"),
    [(ValueError("bad row"), "bad row"), (KeyError(), "KeyError"), ("disk full", "disk full")],
)
def test_a_failed_run_says_what_happened(
    journal: Journal, error: BaseException | str, words: str
) -> None:
    journal.failed(journal.start("train", NOW), error)
    assert (raw(journal)[-1]["event"], raw(journal)[-1]["error"]) == ("FAILED", words)


def test_a_run_cannot_end_twice(journal: Journal) -> None:
    run = journal.start("train", NOW)
    journal.completed(run)
    with pytest.raises(ValueError, match="has ended already"):
        journal.failed(run, "late")
    assert len(raw(journal)) == 2


def test_runs_that_start_in_the_same_second_have_ids_of_their_own(journal: Journal) -> None:
    assert len({journal.start("build", NOW).run_id for _ in range(50)}) == 50


def test_a_killed_run_counts_as_a_failed_attempt(journal: Journal) -> None:
    journal.start("cycle", NOW, session=SESSION)
    journal.failed(journal.start("cycle", NOW, session=SESSION), "boom")
    journal.completed(journal.start("cycle", NOW, session=SESSION))
    journal.skipped(journal.start("cycle", NOW, session=SESSION), "unchanged")
    journal.start("cycle", NOW, session="2026-01-26")
    journal.start("train", NOW, session=SESSION)
    assert journal.attempts("cycle", SESSION) == 2


def test_the_last_terminal_line_is_that_of_the_latest_run_that_ended(journal: Journal) -> None:
    assert last_terminal(journal) is None
    journal.failed(journal.start("cycle", NOW, session=SESSION), "boom")
    journal.completed(journal.start("cycle", NOW, session=SESSION))
    journal.start("cycle", NOW, session=SESSION)
    last = last_terminal(journal)
    assert last is not None
    assert last.event == "COMPLETED"


def test_an_absent_journal_is_empty(journal: Journal) -> None:
    assert journal.read() == []


@pytest.mark.parametrize("rubbish", [b"{not json}\n", b"\n", b'{"run_id": 5}\n', b"\xff\n"])
def test_a_line_that_cannot_be_read_is_passed_over(journal: Journal, rubbish: bytes) -> None:
    journal.completed(journal.start("train", NOW))
    with journal.path.open("ab") as file:
        file.write(rubbish)
    journal.completed(journal.start("evaluate", NOW))
    assert [line.job for line in journal.read()] == ["train", "train", "evaluate", "evaluate"]


def test_a_torn_last_line_spoils_only_itself(journal: Journal) -> None:
    journal.completed(journal.start("train", NOW))
    with journal.path.open("ab") as file:
        file.write(b'{"schema_version":1,"run_id":"2026')
    journal.completed(journal.start("evaluate", NOW))
    assert [line.job for line in journal.read()] == ["train", "train", "evaluate", "evaluate"]


def test_words_that_are_no_text_do_not_stop_the_journal(journal: Journal) -> None:
    journal.failed(journal.start("train", NOW), "caf\udce9\nsecond line")
    assert journal.read()[-1].error == "caf?\nsecond line"


def test_a_newer_line_with_more_fields_is_read(journal: Journal) -> None:
    journal.completed(journal.start("train", NOW))
    lines = [line | {"weather": "fine"} for line in raw(journal)]
    for line in lines:
        del line["crc32"]
    journal.path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert len(journal.read()) == 2


def test_a_line_with_a_changed_letter_is_passed_over(journal: Journal) -> None:
    """A session of the year 6026 would put off every cycle until then."""
    journal.completed(journal.start("cycle", NOW, session="2026-01-27"))
    journal.path.write_bytes(journal.path.read_bytes().replace(b'"2026-01-27"', b'"6026-01-27"'))
    assert journal.read() == []


def test_thousands_of_nights_stay_bounded_and_the_recent_ones_are_kept(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_module, "ROTATE_BYTES", 20_000)
    for night in range(1500):
        day = NOW + timedelta(days=night)
        session = f"{day:%Y-%m-%d}"
        journal.completed(journal.start("cycle", day, session=session))
    files = sorted(path.name for path in journal.path.parent.iterdir() if path.name != ".lock")
    assert files == ["ml_runs.jsonl", "ml_runs.jsonl.1"]
    assert sum(path.stat().st_size for path in journal.path.parent.iterdir()) < 45_000
    runs = journal.runs("cycle")
    assert len(runs) >= 45
    assert all(run.end for run in runs[1:])
    last = NOW + timedelta(days=1499)
    assert runs[-1].start.session == f"{last:%Y-%m-%d}"


def test_a_journal_that_another_run_has_just_rotated_is_not_rotated_again(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second rotation would put an almost empty file over the history."""
    journal.completed(journal.start("build", NOW))
    monkeypatch.setattr(journal_module, "ROTATE_BYTES", 1)
    history = journal.path.read_bytes()

    @contextmanager
    def another_rotates_first(_: Path):
        journal.path.rename(journal.path.with_name("ml_runs.jsonl.1"))
        journal.path.write_bytes(b"")
        yield

    monkeypatch.setattr(journal_module, "scope_lock", another_rotates_first)
    journal.start("build", NOW)
    assert journal.path.with_name("ml_runs.jsonl.1").read_bytes() == history


def test_lines_seen_twice_during_a_rotation_count_once(journal: Journal) -> None:
    journal.failed(journal.start("cycle", NOW, session=SESSION), "boom")
    journal.path.with_name("ml_runs.jsonl.1").write_bytes(journal.path.read_bytes())
    assert journal.attempts("cycle", SESSION) == 1


def test_of_two_ends_of_a_run_the_first_counts(journal: Journal) -> None:
    journal.completed(journal.start("cycle", NOW, session=SESSION))
    end = journal.path.read_bytes().splitlines()[1]
    with journal.path.open("ab") as file:
        file.write(end.replace(b"COMPLETED", b"FAILED") + b"\n")
    last = last_terminal(journal)
    assert last is not None
    assert last.event == "COMPLETED"


def test_runs_of_many_threads_leave_whole_lines(journal: Journal) -> None:
    def night(number: int) -> None:
        own = Journal(journal.path)
        own.completed(own.start("build", NOW, session=str(number)))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(night, range(80)))
    assert len(raw(journal)) == 160
    assert all(run.end for run in journal.runs("build"))


def test_a_folder_that_cannot_be_made_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "us").write_bytes(b"a file in the way")
    with pytest.raises(StorageError, match="us"):
        Journal(tmp_path / "us" / "paper" / "ml_runs.jsonl").start("build", NOW)


def test_an_end_whose_start_was_never_written_says_nothing(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "ml_runs.jsonl")
    journal.stopped(journal.plan("cycle", NOW, session="2026-01-27", attempt=1))
    assert [line.event for line in journal.read()] == ["STOPPED"]
    assert journal.runs("cycle") == []
    assert journal.attempts("cycle", "2026-01-27") == 0


def test_the_last_ends_of_each_job_are_those_of_reading_it_all(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "ml_runs.jsonl")
    for number in range(60):
        run = journal.start(("cycle", "train", "build")[number % 3], NOW + timedelta(hours=number))
        if number % 3 == 2 or number % 7 == 0:
            journal.failed(run, "broken")
        elif number % 5 == 1:
            journal.skipped(run, "nothing new")
        elif number % 5 == 2:
            journal.stopped(run)
        elif number % 5:
            journal.completed(run)
        if number == 40:
            journal.path.rename(tmp_path / "ml_runs.jsonl.1")
    with journal.path.open("ab") as file:
        file.write(b'{"job":"cycle","event":"COMPLETED"}\ntorn {"job":"tr')
    ends = [line for line in journal.read() if line.event not in {"START", "STOPPED"}]
    last = {line.job: line for line in ends}
    good = {line.job: line for line in ends if line.event != "FAILED"}
    assert good.keys() == {"cycle", "train"}
    assert journal.last_ends() == {job: (last[job], good.get(job)) for job in last}
