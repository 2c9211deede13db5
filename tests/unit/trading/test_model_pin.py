"""`model_pin`: which model a session runs on, and that nothing on disk makes it raise."""

import json
import pickle
import shutil
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from afterclose import model_registry
from afterclose.disk.files import sha256_bytes
from afterclose.disk.scope_lock import scope_lock
from afterclose.errors import SessionLocked
from afterclose.market.clock import MarketClock
from afterclose.model_registry import ModelRegistry
from afterclose.settings import Settings
from afterclose.trading.model_pin import Pin, pin_model
from trading_builders import (
    BEFORE_THE_OPEN,
    CLOSE,
    DURING_THE_SESSION,
    make_scorecard,
    promote_files,
    promote_model,
    write_sessions,
)

OTHER = make_scorecard(weights=(0.5, 0.5))


def scorecard_path(settings: Settings, model_id: str) -> Path:
    return settings.model_dir / model_id / "scorecard.json"


def test_an_empty_volume_has_no_active_model_and_that_is_no_trouble(settings: Settings) -> None:
    pin = pin_model(settings, BEFORE_THE_OPEN)
    assert (pin.scorer, pin.reason, pin.trouble) == (None, "no_active_model", False)
    assert pin.text.startswith("no_active_model: ")
    assert not settings.root.exists()


def test_the_active_model_is_loaded_and_the_session_locked_until_its_close(
    settings: Settings,
) -> None:
    write_sessions(settings)
    model_id = promote_model(settings)
    pin = pin_model(settings, BEFORE_THE_OPEN)
    assert pin.scorer is not None
    assert (pin.model_id, pin.session, pin.until) == (model_id, "2026-01-27", CLOSE)
    assert pin.digest == sha256_bytes(scorecard_path(settings, model_id).read_bytes())
    assert pin.text == f"model {model_id} for session 2026-01-27 until 2026-01-27 21:00 UTC"
    assert not pin.trouble
    lock = ModelRegistry.from_settings(settings).current_lock(DURING_THE_SESSION)
    assert lock is not None
    assert (lock.model_id, lock.session, lock.until) == (model_id, "2026-01-27", CLOSE)


def test_without_a_model_no_session_is_locked(settings: Settings) -> None:
    write_sessions(settings)
    pin_model(settings, BEFORE_THE_OPEN)
    assert ModelRegistry.from_settings(settings).current_lock(BEFORE_THE_OPEN) is None


def test_loading_twice_locks_once(settings: Settings) -> None:
    write_sessions(settings)
    promote_model(settings)
    pin_model(settings, BEFORE_THE_OPEN)
    events = (settings.model_dir / "registry_events.jsonl").read_bytes()
    assert pin_model(settings, DURING_THE_SESSION).scorer is not None
    assert (settings.model_dir / "registry_events.jsonl").read_bytes() == events


def test_during_the_lock_nobody_promotes_or_rolls_back(settings: Settings) -> None:
    write_sessions(settings)
    promote_model(settings)
    promote_model(settings, BEFORE_THE_OPEN, make_scorecard(weights=(2.0, 2.0)))
    pin_model(settings, BEFORE_THE_OPEN)
    with pytest.raises(SessionLocked):
        promote_model(settings, DURING_THE_SESSION, OTHER)
    with pytest.raises(SessionLocked):
        ModelRegistry.from_settings(settings).rollback("", now=DURING_THE_SESSION)


def test_a_restart_in_mid_session_loads_the_locked_model_even_if_another_is_active(
    settings: Settings,
) -> None:
    write_sessions(settings)
    first = promote_model(settings)
    pin_model(settings, BEFORE_THE_OPEN)
    promote_model(settings, CLOSE + timedelta(hours=1), OTHER)  # by a clock that runs ahead
    assert pin_model(settings, DURING_THE_SESSION).model_id == first


@pytest.mark.parametrize(
    ("calendar", "has_sessions"), [("24/7", True), ("24/7", False), ("24/5", True)]
)
def test_a_market_that_never_closes_pins_in_memory_and_locks_nobody_out(
    settings: Settings, calendar: str, has_sessions: bool
) -> None:
    around_the_clock = replace(settings, calendar=calendar)
    if has_sessions:
        MarketClock.from_settings(around_the_clock).ensure(BEFORE_THE_OPEN)
    model_id = promote_model(around_the_clock)
    pin = pin_model(around_the_clock, BEFORE_THE_OPEN)
    assert (pin.model_id, pin.session) == (model_id, "2026-01-27")
    assert pin.trouble is not has_sessions
    registry = ModelRegistry.from_settings(around_the_clock)
    assert registry.current_lock(BEFORE_THE_OPEN) is None


