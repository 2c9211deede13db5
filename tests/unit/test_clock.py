"""The wall clock and its stand-in, --now."""

from datetime import UTC, datetime

import pytest

from afterclose.clock import parse_now, utc_now
from afterclose.errors import InputError


def test_now_is_aware_and_in_utc() -> None:
    assert utc_now().tzinfo is UTC
    assert parse_now(None).tzinfo is UTC


def test_a_moment_without_an_offset_is_utc_and_others_are_converted() -> None:
    assert parse_now("2026-01-27T21:30") == datetime(2026, 1, 27, 21, 30, tzinfo=UTC)
    assert parse_now("2026-01-27T16:30:00-05:00") == datetime(2026, 1, 27, 21, 30, tzinfo=UTC)


def test_a_moment_beyond_the_calendar_of_python_is_refused() -> None:
    with pytest.raises(InputError, match="9999-12-31"):
        parse_now("9999-12-31T23:59:59-05:00")


def test_anything_else_is_refused_with_an_example() -> None:
    with pytest.raises(InputError, match=r"yesterday.*ISO 8601.*2026-01-27T"):
        parse_now("yesterday")
