"""ML_BAR_FEATURES: names with + between, or the whole market; the default set is always there."""

import pytest

from afterclose.errors import ConfigError
from afterclose.features import DEFAULT
from afterclose.features.chosen import bar_features, more_features
from afterclose.features.market import MARKET


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", ()),
        ("gap_pct", ("gap_pct",)),
        (" ret_60 + gap_pct+", ("gap_pct", "ret_60")),
        ("market", tuple(sorted(MARKET))),
        ("market+mkt_ret_20+gap_pct", tuple(sorted(["gap_pct", *MARKET]))),
        ("atr_pct", ()),  # in the default set already
    ],
)
def test_what_is_named_comes_behind_the_default_set(text: str, names: tuple[str, ...]) -> None:
    assert more_features(text) == names
    assert bar_features(text) == (*DEFAULT, *names)


def test_a_name_that_is_none_is_refused_with_those_that_are() -> None:
    with pytest.raises(ConfigError, match="no feature 'vix'; \\+ between, of market, close_in_"):
        more_features("gap_pct+vix")
