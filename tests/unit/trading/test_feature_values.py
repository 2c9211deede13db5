"""`afterclose.trading.feature_values`: what is passed as features becomes plain values, or None."""

import math
from collections.abc import Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from afterclose.trading.feature_values import MAX_TEXT_CHARACTERS, ledger_features, plain_features


class Poisonous(Mapping[str, float]):
    """A mapping whose every answer is an error."""

    def __getitem__(self, name: str) -> float:
        raise RuntimeError("not today")

    def __iter__(self) -> Iterator[str]:
        return iter(["rsi"])

    def __len__(self) -> int:
        return 1


class PoisonousDict(dict[str, float]):
    def items(self) -> Any:
        raise RuntimeError("not today")


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (1.5, 1.5),
        (None, None),
        (3, 3.0),
        (True, 1.0),
        (Decimal("0.1"), 0.1),
        (Fraction(1, 4), 0.25),
        (np.float64(0.1), 0.1),
        (np.float32(0.5), 0.5),
        (np.int64(7), 7.0),
        (np.bool_(1), 1.0),
        (math.inf, math.inf),
        (10**400, math.inf),
        (-(10**400), -math.inf),
        ("50", "50"),
        (b"50", "bytes"),
        ([50.0], "list"),
        ({"a": 1}, "dict"),
        (np.array([50.0]), "ndarray"),
        (1j, "complex"),
        (object(), "object"),
        (Decimal("sNaN"), "Decimal"),
    ],
)
def test_a_value_becomes_the_nearest_float_or_says_what_it_was(value: Any, plain: Any) -> None:
    seen = plain_features({"x": value})
    assert seen == {"x": plain}
    assert seen is not None
    assert type(seen["x"]) is type(plain)


def test_nan_stays_nan_whatever_type_it_came_in() -> None:
    seen = plain_features({"a": math.nan, "b": Decimal("NaN"), "c": np.float32("nan")})
    assert seen is not None
    assert all(type(value) is float and math.isnan(value) for value in seen.values())


@pytest.mark.parametrize(
    "features", [None, 7, 0.5, "rsi", b"", [("rsi", 1.0)], {"rsi"}, object(), Poisonous(),
                 PoisonousDict(rsi=1.0)], ids=lambda value: type(value).__name__
)  # fmt: skip
def test_what_is_no_readable_mapping_is_none(features: Any) -> None:
    assert plain_features(features) is None


def test_names_that_are_not_text_are_left_out() -> None:
    assert plain_features({1: 2.0, None: 3.0, ("a",): 4.0, "rsi": 5.0}) == {"rsi": 5.0}


def test_text_is_cut_short_and_made_fit_for_a_file() -> None:
    seen = plain_features({"a\ud800": "b\ud800", "long": "x" * 1000})
    assert seen == {"a\\ud800": "b\\ud800", "long": "x" * MAX_TEXT_CHARACTERS}


def test_the_copy_does_not_change_with_its_original() -> None:
    original = {"rsi": 1.0}
    seen = plain_features(original)
    original["rsi"] = 2.0
    assert seen == {"rsi": 1.0}


def test_a_ledger_keeps_finite_numbers_and_the_names_of_the_rest() -> None:
    features = {"a": 1, "b": math.nan, "c": -math.inf, "d": "high", "e": None, "f": False}
    assert ledger_features(features) == {
        "a": 1.0, "b": None, "c": None, "d": None, "e": None, "f": 0.0
    }  # fmt: skip
    assert ledger_features(None) == {}
