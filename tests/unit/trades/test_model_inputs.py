"""Side and strategy beside the features: where from, in which numbers, when missing."""

import pytest

from afterclose.trades.model_inputs import inputs_among, with_inputs

AS_NUMBERS = {"side": -1.0, "strategy=breakout": 1.0, "strategy=dip": 0.0}

NAMES = ("atr_pct", "side", "strategy=breakout", "strategy=dip")


def test_the_inputs_among_a_models_columns() -> None:
    assert inputs_among(NAMES) == ("side", "strategy=breakout", "strategy=dip")
    assert inputs_among(["atr_pct", "sided"]) == ()


@pytest.mark.parametrize(
    ("features", "side", "strategy", "expected"),
    [
        ({}, "long", "dip", (1.0, 0.0, 1.0)),
        ({}, "short", "breakout", (-1.0, 1.0, 0.0)),
        ({"side": "short", "strategy": "dip"}, "long", "breakout", (-1.0, 0.0, 1.0)),
        (AS_NUMBERS, None, None, (-1.0, 1.0, 0.0)),
        ({}, None, None, (None, None, None)),
        ({}, "flat", "unheard of", (None, None, None)),
    ],
)  # fmt: skip
def test_they_come_from_the_features_or_from_the_subject(
    features, side, strategy, expected
) -> None:
    seen = with_inputs(features | {"atr_pct": 0.02}, inputs_among(NAMES), side, strategy)
    assert tuple(seen[name] for name in NAMES[1:]) == expected
    assert seen["atr_pct"] == 0.02
