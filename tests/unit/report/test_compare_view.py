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
    names = ModelName("A", "", "0.50"), ModelName("B", "", "0.50")
    return compare_view(found, *names, scope="us/paper")


def test_a_breakdown_has_the_rules_both_models_and_the_second_less_the_first(
    view: CompareView,
) -> None:
    (table,) = [table for table in view.slices if table.key == "strategy"]
    said = {row.name: (row.rules, row.first, row.filtered, row.difference) for row in table.rows}
    assert said == {
        "swing": ("\N{MINUS SIGN}100", "\N{MINUS SIGN}200", "+100", "+300"),
        "pullback": ("+20.00", "+20.00", "\N{MINUS SIGN}40.00", "\N{MINUS SIGN}60.00"),
    }


def test_the_months_show_both_models_and_their_difference_first(view: CompareView) -> None:
    assert [heat.title for heat in view.heat] == ["Second less first", "A", "B", "Rules alone"]
    sums = {heat.key: sum(float(c.text.replace("\N{MINUS SIGN}", "-")) for row in heat.rows
                          for c in row.cells[:12] if c.text) for heat in view.heat}  # fmt: skip
    assert sums == {"difference": 240, "first": -180, "filtered": 60, "rules": -80}


def test_every_difference_in_money_has_its_sign(view: CompareView) -> None:
    for row in view.measures[:4]:
        for said in (row.difference, *row.interval.split(" to ")):
            assert said[:1] in {"", "0", "+", "\N{MINUS SIGN}"}, row
    assert any(row.interval.split(" to ")[-1].startswith("+") for row in view.measures[2:4])
