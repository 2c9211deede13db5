"""The pointer file: readable by people, bound to the events and to itself."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from afterclose.registry.pointer import read_pointer
from registry_builders import CLOSE, NOW, A, B, pointer_file, read_events, registry_of


def test_it_says_what_is_active_previous_locked_and_known(tmp_path: Path) -> None:
    registry = registry_of(tmp_path, A, B)
    registry.promote_candidate(A, now=NOW)
    registry.promote_candidate(B, "better", now=NOW + timedelta(minutes=1))
    registry.lock("2026-01-28", CLOSE, B, now=NOW)
    body = json.loads(pointer_file(tmp_path).read_bytes())
    assert body["schema_version"] == 1
    assert body["active_model_id"] == B
    assert body["active_model"]["reason"] == "better"
    assert body["active_model"]["since"] == "2026-01-27T21:31:00Z"
    assert body["previous_active"] == A
    assert body["lock"]["until"] == "2026-01-28T21:30:00Z"
    assert {name: record["state"] for name, record in body["models"].items()} == {
        A: "retired",
        B: "active",
    }


def test_it_names_the_events_it_was_derived_from(tmp_path: Path) -> None:
    registry_of(tmp_path, A, B)
    body = json.loads(pointer_file(tmp_path).read_bytes())
    assert body["events"] == len(read_events(tmp_path)) == 2
    assert body["events_bytes"] == (tmp_path / "registry_events.jsonl").stat().st_size


def test_an_absent_file_is_no_witness_and_no_fault(tmp_path: Path) -> None:
    assert read_pointer(tmp_path) == (None, "")


@pytest.mark.parametrize(
    "harm",
    [
        lambda data: b"",
        lambda data: data[: len(data) // 2],
        lambda data: data.replace(A.encode(), B.encode()),
        lambda data: data.replace(b'"events": 1', b'"events": 2'),
        lambda data: b"\0" * len(data),
        lambda data: b"{}",
    ],
    ids=["empty", "half", "another model", "another count", "NUL bytes", "another object"],
)
def test_a_file_that_was_changed_is_no_witness(tmp_path: Path, harm) -> None:
    registry_of(tmp_path, A)
    path = pointer_file(tmp_path)
    path.write_bytes(harm(path.read_bytes()))
    pointer, fault = read_pointer(tmp_path)
    assert pointer is None
    assert fault
