"""The clock answers from its file, renews it in time, and says so when it cannot tell."""

import logging
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from errno import EROFS
from pathlib import Path

import msgspec
import pytest

from afterclose.config import load_settings
from afterclose.disk import files
from afterclose.disk.disk_layer import DiskLayer
from afterclose.errors import CannotTell, ConfigError, InputError
from afterclose.market.clock import MarketClock, library_version, market_timezone
from afterclose.market.sessions import SessionTable
from afterclose.settings import Settings
from repository import REPOSITORY

NOON = datetime(2026, 1, 27, 17, tzinfo=UTC)
"""A Tuesday, noon in New York: the market trades."""

EVENING = datetime(2026, 1, 27, 22, tzinfo=UTC)


@pytest.fixture(scope="session")
def cache_bytes(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A cache of XNYS around NOON, as `ensure` writes it."""
    path = tmp_path_factory.mktemp("sessions") / "ml_sessions.json"
    MarketClock("XNYS", path).ensure(NOON)
    return path.read_bytes()


@pytest.fixture
def cache(tmp_path: Path, cache_bytes: bytes) -> Path:
    path = tmp_path / "ml_sessions.json"
    path.write_bytes(cache_bytes)
    return path


def stored(path: Path) -> SessionTable:
    return msgspec.json.decode(path.read_bytes(), type=SessionTable)


def altered(path: Path, **fields: object) -> None:
    content = msgspec.json.decode(path.read_bytes())
    del content["crc32"]
    path.write_bytes(msgspec.json.encode(content | fields))


def files_in(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# --- answers -----------------------------------------------------------------------------


def test_the_market_is_open_at_noon_and_closed_in_the_evening(cache: Path) -> None:
    clock = MarketClock("XNYS", cache)
    assert clock.is_open(NOON)
    assert not clock.is_open(EVENING)


def test_an_open_market_forbids_training(cache: Path) -> None:
    assert MarketClock("XNYS", cache).market_open_for_training(NOON)


def test_the_delay_counts_from_the_close(cache: Path) -> None:
    clock = MarketClock("XNYS", cache)
    assert clock.last_completed(datetime(2026, 1, 27, 21, 29, tzinfo=UTC), 30).date == "2026-01-26"
    assert clock.last_completed(datetime(2026, 1, 27, 21, 30, tzinfo=UTC), 30).date == "2026-01-27"


def test_a_weekend_belongs_to_friday_and_locks_monday(cache: Path) -> None:
    clock = MarketClock("XNYS", cache)
    sunday = datetime(2026, 1, 25, 12, tzinfo=UTC)
    assert clock.last_completed(sunday, 30).date == "2026-01-23"
    assert clock.session_for_lock(sunday).date == "2026-01-26"


def test_the_running_session_is_the_one_to_lock(cache: Path) -> None:
    session = MarketClock("XNYS", cache).session_for_lock(NOON)
    assert session.date == "2026-01-27"
    assert session.close == datetime(2026, 1, 27, 21, tzinfo=UTC)


def test_age_is_counted_in_sessions_not_days(cache: Path) -> None:
    """14 days hold ten weekdays, and Monday 19 January 2026 is a holiday."""
    clock = MarketClock("XNYS", cache)
    assert clock.sessions_between(EVENING - timedelta(days=14), EVENING) == 9
    assert clock.sessions_between(EVENING, NOON) == 0


def test_an_age_that_begins_before_the_cache_cannot_be_told(cache: Path) -> None:
    with pytest.raises(CannotTell, match="known from 2024-12-23"):
        MarketClock("XNYS", cache).sessions_between(EVENING - timedelta(days=500), EVENING)


def test_only_an_end_that_is_near_is_said(cache: Path, tmp_path: Path) -> None:
    assert MarketClock("XNYS", cache).calendar_ends(NOON) is None
    mumbai = MarketClock("XBOM", tmp_path / "mumbai.json", may_build=True)
    assert mumbai.calendar_ends(datetime(2026, 12, 1, tzinfo=UTC)) == "2026-12-31"
    assert mumbai.calendar_ends(NOON) is None


def test_crypto_sessions_are_utc_days_and_never_forbid_training(tmp_path: Path) -> None:
    clock = MarketClock("24/7", tmp_path / "ml_sessions.json", may_build=True)
    assert clock.always_open
    assert clock.is_open(NOON)
    assert not clock.market_open_for_training(NOON)
    assert clock.last_completed(datetime(2026, 1, 25, 0, 29, tzinfo=UTC), 30).date == "2026-01-23"
    assert clock.last_completed(datetime(2026, 1, 25, 0, 30, tzinfo=UTC), 30).date == "2026-01-24"
    assert clock.session_for_lock(NOON).close == datetime(2026, 1, 28, tzinfo=UTC)


@pytest.mark.parametrize(
    "ask",
    [
        lambda clock, now: clock.is_open(now),
        lambda clock, now: clock.last_completed(now),
        lambda clock, now: clock.session_for_lock(now),
        lambda clock, now: clock.sessions_between(NOON, now),
        lambda clock, now: clock.sessions_between(now, NOON),
        lambda clock, now: clock.ensure(now),
        lambda clock, now: clock.refresh(now),
    ],
)
def test_a_naive_moment_is_refused_with_the_remedy(
    cache: Path, ask: Callable[[MarketClock, datetime], object]
) -> None:
    with pytest.raises(InputError, match=r"2026-01-27T17:00:00 has no offset from UTC"):
        ask(MarketClock("XNYS", cache), NOON.replace(tzinfo=None))


# --- what the file is worth --------------------------------------------------------------


DAMAGE: dict[str, Callable[[Path], object]] = {
    "absent": Path.unlink,
    "empty": lambda path: path.write_bytes(b""),
    "truncated": lambda path: os.truncate(path, 5000),
    "not text": lambda path: path.write_bytes(b"\xff\x00" * 100),
    "other JSON": lambda path: path.write_bytes(b"[1, 2]"),
    "old schema": lambda path: altered(path, schema_version=0),
    "naive time": lambda path: altered(path, covers_until="2026-05-28T04:00:00"),
    "out of order": lambda path: altered(
        path, sessions=msgspec.json.decode(path.read_bytes())["sessions"][::-1]
    ),
    "other calendar": lambda path: altered(path, calendar="XBOM"),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_a_reader_that_may_not_build_cannot_tell_from_a_bad_file(
    cache: Path, damage: Callable[[Path], object]
) -> None:
    damage(cache)
    before = files_in(cache.parent)
    with pytest.raises(CannotTell, match=r"ml_sessions\.json"):
        MarketClock("XNYS", cache).is_open(NOON)
    assert files_in(cache.parent) == before


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_ensure_makes_a_bad_file_anew(
    cache: Path, cache_bytes: bytes, damage: Callable[[Path], object]
) -> None:
    damage(cache)
    MarketClock("XNYS", cache).ensure(NOON)
    assert cache.read_bytes() == cache_bytes


def test_a_folder_in_the_files_place_is_answered_from_memory(tmp_path: Path) -> None:
    (tmp_path / "ml_sessions.json").mkdir()
    clock = MarketClock("XNYS", tmp_path / "ml_sessions.json")
    clock.ensure(NOON)
    assert clock.is_open(NOON)


def test_ensure_leaves_a_good_file_alone(cache: Path) -> None:
    before = cache.stat().st_mtime_ns
    MarketClock("XNYS", cache).ensure(NOON + timedelta(days=100))
    assert cache.stat().st_mtime_ns == before


def test_ensure_renews_a_file_two_weeks_before_it_runs_out(cache: Path) -> None:
    later = NOON + timedelta(days=107)
    assert stored(cache).covers(later)
    MarketClock("XNYS", cache).ensure(later)
    assert stored(cache).built_for == later


@pytest.mark.parametrize(
    "fields", [{"library_version": "exchange_calendars 4.0"}, {"overrides_sha256": "abc"}]
)
def test_ensure_renews_a_file_of_another_library_or_other_overrides(
    cache: Path, cache_bytes: bytes, fields: dict[str, str]
) -> None:
    altered(cache, **fields)
    MarketClock("XNYS", cache).ensure(NOON)
    assert cache.read_bytes() == cache_bytes


def test_a_clock_that_jumps_backwards_is_answered_around_the_earlier_moment(cache: Path) -> None:
    earlier = datetime(2020, 3, 9, 12, tzinfo=UTC)
    with pytest.raises(CannotTell, match="lies outside"):
        MarketClock("XNYS", cache).last_completed(earlier)
    clock = MarketClock("XNYS", cache, may_build=True)
    assert clock.last_completed(NOON).date == "2026-01-26"
    assert clock.last_completed(earlier).date == "2020-03-06"
    assert clock.last_completed(NOON).date == "2026-01-26"


def test_a_reader_sees_the_file_that_a_job_has_renewed_meanwhile(cache: Path) -> None:
    reader = MarketClock("XNYS", cache)
    later = NOON + timedelta(days=202)  # a Monday
    with pytest.raises(CannotTell, match="`make cycle` renews it"):
        reader.is_open(later)
    MarketClock("XNYS", cache).ensure(later)
    assert reader.is_open(later)


def test_answers_are_built_in_memory_and_leave_no_trace_on_disk(tmp_path: Path) -> None:
    """A refused job may write its journal and status, nothing else."""
    assert MarketClock("XNYS", tmp_path / "ml_sessions.json", may_build=True).is_open(NOON)
    assert files_in(tmp_path) == {}


class ReadOnlyDisk(DiskLayer):
    def write(self, descriptor: int, data: bytes) -> int:
        raise OSError(EROFS, os.strerror(EROFS))


def test_a_read_only_folder_is_answered_from_memory_and_warned_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(files, "LAYER", ReadOnlyDisk())
    clock = MarketClock("XNYS", tmp_path / "ml_sessions.json")
    with caplog.at_level(logging.WARNING):
        clock.ensure(NOON)
    assert clock.is_open(NOON)
    assert files_in(tmp_path) == {}
    assert "market sessions are not kept" in caplog.text


def test_beyond_the_calendars_end_closed_hours_are_still_closed(tmp_path: Path) -> None:
    clock = MarketClock("XBOM", tmp_path / "ml_sessions.json")
    clock.ensure(datetime(2026, 12, 31, 11, tzinfo=UTC))
    assert not clock.session_for_lock(datetime(2026, 12, 31, 9, tzinfo=UTC)).assumed
    assert clock.session_for_lock(datetime(2026, 12, 31, 11, tzinfo=UTC)).assumed
    assert clock.is_open(datetime(2027, 1, 4, 5, tzinfo=UTC))
    assert not clock.is_open(datetime(2027, 1, 4, 11, tzinfo=UTC))


@pytest.mark.parametrize("calendar", ["24/5", "CMES", "us_futures"])
def test_a_market_that_closes_for_an_instant_trains_at_the_sessions_boundary(
    tmp_path: Path, calendar: str
) -> None:
    """On a Tuesday the session before has just closed; Monday's has the weekend before it."""
    clock = MarketClock(calendar, tmp_path / "sessions.json", may_build=True, delay_minutes=30)
    tuesday, monday = NOON, NOON - timedelta(days=1)
    assert clock.is_open(tuesday)
    assert not clock.market_open_for_training(tuesday)
    assert clock.last_completed(tuesday, 30).date == "2026-01-26"
    assert clock.market_open_for_training(monday)
    assert clock.never_closes(tuesday)
    assert clock.never_closes(monday), "the next session follows at once"


def test_a_market_that_closes_each_day_can_be_locked(cache: Path) -> None:
    assert not MarketClock("XNYS", cache, delay_minutes=1440).never_closes(EVENING)
    assert not MarketClock("XNYS", cache).never_closes(NOON)


def test_a_library_that_cannot_be_imported_is_cannot_tell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "afterclose.market.calendar", None)
    with pytest.raises(CannotTell, match="cannot be imported"):
        MarketClock("XNYS", tmp_path / "ml_sessions.json").ensure(NOON)


