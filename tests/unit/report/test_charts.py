"""The charts: equal bytes for equal figures, gaps where nothing is known, words beside them."""

import math
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from afterclose.evaluating.track_record import Curve, ScoreCounts, TrackRecord
from afterclose.measures.classification import ThresholdRow
from afterclose.report.dataset_chart import dataset_chart
from afterclose.report.drawing import Chart
from afterclose.report.score_charts import calibration_chart, score_chart, sweep_chart, wilson
from afterclose.report.svg import Stroke
from afterclose.report.time_charts import equity_chart, equity_levels
from report_builders import evaluated

FIRST = datetime(2024, 1, 2, tzinfo=UTC)


def draw_all(trades: int = 60) -> dict[str, str]:
    made = evaluated(trades, with_active=True)
    part, records = made.walk_forward, made.track_record
    sizes = [(FIRST + timedelta(days=90 * n), 10 * n) for n in range(9)]
    return {
        "equity": equity_chart("equity", records["versus_active"]),
        "scores": score_chart("scores", records["walk_forward"].scores, 0.5),
        "calibration": calibration_chart("calibration", part.calibration),
        "sweep": sweep_chart("sweep", part.threshold_sweep, 0.5),
        "growth": dataset_chart("growth", sizes).svg,
    }


def panel_path(ys: list[float | None]) -> str:
    """The path of a line through a panel 200 px high, from x = 0 to 1 and y = 0 to 1."""
    chart = Chart("c", 240)
    xs = [position / (len(ys) - 1) for position in range(len(ys))]
    chart.panel(20, 220, x=(0, 1), y=(0, 1)).line(xs, ys, Stroke("ml", 1))
    found = re.search(r' d="([^"]*)"', chart.svg("T", "W"))
    return found[1] if found else ""


def test_equal_figures_give_equal_bytes() -> None:
    assert draw_all() == draw_all()


def test_drawing_needs_no_plotting_library() -> None:
    code = (
        "import sys, afterclose.report.score_charts, afterclose.report.time_charts;"
        "print({'matplotlib', 'pandas', 'sklearn'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={}
    )
    assert done.stdout.strip() == "set()"


def test_a_line_goes_from_corner_to_corner_of_its_panel() -> None:
    assert panel_path([0.0, 1.0]) == "M52 220L426 20"


@pytest.mark.parametrize("unknown", [None, math.nan])
def test_a_line_is_interrupted_where_nothing_is_known(unknown: float | None) -> None:
    assert panel_path([0.0, 1.0, unknown, 1.0, 0.5]) == "M52 220L145.5 20M332.5 20L426 120"
    assert panel_path([unknown, unknown]) == ""


def test_a_point_without_a_value_is_not_drawn() -> None:
    chart = Chart("c", 240)
    panel = chart.panel(20, 220, x=(0, 1), y=(0, 1))
    panel.dot(0.5, None, "ink")
    panel.dot(0.5, math.nan, "ink")
    assert "circle" not in chart.svg("T", "W")
    panel.dot(0.5, 0.5, "ink")
    assert '<circle cx="239" cy="120"' in chart.svg("T", "W")


def test_only_the_outer_labels_of_dates_keep_within_the_panel() -> None:
    chart = Chart("c", 240)
    panel = chart.panel(20, 220, x=(0, 2), y=(0, 1))
    panel.x_ticks({0: "a", 1: "b", 2: "c"}, at_edges=True)
    assert re.findall(r'text-anchor="(\w+)"', chart.svg("T", "W")) == ["start", "middle", "end"]


def test_text_stays_text_and_no_colour_is_fixed() -> None:
    for name, svg in draw_all().items():
        assert "<text" in svg, name
        assert "style=" not in svg
        assert not re.search("#[0-9a-f]{6}", svg)


def test_every_chart_says_what_it_shows() -> None:
    drawn = draw_all()
    assert "With the rules alone 1 grew to" in drawn["equity"]
    assert "With the active model" in drawn["equity"]
    assert "Trades by risk score, good and bad: 0.0" in drawn["scores"]
    assert "went bad" in drawn["calibration"]
    assert "at 0.50," in drawn["sweep"]
    assert "From 0 on" in drawn["growth"]


def test_lost_capital_and_missing_figures_are_no_obstacle() -> None:
    none = ScoreCounts(good=[0, 0], bad=[0, 0])
    lost = Curve(log_equity=[0.1, None], drawdown=[0.0, -1.0])
    record = TrackRecord(
        trades=2,
        exits=["2024-01-02T15:00+00:00"] * 2,
        curves={"rules_only": lost, "rules_ml": lost},
        scores=none,
        best=[],
        worst=[],
    )
    nothing = ThresholdRow(
        threshold=0.5,
        kept=0,
        kept_share=None,
        bad_share=None,
        expectancy=None,
        total_pnl=0.0,
        expected_shortfall_5=None,
    )
    assert "1 lost" in equity_chart("equity", record)
    assert "No trade was scored." in calibration_chart("calibration", [])
    assert "circle" not in sweep_chart("sweep", [nothing], 0.5)
    assert "rect" in score_chart("scores", none, 1.0)


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


def test_wilson_agrees_with_the_textbook() -> None:
    assert wilson(0.5, 10) == pytest.approx((0.2366, 0.7634), abs=1e-4)
    assert wilson(0.0, 10)[0] == pytest.approx(0)