def test_the_next_session_loads_what_is_active_then(settings: Settings) -> None:
    write_sessions(settings)
    promote_model(settings)
    pin_model(settings, BEFORE_THE_OPEN)
    second = promote_model(settings, CLOSE + timedelta(hours=1), OTHER)
    pin = pin_model(settings, CLOSE + timedelta(hours=2))
    assert (pin.model_id, pin.session) == (second, "2026-01-28")


@pytest.mark.parametrize(
    ("now", "midnight"),
    [("2026-01-27T14:00+00:00", "2026-01-28T05:00+00:00"),
     ("2026-01-28T03:00+00:00", "2026-01-28T05:00+00:00")],
)  # fmt: skip
def test_a_calendar_that_cannot_tell_locks_for_the_local_day(
    settings: Settings, now: str, midnight: str
) -> None:
    moment = datetime.fromisoformat(now)
    promote_model(settings, moment - timedelta(hours=1))
    pin = pin_model(settings, moment)
    assert pin.scorer is not None
    assert (pin.session, pin.until) == ("2026-01-27", datetime.fromisoformat(midnight))
    assert "the local day" in pin.text
    assert pin.trouble


def test_an_unknown_calendar_without_sessions_locks_for_the_day_in_utc(settings: Settings) -> None:
    elsewhere = replace(settings, calendar="XNIX")
    promote_model(elsewhere)
    pin = pin_model(elsewhere, BEFORE_THE_OPEN)
    assert pin.scorer is not None
    assert pin.until == datetime.fromisoformat("2026-01-28T00:00+00:00")


def test_another_writer_is_waited_for_briefly_and_then_passed_over(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_registry, "SESSION_LOCK_WAIT_S", 0.05)
    write_sessions(settings)
    model_id = promote_model(settings)
    pinned: list[Pin] = []
    with scope_lock(settings.root):
        thread = threading.Thread(
            target=lambda: pinned.append(pin_model(settings, BEFORE_THE_OPEN))
        )
        thread.start()
        thread.join()
    (pin,) = pinned
    assert (pin.model_id, pin.trouble) == (model_id, True)
    assert "not locked, but kept in memory: another job" in pin.text


def test_a_folder_that_cannot_be_written_still_gives_the_model(settings: Settings) -> None:
    write_sessions(settings)
    model_id = promote_model(settings)
    (settings.root / ".lock").unlink()
    (settings.root / ".lock").mkdir()  # root may write anywhere, but not open a folder
    pin = pin_model(settings, BEFORE_THE_OPEN)
    assert (pin.model_id, pin.trouble) == (model_id, True)
    assert "not locked, but kept in memory" in pin.text


def damage(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def tamper(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b'"rsi"', b'"rsj"'))


def remove_folder(path: Path) -> None:
    shutil.rmtree(path.parent)


@pytest.mark.parametrize("harm", [damage, tamper, Path.unlink, remove_folder])
def test_a_model_that_is_not_what_was_promoted_is_not_used(
    settings: Settings, harm: Callable[[Path], None]
) -> None:
    write_sessions(settings)
    harm(scorecard_path(settings, promote_model(settings)))
    pin = pin_model(settings, BEFORE_THE_OPEN)
    assert (pin.scorer, pin.model_id, pin.reason) == (None, None, "model_load_failed")
    assert pin.trouble
    assert ModelRegistry.from_settings(settings).current_lock(BEFORE_THE_OPEN) is None


@pytest.mark.parametrize("content", [b"[]", b'{"schema_version": 2}', b"not json", b""])
def test_a_scorecard_that_was_registered_broken_is_not_used(
    settings: Settings, content: bytes
) -> None:
    promote_files(settings, {"model.joblib": b"", "scorecard.json": content})
    pin = pin_model(settings, BEFORE_THE_OPEN)
    assert (pin.scorer, pin.reason) == (None, "model_load_failed")


def test_a_model_without_scorecard_is_opened_only_when_its_digest_fits(
    settings: Settings, tmp_path: Path
) -> None:
    trace = tmp_path / "opened"

    class Trap:
        def __reduce__(self) -> tuple[object, tuple[Path]]:
            return Path.touch, (trace,)

    model_id = promote_files(settings, {"model.joblib": b"harmless"})
    path = settings.model_dir / model_id / "model.joblib"
    path.write_bytes(pickle.dumps(Trap()))
    pin = pin_model(settings, BEFORE_THE_OPEN)
    assert (pin.scorer, pin.reason) == (None, "model_load_failed")
    assert "SHA-256" in pin.text
    assert not trace.exists()


