"""Where a history stops: after sessions of the calendar, and never after a holiday."""

from datetime import UTC, date, datetime

import pytest

from afterclose.settings import Settings
from afterclose.study.nights import STRIDES, nights_between

FIRST, LAST = date(2019, 1, 2), date(2019, 4, 3)


@pytest.mark.parametrize(
    ("every", "count", "sessions"),
    [
        ("night", 64, ["2019-04-02", "2019-04-03"]),
        ("week", 14, ["2019-03-29", "2019-04-03"]),
        ("month", 4, ["2019-03-29", "2019-04-03"]),
        ("quarter", 2, ["2019-03-29", "2019-04-03"]),
    ],
)
def test_the_last_session_of_each_stretch_and_of_all(
    every: str, count: int, sessions: list[str]
) -> None:
    nights = nights_between(Settings(), FIRST, LAST, every)
    assert every in STRIDES
    assert len(nights) == count
    assert [night.session for night in nights][-2:] == sessions


def test_a_night_knows_its_close_and_the_open_after_it() -> None:
    before_good_friday = nights_between(Settings(), date(2019, 4, 16), date(2019, 4, 18), "week")[0]
    assert before_good_friday.closes_at == datetime(2019, 4, 18, 20, tzinfo=UTC)
    assert before_good_friday.next_open == datetime(2019, 4, 22, 13, 30, tzinfo=UTC)
