"""Figures as the pages write them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from afterclose.wording import numbers as words

MINUS, FIXED = "\N{MINUS SIGN}", "\N{NO-BREAK SPACE}"


@pytest.mark.parametrize(
    ("value", "options", "text"),
    [
        (0.5934, {}, "0.59"),
        (-0.5934, {"digits": 3}, f"{MINUS}0.593"),
        (1234567.0, {"digits": 0}, "1,234,567"),
        (0.004, {"signed": True}, "0.00"),
        (-0.004, {}, "0.00"),
        (0.02, {"signed": True}, "+0.02"),
        (None, {}, "\N{EN DASH}"),
    ],
)
def test_numbers(value: float | None, options: dict, text: str) -> None:
    assert words.number(value, **options) == text


def test_a_fraction_is_written_in_percent_that_stays_on_its_line() -> None:
    assert words.percent(-0.0456) == f"{MINUS}4.6{FIXED}%"
    assert words.percent(0.00305, 2, signed=True) == f"+0.30{FIXED}%"
    assert words.percent(None) == "\N{EN DASH}"


def test_counts_agree_with_their_noun() -> None:
    assert words.counted(1, "trade") == "1 trade"
    assert words.counted(10_000, "trade") == "10,000 trades"
    assert words.counted(2, "history", "histories") == "2 histories"
    assert words.count(None) == "\N{EN DASH}"


def test_a_tiny_chance_is_never_zero() -> None:
    assert words.chance(0.0234) == "p = 0.023"
    assert words.chance(0.0001) == "p < 0.001"
    assert words.chance(None) == "\N{EN DASH}"


def test_an_interval_without_an_end_is_none() -> None:
    assert words.interval("1", "2") == "1 to 2"
    assert words.interval("1", "\N{EN DASH}") == "\N{EN DASH}"


def test_moments_are_in_utc_wherever_they_come_from() -> None:
    mumbai = datetime(2026, 1, 28, 3, 15, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    assert words.minute(mumbai) == f"27{FIXED}Jan{FIXED}2026, 21:45 UTC"
    assert words.day("2026-01-27T21:45:00+00:00") == f"27{FIXED}Jan{FIXED}2026"
    assert words.minute(datetime(2026, 1, 7, 9, 5, tzinfo=UTC)).startswith(f"7{FIXED}Jan")
    assert words.day(None) == words.minute(None) == "\N{EN DASH}"


def test_values_of_any_size_have_four_digits() -> None:
    assert words.short(0.0001234567) == "0.0001235"
    assert words.short(-1234.567) == f"{MINUS}1235"
