"""The page of two models side by side: what each of them made of every month and strategy."""

import numpy as np
import pytest

from afterclose.evaluating.side_by_side import Judged, SideBySide, side_by_side
from afterclose.report.compare_view import CompareView, ModelName, compare_view
from training_builders import dataset_of


@pytest.fixture(scope="module")
def found() -> SideBySide:
    """Four trades of 100 currency each; the first model blocks T0, the second T1 and T3."""
    trades = dataset_of({"heat": [0.0] * 4}, pnl_pct=[0.10, -0.20, -0.04, 0.06])
    trades.strategy[:] = ["swing", "swing", "pullback", "pullback"]
    first, second = (
        Judged(dict.fromkeys(trades.trade_id, 0.4), dict(zip(trades.trade_id, sizes, strict=True)))
        for sizes in ((0.0, 1.0, 1.0, 1.0), (1.0, 0.0, 1.0, 0.0))
    )
    side = side_by_side(
        trades, np.zeros(4, bool), first, second, capital=1000, resamples=50, seed=1
    )
    assert side
    return side


@pytest.fixture(scope="module")
def view(found: SideBySide) -> CompareView:
    return compare_view(found, ModelName("A", ""), ModelName("B", ""), scope="us/paper")


def test_a_breakdown_has_the_rules_both_models_and_the_second_less_the_first(
    view: CompareView,
) -> None:
    (table,) = [table for table in view.slices if table.key == "strategy"]
    said = {row.name: (row.rules, row.first, row.filtered, row.difference) for row in table.rows}
    assert said == {
        "swing": ("-100", "-200", "+100", "+300"),
        "pullback": ("+20.00", "+20.00", "-40.00", "-60.00"),
    }


def test_the_months_show_both_models_and_their_difference_first(view: CompareView) -> None:
    assert [heat.title for heat in view.heat] == ["Second less first", "A", "B", "Rules alone"]
    sums = {heat.key: sum(float(c.text) for row in heat.rows
                          for c in row.cells[:12] if c.text) for heat in view.heat}  # fmt: skip
    assert sums == {"difference": 240, "first": -180, "filtered": 60, "rules": -80}
