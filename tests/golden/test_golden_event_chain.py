"""The events on disk, checked with hashlib and hmac alone, as an auditor would."""

import hashlib
import hmac
import json
from pathlib import Path

from registry_builders import CLOSE, NOW, A, B, events_file, registry_of


def test_each_line_carries_the_sha256_of_the_line_before_it(tmp_path: Path) -> None:
    registry = registry_of(tmp_path / "ml_models", A, B)
    registry.promote_candidate(A, "first", now=NOW)
    registry.promote_candidate(B, "better expectancy", now=NOW)
    registry.lock("2026-01-28", CLOSE, B, now=NOW)
    lines = events_file(tmp_path / "ml_models").read_bytes().splitlines()
    events = [json.loads(line) for line in lines]
    assert [event["seq"] for event in events] == [1, 2, 3, 4, 5]
    assert events[0]["prev"] == "0" * 64
    assert [event["prev"] for event in events[1:]] == [
        hashlib.sha256(line).hexdigest() for line in lines[:-1]
    ]


def test_a_promotion_says_when_who_what_why_and_what_was_active_before(tmp_path: Path) -> None:
    registry = registry_of(tmp_path / "ml_models", A, B)
    registry.promote_candidate(A, "first", now=NOW)
    registry.promote_candidate(B, "better expectancy", now=NOW)
    event = json.loads(events_file(tmp_path / "ml_models").read_bytes().splitlines()[-1])
    assert event["schema_version"] == 1
    assert event["at"] == "2026-01-27T21:30:00Z"
    assert event["by"] == "tester@desk"
    assert event["event"] == "promoted"
    assert event["model_id"] == B
    assert event["reason"] == "better expectancy"
    assert event["previous_active"] == A
    folder = tmp_path / "ml_models" / B
    assert event["artifacts"] == {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
        for name in ("model.joblib", "scorecard.json", "metadata.json")
    }
    assert event["evaluation"]["expectancy"] == {"rules": 0.004, "ml": 0.007}
    assert (
        event["evaluation_sha256"]
        == hashlib.sha256((folder / "evaluation.json").read_bytes()).hexdigest()
    )


def test_the_signature_is_hmac_sha256_over_the_line_without_it(tmp_path: Path) -> None:
    registry = registry_of(tmp_path / "ml_models", A, signing_key="secret")
    registry.promote_candidate(A, now=NOW)
    for line in events_file(tmp_path / "ml_models").read_bytes().splitlines():
        signature = json.loads(line)["signature"]
        unsigned = line.replace(f',"signature":"{signature}"'.encode(), b"")
        assert signature == hmac.new(b"secret", unsigned, hashlib.sha256).hexdigest()
