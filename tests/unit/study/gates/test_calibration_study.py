"""The promise of the gates, counted: noise stays out, an edge gets in, a turned one does not.

Fixed seeds, and fewer than `make calibrate-gates` has; the counts are exact.
"""

from functools import partial

import pytest

from afterclose.errors import InputError
from afterclose.settings import Settings
from afterclose.study.gates.calibration_study import (
    Scenario,
    ScenarioRate,
    calibrate_gates,
    scenarios,
)
from afterclose.study.gates.rates import binomial_interval
from afterclose.study.gates.simulated_cycles import Cycle, Recipe

SETTINGS = Settings(bootstrap_resamples=500)
ROWS = {row.title: row for row in scenarios(Recipe.from_settings(SETTINGS))}


def promoted(title: str, seeds: range) -> int:
    return sum(not ROWS[title].run(seed).refused for seed in seeds)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("title", "seeds"),
    [
        ("noise, one cycle, 20 trades", 30),
        ("noise, one cycle, 40 trades", 30),
        ("noise, one cycle, 100 trades", 20),
        ("noise, one cycle, 300 trades", 10),
        ("noise, one cycle, 1000 trades", 4),
        ("noise, any of 250 nights", 6),
        ("volatility only, any of 250 nights", 3),
    ],
)
def test_nothing_is_promoted_where_there_is_nothing_to_find(title: str, seeds: int) -> None:
    assert promoted(title, range(seeds)) == 0


@pytest.mark.slow
def test_a_planted_edge_is_promoted_in_at_least_four_of_five_ledgers() -> None:
    assert promoted("edge, one cycle, 900 trades", range(10)) >= 8


@pytest.mark.slow
def test_what_the_first_half_taught_is_not_promoted_once_the_regime_has_turned() -> None:
    assert promoted("edge turned 100 trades ago, any later night", range(4)) == 0


@pytest.mark.parametrize(
    ("successes", "tries", "low", "high"),
    [(0, 200, 0.0, 0.018275), (5, 100, 0.016432, 0.112835), (10, 10, 0.691503, 1.0)],
)
def test_intervals_of_rates_are_the_published_ones(
    successes: int, tries: int, low: float, high: float
) -> None:
    assert binomial_interval(successes, tries) == pytest.approx((low, high), abs=1e-6)


def test_every_noise_size_of_the_promise_is_a_row() -> None:
    for count in (20, 40, 100, 300, 1000):
        assert ROWS[f"noise, one cycle, {count} trades"].most == 0.05
    assert ROWS["noise, any of 250 nights"].most == 0.05
    assert ROWS["edge, one cycle, 900 trades"].least == 0.8


def test_the_table_has_the_counts_and_a_broken_promise_is_the_exit_code(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = [
        Scenario("noise", partial(_every, 50), least=0.0, most=0.05),
        Scenario("edge", partial(_every, 2), least=0.8, most=1.0),
    ]
    monkeypatch.setattr("afterclose.study.gates.calibration_study.scenarios", lambda _recipe: rows)
    monkeypatch.setattr("afterclose.study.gates.calibration_study.sources", lambda *_: [])
    outcome = calibrate_gates(SETTINGS, seeds=50, quiet=True)
    assert outcome.exit_code == 1
    assert outcome.reason == "1 of 2 promises broken"
    noise, edge = outcome.details["rates"]
    assert (noise["promoted"], noise["seeds"], noise["kept"]) == (1, 50, True)
    assert (edge["promoted"], edge["kept"], edge["refusals"]) == (25, False, {"steady": 25})
    lines = outcome.text[outcome.text.index("Promotions on") :].splitlines()
    assert lines[2].startswith("[x] noise")
    assert "1 of 50 |   2.0% (0.1% to 10.6%) | at most 5%" in lines[2]
    assert lines[3].startswith("[ ] edge")
    assert lines[-2:] == ["What refused the edge:", "  steady: 25"]


def test_a_rate_keeps_its_promise_at_the_bound() -> None:
    rate = ScenarioRate("noise", 20, 1, 0.0, 0.2, least=0.0, most=0.05, refusals={})
    assert rate.kept
    assert not rate._replace(promoted=2).kept


def test_seeds_that_are_none_and_a_text_that_no_title_has_are_refused() -> None:
    with pytest.raises(InputError, match="0 seeds"):
        calibrate_gates(SETTINGS, seeds=0)
    with pytest.raises(InputError, match="seed -1"):
        calibrate_gates(SETTINGS, first_seed=-1)
    with pytest.raises(InputError, match="'bonds' in their title"):
        calibrate_gates(SETTINGS, only="bonds")


def test_only_what_is_asked_for_runs_and_on_the_seeds_that_are_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = [
        Scenario("Noise", partial(_every, 1), least=0.0, most=0.05),
        Scenario("edge", partial(_every, 7), least=0.0, most=1.0),
    ]
    monkeypatch.setattr("afterclose.study.gates.calibration_study.scenarios", lambda _recipe: rows)
    monkeypatch.setattr("afterclose.study.gates.calibration_study.sources", lambda *_: [])
    outcome = calibrate_gates(SETTINGS, 20, first_seed=8, only="EDGE", quiet=True)
    (edge,) = outcome.details["rates"]
    assert (edge["title"], edge["seeds"], edge["promoted"]) == ("edge", 20, 2)  # 14 and 21
    assert "Placebos" not in outcome.text


def test_a_promotion_that_takes_away_what_earns_breaks_the_promise() -> None:
    rate = ScenarioRate("edge", 20, 20, 0.8, 1.0, least=0.8, most=1.0, refusals={})
    assert rate.kept
    assert not rate._replace(blocked_earned=1).kept


def test_of_few_seeds_only_a_rate_that_is_surely_too_low_breaks_the_promise() -> None:
    rate = ScenarioRate("edge", 4, 3, 0.19, 0.99, least=0.8, most=1.0, refusals={}, few=True)
    assert rate.kept
    assert not rate._replace(promoted=0, low=0.0, high=0.6).kept
    assert not rate._replace(few=False).kept


def test_a_scenario_that_takes_long_runs_on_some_seeds(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [Scenario("edge", partial(_every, 1), least=0.8, most=1.0, every=4)]
    monkeypatch.setattr("afterclose.study.gates.calibration_study.scenarios", lambda _recipe: rows)
    monkeypatch.setattr("afterclose.study.gates.calibration_study.sources", lambda *_: [])
    (edge,) = calibrate_gates(SETTINGS, seeds=50, quiet=True).details["rates"]
    assert (edge["promoted"], edge["seeds"]) == (13, 13)


def _every(steps: int, seed: int) -> Cycle:
    return Cycle(() if seed % steps == 0 else ("steady",))
