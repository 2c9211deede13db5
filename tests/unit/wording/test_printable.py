"""Text from outside on one line."""

import pytest

from afterclose.wording.printable import printable


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("better expectancy", "better expectancy"),
        ("größer 更好", "größer 更好"),
        ("\x1b[31mred\x1b[0m", " [31mred [0m"),
        ("one\ntwo\r\nthree\x00", "one two  three "),
        ("\u202eevil", " evil"),
        (0.5, "0.5"),
    ],
)
def test_what_does_not_print_is_a_space(given: object, shown: str) -> None:
    assert printable(given) == shown
