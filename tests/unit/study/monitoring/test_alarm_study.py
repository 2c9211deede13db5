"""The study of the alarms: what it counts, and that a planted harm is found."""

import pytest

from afterclose.errors import InputError
from afterclose.settings import Settings
from afterclose.study.monitoring.alarm_study import calibrate_monitor, first_alarms

SEEDS = range(2000, 2020)


def weeks_until_harm(truth: str) -> list[int]:
    """Of each seed, sorted; ten decisions a week."""
    found = [first_alarms(s, a_week=10, world="independent", truth=truth) for s in SEEDS]  # type: ignore[arg-type]
    return sorted(one["harm"] for one in found)


def test_a_planted_harm_is_found_and_the_larger_one_sooner() -> None:
    large, small = weeks_until_harm("blocking harms"), weeks_until_harm("blocking harms a little")
    assert large[len(large) // 2] <= 30
    assert large[len(large) // 2] < small[len(small) // 2] <= 104
    assert small[-3] <= 208


def test_while_nothing_is_wrong_no_harm_is_found() -> None:
    assert weeks_until_harm("unchanged")[1] > 52


def test_other_seeds_are_other_years_and_the_table_has_intervals(settings: Settings) -> None:
    one, same, other = (calibrate_monitor(settings, 3, first, quiet=True) for first in (0, 0, 500))
    assert one.details == same.details
    assert other.details["first_seed"] == 500
    assert [c["found_weeks"] for c in one.details["cells"]] != [
        c["found_weeks"] for c in other.details["cells"]
    ]
    cell = one.details["cells"][0]
    assert (cell["any_share"], cell["low"]) == (0.0, 0.0)
    assert cell["high"] == pytest.approx(0.708, abs=0.001)  # 1 - .025 ** (1 / 3)
    assert "0.0 to 70.8" in one.text
    with pytest.raises(InputError, match="0 seeds simulate nothing"):
        calibrate_monitor(settings, 0)
