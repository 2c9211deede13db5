"""The charts: equal bytes for equal figures, no global state, words for what they show."""

import math
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import matplotlib as mpl
import pytest
from report_builders import evaluation

from lib.report.drawing import count_ticks, house_style, percent_ticks
from lib.report.score_charts import calibration_chart, score_chart, sweep_chart, wilson
from lib.report.time_charts import equity_chart, equity_levels, growth_chart

FIRST = datetime(2024, 1, 2, tzinfo=UTC)


def draw_all(trades: int = 60) -> dict[str, str]:
    made = evaluation(trades, with_active=True)
    part, records = made["walk_forward"], made["track_record"]
    sizes = [(FIRST + timedelta(days=90 * n), 10 * n) for n in range(9)]
    with house_style():
        return {
            "equity": equity_chart("equity", records["versus_active"]),
            "scores": score_chart("scores", records["walk_forward"]["scores"], 0.5),
            "calibration": calibration_chart("calibration", part["calibration"]),
            "sweep": sweep_chart("sweep", part["threshold_sweep"], 0.5),
            "growth": growth_chart("growth", sizes),
        }


def test_equal_figures_give_equal_bytes_whatever_the_user_has_set() -> None:
    first = draw_all()
    with mpl.rc_context({"lines.linewidth": 9, "font.size": 30, "svg.fonttype": "path"}):
        second = draw_all()
        assert mpl.rcParams["font.size"] == 30  # given back as it was
    assert first == second


def test_drawing_needs_no_pyplot_and_no_display() -> None:
    code = "import sys, lib.report.writer; print('matplotlib.pyplot' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={}
    )
    assert done.stdout.strip() == "False"


def test_text_stays_text_and_no_colour_is_fixed() -> None:
    for name, svg in draw_all().items():
        assert "<text" in svg, name
        assert "style=" not in svg
        assert "#0000" not in svg


def test_every_chart_says_what_it_shows() -> None:
    drawn = draw_all()
    assert "With the rules alone 1 grew to" in drawn["equity"]
    assert "With the active model" in drawn["equity"]
    assert "Trades by risk score, good and bad: 0.0" in drawn["scores"]
    assert "went bad" in drawn["calibration"]
    assert "at 0.50," in drawn["sweep"]
    assert "From 0 on" in drawn["growth"]


def test_lost_capital_and_missing_figures_are_no_obstacle() -> None:
    record = {
        "exits": ["2024-01-02T15:00+00:00"] * 2,
        "curves": {
            name: {"log_equity": [0.1, None], "drawdown": [0.0, -1.0]}
            for name in ("rules_only", "rules_ml")
        },
    }
    nothing = {
        "threshold": 0.5,
        "kept_share": None,
        "expectancy": None,
        "expected_shortfall_5": None,
    }
    with house_style():
        assert "1 lost" in equity_chart("equity", record)
        assert "No trade was scored." in calibration_chart("calibration", [])
        assert "in force" not in sweep_chart("sweep", [nothing], 0.5)
        score_chart("scores", {"good": [0, 0], "bad": [0, 0]}, 1.0)


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (0.9, 1.25, ["0.9", "1", "1.1", "1.2"]),
        (1.0, 1.0, ["1"]),
        (0.5, 20, ["0.5", "1", "2", "4", "8", "16"]),
        (1e-4, 1e8, ["0.001", "1", "1000", "1e6"]),
    ],
)
def test_grid_lines_of_capital_are_round_multiples(
    low: float, high: float, labels: list[str]
) -> None:
    assert list(equity_levels(math.log(low), math.log(high)).values()) == labels


def test_ticks_are_round_and_inside() -> None:
    assert [*percent_ticks(-0.083, 0.0, most=3).values()][-1] == "0\N{NO-BREAK SPACE}%"
    assert list(percent_ticks(0.001, 0.006, most=3)) == pytest.approx([0.002, 0.004, 0.006])
    assert count_ticks(420, most=4) == {0: "0", 150: "150", 300: "300"}


def test_wilson_agrees_with_the_textbook() -> None:
    assert wilson(0.5, 10) == pytest.approx((0.2366, 0.7634), abs=1e-4)
    assert wilson(0.0, 10)[0] == pytest.approx(0)
