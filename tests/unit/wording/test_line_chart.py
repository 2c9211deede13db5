"""Curves in characters: where they lie, which is seen, what the axis says."""

from afterclose.wording.line_chart import chart_lines

DAYS = ["2001-01-01", "2002-01-01", "2003-01-01", "2004-01-01", "2005-01-01"]


def test_the_highest_and_the_lowest_stand_at_the_ends_and_0_is_marked() -> None:
    assert chart_lines(DAYS, {"a": [0.0, 200.0, 400.0, -100.0, -400.0]}, rows=5) == [
        "     +400 |  a",
        "          | a",
        "        0 |a  a",
        "          |",
        "     -400 |    a",
        "           2001 2005",
    ]


def test_where_curves_meet_the_first_is_seen() -> None:
    lines = chart_lines(DAYS[:2], {"a": [0.0, 300.0], "b": [0.0, 0.0]}, rows=3)
    assert lines[0].endswith("| a")
    assert lines[2].endswith("|ab")


def test_nothing_is_drawn_of_nothing_and_a_flat_line_is_a_line() -> None:
    assert chart_lines([], {}) == []
    assert chart_lines(DAYS, {"a": [0.0] * 5})[0] == "        0 |aaaaa"
