"""The hash-chained log: every harm to it is found, and a torn tail harms nobody."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from afterclose.errors import IntegrityError, StorageError
from afterclose.registry.event_log import Chain, EventLog
from afterclose.registry.events import Event


def add(log: EventLog, model_id: str) -> Event:
    chain = log.read()
    event = Event(
        schema_version=1,
        seq=len(chain.links) + 1,
        prev=chain.head,
        at=datetime(2026, 1, 27, 21, 30, tzinfo=UTC),
        by="tester@desk",
        event="registered",
        model_id=model_id,
        reason="",
        previous_active=None,
    )
    log.append(chain, event)
    return event


@pytest.fixture
def log(tmp_path: Path) -> EventLog:
    log = EventLog(tmp_path / "registry_events.jsonl")
    for model_id in ("M1", "M2", "M3"):
        add(log, model_id)
    return log


def rewrite(log: EventLog, *lines: bytes, tail: bytes = b"") -> None:
    log.path.write_bytes(b"".join(line + b"\n" for line in lines) + tail)


def test_an_absent_file_is_an_empty_chain(tmp_path: Path) -> None:
    assert EventLog(tmp_path / "none.jsonl").read() == Chain()


def test_events_come_back_in_the_order_in_which_they_were_appended(log: EventLog) -> None:
    chain = log.read()
    assert [event.model_id for event in chain.events] == ["M1", "M2", "M3"]
    assert chain.damage is None
    assert chain.length_bytes == log.path.stat().st_size


def test_the_chain_foresees_the_bytes_of_the_next_event(log: EventLog) -> None:
    before = log.read()
    event = add(log, "M4")
    assert before.followed_by(event) == log.read()


def damaged_lines(log: EventLog) -> dict[str, list[bytes]]:
    one, two, three = log.path.read_bytes().splitlines()
    return {
        "changed": [one, two.replace(b"M2", b"M9"), three],
        "link changed": [one, two.replace(b'"prev":"', b'"prev":"0', 1), three],
        "removed": [one, three],
        "reordered": [two, one, three],
        "repeated": [one, two, two, three],
        "blank": [one, b"", two, three],
        "not JSON": [one, two[:-9], three],
        "NUL bytes": [one, b"\0" * 40, three],
    }


@pytest.mark.parametrize(
    ("harm", "line"),
    [
        ("changed", 2),  # it reads well, but the next line was not written after it
        ("link changed", 1),  # which of the two lines was changed, nobody can tell
        ("removed", 2),
        ("reordered", 1),
        ("repeated", 3),
        ("blank", 2),
        ("not JSON", 2),
        ("NUL bytes", 2),
    ],
)
def test_damage_is_found_on_its_line_and_nothing_is_appended_behind_it(
    log: EventLog, harm: str, line: int
) -> None:
    rewrite(log, *damaged_lines(log)[harm])
    before = log.path.read_bytes()
    chain = log.read()
    assert chain.damage is not None
    assert chain.damage.where.startswith(f"line {line},")
    assert len(chain.links) == line - 1
    with pytest.raises(IntegrityError, match="make verify REPAIR=1") as caught:
        add(log, "M4")
    assert caught.value.exit_code == 3
    assert log.path.read_bytes() == before


@pytest.mark.parametrize("tail", [b'{"schema_version":1,"seq":4', b"\0\0\0\0", b"x"])
def test_readers_pass_over_a_torn_last_line(log: EventLog, tail: bytes) -> None:
    sound = log.read()
    log.path.write_bytes(log.path.read_bytes() + tail)
    chain = log.read()
    assert (chain.links, chain.torn, chain.damage) == (sound.links, tail, None)


def test_the_next_writer_cuts_a_torn_last_line_off_and_keeps_it_beside(log: EventLog) -> None:
    log.path.write_bytes(log.path.read_bytes() + b'{"schema_version":1,"se')
    add(log, "M4")
    assert [event.model_id for event in log.read().events] == ["M1", "M2", "M3", "M4"]
    assert log.read().torn == b""
    (kept,) = log.path.parent.glob("registry_events.jsonl.torn-*")
    assert kept.read_bytes() == b'{"schema_version":1,"se'


def test_an_event_that_lacks_only_its_newline_is_torn(log: EventLog) -> None:
    log.path.write_bytes(log.path.read_bytes()[:-1])
    assert [event.model_id for event in log.read().events] == ["M1", "M2"]
    add(log, "M3 again")
    assert [event.model_id for event in log.read().events] == ["M1", "M2", "M3 again"]


def test_a_chain_knows_which_prefixes_it_has(log: EventLog) -> None:
    chain = log.read()
    assert chain.has(0, "0" * 64)
    assert chain.has(2, chain.links[1].digest)
    assert not chain.has(2, chain.head)
    assert not chain.has(4, chain.head)


def test_cutting_back_takes_the_last_event_off(log: EventLog) -> None:
    before = log.read()
    add(log, "M4")
    log.cut_back(before)
    assert log.read() == before


@pytest.mark.skipif(os.getuid() == 0, reason="root reads every file")
def test_a_file_without_permission_is_a_storage_error(log: EventLog) -> None:
    log.path.chmod(0)
    with pytest.raises(StorageError, match="readable"):
        log.read()


def test_a_folder_in_the_place_of_the_file_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "registry_events.jsonl").mkdir()
    with pytest.raises(StorageError, match="registry_events"):
        EventLog(tmp_path / "registry_events.jsonl").read()
