"""What a model looks at, in words, and what has shifted since the active one was trained."""

import math

import pytest

from afterclose.evaluating.importance import Importance
from afterclose.report.feature_view import influences, shifts, stability_index
from report_builders import feature, metadata

UNIFORM = [decile / 10 for decile in range(1, 10)]


def test_equal_distributions_have_index_zero() -> None:
    assert stability_index(UNIFORM, UNIFORM) == 0
    assert stability_index([0, 0, 0, 0, 1, 1, 1, 1, 1], [0, 0, 0, 0, 1, 1, 1, 1, 1]) == 0


def test_the_index_of_a_shifted_half_is_that_of_the_definition() -> None:
    # Half of the new trades lie below the old first decile, the others spread over the rest.
    now = [-1, -0.5, -0.25, 0, 0.1, 0.3, 0.5, 0.7, 0.9]
    shares = [0.5, *[0.05] * 8, 0.1]
    by_hand = sum((share - 0.1) * math.log(share / 0.1) for share in shares)
    assert stability_index(UNIFORM, now) == pytest.approx(by_hand)


def test_a_distribution_that_has_left_altogether_has_a_large_but_finite_index() -> None:
    assert 2 < stability_index(UNIFORM, [edge + 100 for edge in UNIFORM]) < 100


def test_shifts_come_with_the_largest_first_and_new_features_before_all() -> None:
    now = [feature("still"), feature("moved", shift=0.5), feature("new")]
    before = [feature("still"), feature("moved"), feature("gone")]
    new, moved, still = shifts(now, before)
    assert (new.feature, new.words, new.before) == ("new", "not in the active model", None)
    assert (moved.feature, moved.words) == ("moved", "shifted a lot")
    assert (still.feature, still.words, still.moved) == ("still", "as before", "0.00")


def test_bands_of_both_models_share_one_scale() -> None:
    (shift,) = shifts([feature("x", shift=0.8)], [feature("x")])
    assert shift.before.outer_low == 0
    assert shift.now.outer_high == 1
    assert shift.now.outer_low == pytest.approx(0.5)  # 0.9 on a scale from 0.1 to 1.7
    assert shift.now.middle == pytest.approx((1.3 - 0.1) / 1.6)


def test_a_feature_of_one_value_has_a_band_of_no_width() -> None:
    flat = feature("flat") | {"decile_edges": [3.0] * 9}
    (shift,) = shifts([flat], [])
    assert set(shift.now) == {0.0}


def test_coefficients_are_said_in_words_the_weightiest_first() -> None:
    found = metadata()
    found["features"] = [feature(name) for name in ("calm", "heat", "none")]
    found["metrics"]["coefficients"] = {"calm": -0.405465, "heat": 0.693147, "none": 0.0}
    heat, calm, none = influences(found, [])
    assert (heat.feature, heat.weight, heat.coefficient) == ("heat", 1, "+0.693")
    assert (
        heat.words == "higher means more risk: odds \N{MULTIPLICATION SIGN} 2.00 for each 0.25 more"
    )
    assert calm.words == "higher means less risk: odds \N{DIVISION SIGN} 1.50 for each 0.25 more"
    assert none.words == "no effect"
    assert heat.auc_drop == "\N{EN DASH}"


def test_without_coefficients_importance_orders_and_says_the_direction() -> None:
    found = metadata()
    found["features"] = [feature(name) for name in ("a", "b", "c")]
    found["metrics"]["coefficients"] = {}
    importance = [
        Importance(feature="b", auc_drop=0.2, direction=0.8),
        Importance(feature="a", auc_drop=0.1, direction=-0.6),
        Importance(feature="c", auc_drop=0.0, direction=None),
    ]
    assert [(entry.feature, entry.words) for entry in influences(found, importance)] == [
        ("b", "higher means more risk"),
        ("a", "higher means less risk"),
        ("c", "no clear direction"),
    ]
