"""A table of sessions, by hand: a Friday, a Monday, and what lies between and beyond."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from afterclose.errors import CannotTell
from afterclose.market.sessions import Session, SessionTable, overlapping

FRIDAY = Session(
    "2026-01-23",
    datetime(2026, 1, 23, 14, 30, tzinfo=UTC),
    datetime(2026, 1, 23, 21, tzinfo=UTC),
)
MONDAY = Session(
    "2026-01-26",
    datetime(2026, 1, 26, 14, 30, tzinfo=UTC),
    datetime(2026, 1, 26, 21, tzinfo=UTC),
)
NOW = datetime(2026, 1, 24, tzinfo=UTC)
NO_DELAY = timedelta()


def make_table(*sessions: Session) -> SessionTable:
    return SessionTable(
        calendar="XNYS",
        library_version="by hand",
        overrides_sha256="",
        timezone="America/New_York",
        built_for=NOW,
        first="2026-01-22",
        last="2026-01-27",
        covers_from=datetime(2026, 1, 22, 5, tzinfo=UTC),
        covers_until=datetime(2026, 1, 28, 5, tzinfo=UTC),
        sessions=sessions,
    )


TABLE = make_table(FRIDAY, MONDAY)


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2026-01-23T14:29:59.999999+00:00", False),
        ("2026-01-23T14:30:00+00:00", True),
        ("2026-01-23T20:59:59.999999+00:00", True),
        ("2026-01-23T21:00:00+00:00", False),
        ("2026-01-24T17:00:00+00:00", False),
        ("2026-01-27T17:00:00+00:00", False),
        ("2026-01-24T02:59:00+09:00", True),
    ],
)
def test_a_session_runs_from_its_open_up_to_not_including_its_close(
    moment: str, is_open: bool
) -> None:
    assert TABLE.is_open(datetime.fromisoformat(moment)) is is_open


def test_a_session_is_completed_at_the_very_moment_that_close_and_delay_have_passed() -> None:
    due = MONDAY.close + timedelta(minutes=30)
    assert TABLE.last_completed(due, timedelta(minutes=30)) == MONDAY
    almost = due - timedelta(microseconds=1)
    assert TABLE.last_completed(almost, timedelta(minutes=30)) == FRIDAY


def test_a_delay_across_midnight_utc_keeps_the_session_of_the_day_before() -> None:
    four_hours = timedelta(minutes=240)
    assert TABLE.last_completed(datetime(2026, 1, 24, 1, tzinfo=UTC), four_hours) == FRIDAY
    assert TABLE.last_completed(datetime(2026, 1, 27, 0, 59, tzinfo=UTC), four_hours) == FRIDAY
    assert TABLE.last_completed(datetime(2026, 1, 27, 1, tzinfo=UTC), four_hours) == MONDAY


def test_at_the_weekend_friday_is_completed_and_monday_is_locked() -> None:
    saturday = datetime(2026, 1, 24, 12, tzinfo=UTC)
    assert TABLE.last_completed(saturday, NO_DELAY) == FRIDAY
    assert TABLE.running_or_next(saturday) == MONDAY


def test_the_lock_moves_to_the_next_session_at_the_close() -> None:
    assert TABLE.running_or_next(FRIDAY.open) == FRIDAY
    assert TABLE.running_or_next(FRIDAY.close) == MONDAY


def test_before_the_first_close_no_completed_session_is_known() -> None:
    with pytest.raises(CannotTell, match="begins on 2026-01-22"):
        TABLE.last_completed(FRIDAY.open, NO_DELAY)


def test_after_the_last_close_no_next_session_is_known() -> None:
    with pytest.raises(CannotTell, match="ends on 2026-01-27"):
        TABLE.running_or_next(MONDAY.close)


def test_closes_are_counted_after_the_start_and_up_to_the_end() -> None:
    assert TABLE.closes_between(FRIDAY.open, MONDAY.close) == 2
    assert TABLE.closes_between(FRIDAY.close, MONDAY.close) == 1
    assert TABLE.closes_between(MONDAY.close, MONDAY.close) == 0
    assert TABLE.closes_between(MONDAY.close, FRIDAY.open) == 0


def test_the_horizon_includes_its_first_moment_and_not_its_last() -> None:
    assert TABLE.covers(TABLE.covers_from)
    assert not TABLE.covers(TABLE.covers_from - timedelta(microseconds=1))
    assert not TABLE.covers(TABLE.covers_until)


def test_a_table_stays_fresh_for_106_days_in_either_direction() -> None:
    for sign in (1, -1):
        assert TABLE.is_fresh_for(NOW + sign * timedelta(days=106))
        assert not TABLE.is_fresh_for(NOW + sign * timedelta(days=106, seconds=1))


def test_a_table_survives_json() -> None:
    assert msgspec.json.decode(msgspec.json.encode(TABLE), type=SessionTable) == TABLE


def test_overlapping_names_the_session_that_opens_too_early() -> None:
    early = Session("2026-01-24", FRIDAY.close - timedelta(hours=1), MONDAY.open)
    assert overlapping([FRIDAY, early, MONDAY]) == early
    assert overlapping([FRIDAY, MONDAY]) is None


def test_sessions_that_follow_without_a_pause_do_not_overlap() -> None:
    midnight = datetime(2026, 1, 24, tzinfo=UTC)
    days = [
        Session(f"2026-01-2{day}", midnight + timedelta(day - 4), midnight + timedelta(day - 3))
        for day in (4, 5)
    ]
    assert overlapping(days) is None


def test_a_table_with_sessions_out_of_order_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="2026-01-23 opens before"):
        make_table(MONDAY, FRIDAY)


def test_a_session_that_closes_before_it_opens_cannot_be_in_a_table() -> None:
    with pytest.raises(ValueError, match="2026-01-23 closes before it opens"):
        make_table(Session("2026-01-23", FRIDAY.close, FRIDAY.open))