# --- settings ----------------------------------------------------------------------------


def test_the_scope_decides_calendar_file_and_overrides(settings: Settings) -> None:
    clock = MarketClock.from_settings(settings)
    assert clock.calendar == "XNYS"
    assert clock.cache_path == settings.root / "ml_sessions.json"
    assert clock.overrides_path is None
    assert not clock.may_build


def test_a_wrong_calendar_name_is_a_config_error_where_the_clock_may_build(
    tmp_path: Path,
) -> None:
    settings = load_settings({"ML_CALENDAR": "XNYC"}, logs_dir=tmp_path)
    with pytest.raises(ConfigError, match="ML_CALENDAR='XNYC'"):
        MarketClock.from_settings(settings, may_build=True).is_open(NOON)
    with pytest.raises(ConfigError, match="ML_CALENDAR='XNYC'"):
        MarketClock.from_settings(settings).ensure(NOON)


@pytest.mark.parametrize("content", [None, "{broken"])
def test_a_bad_override_file_is_a_config_error_even_beside_a_good_cache(
    settings: Settings, cache_bytes: bytes, tmp_path: Path, content: str | None
) -> None:
    settings.root.mkdir(parents=True)
    (settings.root / "ml_sessions.json").write_bytes(cache_bytes)
    path = tmp_path / "sessions.json"
    if content is not None:
        path.write_text(content)
    settings = msgspec.structs.replace(settings, calendar_overrides=str(path))
    with pytest.raises(ConfigError, match=r"ML_CALENDAR_OVERRIDES=.*sessions\.json"):
        MarketClock.from_settings(settings).ensure(NOON)
    assert MarketClock.from_settings(settings).is_open(NOON)


