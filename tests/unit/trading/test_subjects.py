"""`subjects`: whatever a strategy passes as what a verdict is about, the log can hold it."""

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest

from afterclose import Subject
from afterclose.trading.subjects import NO_SUBJECT, Plan, plain_subject


class Hostile:
    """Raises whatever it is asked."""

    def __str__(self) -> str:
        raise RuntimeError("no name today")

    def __float__(self) -> float:
        raise RuntimeError("no number today")


def test_a_subject_comes_back_as_it_was_with_its_plan_apart() -> None:
    about = Subject("T-1", "AAPL", "long", "2026-01-27T15:00:00+00:00", "breakout", stop_price=95)
    subject, plan = plain_subject(about)
    assert subject == Subject("T-1", "AAPL", "long", "2026-01-27T15:00:00+00:00", "breakout")
    assert plan == Plan(stop_price=95.0)


@pytest.mark.parametrize("about", [None, 7, "AAPL", {"symbol": "AAPL"}, Hostile(), Subject()])
def test_what_is_no_subject_counts_as_an_empty_one(about: Any) -> None:
    assert plain_subject(about) == (NO_SUBJECT, None)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (42, "42"),
        (np.int64(42), "42"),
        ("", None),
        ("\ud800", "\\ud800"),
        ("A" * 1000, "A" * 200),
        (Hostile(), None),
    ],
)
def test_names_of_any_type_become_text(given: Any, kept: str | None) -> None:
    subject, _ = plain_subject(Subject(symbol=given, trade_id=given))
    assert (subject.symbol, subject.trade_id) == (kept, kept)


@pytest.mark.parametrize(
    "moment", [datetime(2026, 1, 27, 15, tzinfo=UTC), pd.Timestamp("2026-01-27T15:00:00Z")]
)
def test_a_moment_becomes_iso_8601(moment: Any) -> None:
    assert plain_subject(Subject(at=moment))[0].at == "2026-01-27T15:00:00+00:00"


@pytest.mark.parametrize("price", [None, 0, -1, float("nan"), float("inf"), "95", True, Hostile()])
def test_a_price_that_is_none_is_left_out(price: Any) -> None:
    assert plain_subject(Subject(stop_price=price))[1] is None


def test_numbers_of_other_types_are_prices() -> None:
    assert plain_subject(Subject(price=np.float32(2.5)))[1] == Plan(price=2.5)
