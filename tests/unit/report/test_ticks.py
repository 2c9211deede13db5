"""Ticks: round, inside the axis, told apart, and never more than there is room for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterclose.report.ticks import around, count_ticks, percent_ticks

PERCENT = "\N{NO-BREAK SPACE}%"


def test_ticks_are_round_and_inside() -> None:
    assert percent_ticks(-0.083, 0.0, most=3) == {
        -0.05: f"\N{MINUS SIGN}5{PERCENT}",
        0: f"0{PERCENT}",
    }
    assert list(percent_ticks(0.001, 0.006, most=3)) == pytest.approx([0.002, 0.004, 0.006])
    assert count_ticks(420, most=4) == {0: "0", 200: "200", 400: "400"}


def test_labels_have_the_digits_that_tell_them_apart() -> None:
    labels = percent_ticks(0.001, 0.0035, most=3).values()
    assert list(labels) == [f"0.1{PERCENT}", f"0.2{PERCENT}", f"0.3{PERCENT}"]


@pytest.mark.parametrize("value", [1.0, 0.0, -0.0123])
def test_a_figure_that_never_changes_has_one_tick(value: float) -> None:
    """Between equal ends there are thousands of multiples of a step that is small enough."""
    assert list(percent_ticks(value, value, most=3)) == [value]
    assert len(percent_ticks(value, value + 1e-12, most=3)) == 1


@pytest.mark.parametrize(("largest", "ticks"), [(0, [0, 1]), (1, [0, 1]), (2, [0, 1, 2])])
def test_small_counts_have_whole_ticks(largest: int, ticks: list[int]) -> None:
    assert list(count_ticks(largest, most=4)) == ticks


@given(low=st.floats(-5, 5), span=st.floats(1e-6, 1e3), most=st.integers(2, 6))
def test_any_axis_has_two_ticks_or_somewhat_more_than_asked_for(
    low: float, span: float, most: int
) -> None:
    ticks = percent_ticks(low, low + span, most=most)
    assert 2 <= len(ticks) <= 2.5 * most + 1
    assert len(set(ticks.values())) == len(ticks)
    assert low - 1e-6 * span <= min(ticks) <= max(ticks) <= low + span * (1 + 1e-6)


@given(st.integers(0, 10**9))
def test_any_count_has_a_tick_besides_0(largest: int) -> None:
    ticks = count_ticks(largest, most=4)
    assert 2 <= len(ticks) <= 6
    assert ticks[0] == "0"


def test_limits_leave_room_around_values_that_are_all_equal() -> None:
    low, high = around([0.25])
    assert low < 0.25 < high
    assert around([0, 10], share=0.1, least=0) == (-1, 11)