def test_an_override_closes_the_day_in_the_cache(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "sessions.json"
    path.write_text('{"2026-01-27": null}')
    settings = msgspec.structs.replace(settings, calendar_overrides=str(path))
    MarketClock.from_settings(settings).ensure(NOON)
    assert not MarketClock.from_settings(settings).is_open(NOON)


@pytest.mark.parametrize(
    ("market", "timezone"),
    [("us", "America/New_York"), ("india", "Asia/Kolkata"), ("crypto", "UTC")],
)
def test_the_known_markets_have_their_time_zone_without_a_file(
    tmp_path: Path, market: str, timezone: str
) -> None:
    assert market_timezone(load_settings({}, logs_dir=tmp_path, market=market)) == timezone


def test_another_calendars_time_zone_comes_from_the_library_or_the_cache(tmp_path: Path) -> None:
    settings = load_settings({"ML_CALENDAR": "XTKS"}, logs_dir=tmp_path)
    assert market_timezone(settings) == "Asia/Tokyo"
    reader = MarketClock.from_settings(settings)
    with pytest.raises(CannotTell, match="does not exist yet"):
        _ = reader.timezone
    MarketClock.from_settings(settings).ensure(NOON)
    assert reader.timezone == "Asia/Tokyo"


def test_the_library_version_names_what_is_installed() -> None:
    from importlib.metadata import version

    names = ("exchange_calendars", "pandas")
    assert library_version() == ", ".join(f"{name} {version(name)}" for name in names)


def test_a_tick_imports_the_standard_library_and_msgspec_only(cache: Path) -> None:
    code = f"""
import sys
from datetime import datetime
from pathlib import Path
from afterclose.market.clock import MarketClock
clock = MarketClock("XNYS", Path({str(cache)!r}), may_build=True)
now = datetime.fromisoformat({EVENING.isoformat()!r})
clock.ensure(now)
print(clock.last_completed(now, 30).date)
roots = {{name.partition(".")[0] for name in sys.modules}} - sys.stdlib_module_names
print(*sorted(root for root in roots if not root.startswith("_")))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=REPOSITORY
    )
    date, modules = done.stdout.splitlines()
    assert date == "2026-01-27"
    assert set(modules.split()) <= {"afterclose", "msgspec", "typing_extensions", "sitecustomize"}