@pytest.mark.parametrize(
    "content", [b"", b"\x00" * 100, b"[]\n", b'{"event": "promoted"}\n', b"\xff\xfe\n"]
)
def test_a_registry_that_is_not_to_be_trusted_gives_no_model(
    settings: Settings, content: bytes
) -> None:
    promote_model(settings)
    (settings.model_dir / "registry_events.jsonl").write_bytes(content)
    pin = pin_model(settings, BEFORE_THE_OPEN)
    assert pin.scorer is None
    assert pin.reason in {"model_load_failed", "no_active_model"}


def test_a_registry_that_is_a_folder_gives_no_model(settings: Settings) -> None:
    (settings.model_dir / "registry_events.jsonl").mkdir(parents=True)
    pin = pin_model(settings, BEFORE_THE_OPEN)
    assert (pin.scorer, pin.reason) == (None, "model_load_failed")


def test_with_a_signing_key_only_what_it_signed_is_loaded(settings: Settings) -> None:
    write_sessions(settings)
    promote_model(settings)
    pin = pin_model(replace(settings, signing_key="secret"), BEFORE_THE_OPEN)
    assert (pin.scorer, pin.reason) == (None, "model_load_failed")
    assert "signed" in pin.text
    assert "secret" not in pin.text


def test_with_a_signing_key_a_signed_model_is_loaded_and_locked(settings: Settings) -> None:
    signed = replace(settings, signing_key="secret")
    write_sessions(signed)
    model_id = promote_model(signed)
    assert pin_model(signed, BEFORE_THE_OPEN).model_id == model_id
    promote_model(signed, CLOSE + timedelta(hours=1), OTHER)
    assert pin_model(signed, DURING_THE_SESSION).model_id == model_id


def test_with_a_signing_key_an_unsigned_lock_pins_nothing(settings: Settings) -> None:
    signed = replace(settings, signing_key="secret")
    write_sessions(signed)
    first = promote_model(signed)
    promote_model(signed, BEFORE_THE_OPEN + timedelta(minutes=1), OTHER)
    events = settings.model_dir / "registry_events.jsonl"
    ModelRegistry.from_settings(signed).rollback("", now=BEFORE_THE_OPEN + timedelta(minutes=2))
    ModelRegistry.from_settings(settings).lock("2026-01-27", CLOSE, first, now=DURING_THE_SESSION)
    promote_again = BEFORE_THE_OPEN + timedelta(days=2)
    promote_model(signed, promote_again, make_scorecard(weights=(0.1, 0.1)))
    assert b'"locked"' in events.read_bytes()
    pin = pin_model(signed, DURING_THE_SESSION)
    assert (pin.scorer, pin.reason) == (None, "model_load_failed")
    assert "does not vouch" in pin.text


def test_a_session_opened_without_a_model_stays_without_one(settings: Settings) -> None:
    write_sessions(settings)
    registry = ModelRegistry.from_settings(settings)
    registry.lock("2026-01-27", CLOSE, None, now=BEFORE_THE_OPEN)
    promote_model(settings, CLOSE + timedelta(hours=1))
    pin = pin_model(settings, DURING_THE_SESSION)
    assert (pin.scorer, pin.reason) == (None, "no_active_model")


@pytest.mark.parametrize(
    ("days_later", "expired"), [(0, False), (2, False), (3, True), (13, True), (40, True)]
)
def test_a_model_older_than_allowed_is_expired(
    settings: Settings, days_later: int, expired: bool
) -> None:
    """Trained on Monday 26 January at 14:00 UTC; three sessions have closed by Thursday."""
    write_sessions(settings)
    promote_model(settings)
    limited = replace(settings, model_max_age_sessions=3)
    pin = pin_model(limited, BEFORE_THE_OPEN + timedelta(days=days_later))
    assert (pin.reason == "model_expired") is expired
    assert (pin.scorer is None) is expired
    assert pin.trouble is expired


def test_a_young_model_needs_no_calendar_to_be_young(settings: Settings) -> None:
    promote_model(settings)
    assert pin_model(replace(settings, model_max_age_sessions=2), BEFORE_THE_OPEN).scorer
    doubtful = pin_model(replace(settings, model_max_age_sessions=1), BEFORE_THE_OPEN)
    assert doubtful.reason == "model_expired"
    assert "may be older than 1 sessions" in doubtful.text


def test_the_pointer_file_decides_nothing(settings: Settings) -> None:
    write_sessions(settings)
    model_id = promote_model(settings)
    pointer = settings.model_dir / "model_registry.json"
    lie = json.loads(pointer.read_text()) | {"active_model_id": "20200101_000000"}
    pointer.write_text(json.dumps(lie))
    assert pin_model(settings, BEFORE_THE_OPEN).model_id == model_id
