"""Money first: the tiles, the months, the breakdowns, and the columns of the table."""

import base64
import json
import zlib

from msgspec.structs import replace

from afterclose.evaluating.money_record import Drawdown, Slice
from afterclose.report.breakdown_view import HEATS, years_of
from afterclose.report.money_view import money_view, tiles
from afterclose.report.trades_view import trades_view
from report_builders import evaluated

MINUS, FIXED = "\N{MINUS SIGN}", "\N{NO-BREAK SPACE}"


def test_the_first_tile_is_what_it_earned_against_the_rules_with_its_interval() -> None:
    made = evaluated()
    first, model, rules, *_ = tiles(made.walk_forward)
    assert made.walk_forward.account
    change = made.walk_forward.account.differences["rules_only"]["net_pnl"]
    assert first.label == "Against the rules alone"
    assert first.value == f"+{change.value:,.0f}"
    assert f"95 %: +{change.low:,.0f} to +{change.high:,.0f}" in first.note
    assert f"{FIXED}% of the capital" in first.note
    assert first.tone == "good"
    earned = [float(tile.value.replace(",", "")) for tile in (model, rules)]
    assert abs(earned[0] - earned[1] - change.value) <= 1.5


def test_an_evaluation_from_before_money_was_counted_counts_trades_alike() -> None:
    made = evaluated()
    part = replace(made.walk_forward, account=None)
    assert [tile.label for tile in tiles(part)] == ["Expectancy", "Kept", "By luck alone"]
    assert money_view(part, made.money["walk_forward"]) is None
    assert money_view(made.walk_forward, None) is None
    assert trades_view(replace(made, trades={}), "walk_forward") is None


def test_the_shade_of_a_month_is_its_share_of_the_largest() -> None:
    (first, second) = years_of(
        {"2024-03": 1000.0, "2024-04": -1000.0, "2025-01": 10.0, "2025-02": 0.0}
    )
    assert first.year == "2024"
    assert [cell.shade for cell in first.cells[2:4]] == [f"p{HEATS}", f"n{HEATS}"]
    assert first.cells[0] == ("", "")
    assert first.cells[12] == ("0", "zero")  # the year's sum
    assert (second.cells[0].shade, second.cells[1].text) == ("p1", "0")


def test_the_tables_say_what_was_blocked_and_what_it_changed() -> None:
    made = evaluated()
    record = made.money["walk_forward"]
    assert record
    record.breakdowns["side"] = [
        Slice(name="", decisions=4, touched=1, bad=2, rules=100.0, filtered=150.0),
        Slice(name="short", decisions=2, touched=2, bad=0, rules=-50.0, filtered=-75.0),
    ]
    record.drawdowns["rules_ml"][:] = [
        Drawdown(peak=19725, deepest=19727, recovered=None, depth=-240.0, depth_pct=-0.2)
    ]
    view = money_view(made.walk_forward, record)
    assert view
    (table,) = (table for table in view.slices if table.key == "side")
    first, second = table.rows
    assert (first.name, first.touched, first.bad) == ("not said", "1", f"50{FIXED}%")
    assert (first.difference, first.change, second.change) == ("+50.00", 1.0, -0.5)
    (fall,) = view.falls[1].rows
    assert (fall.depth, fall.share, fall.recovered) == (
        "\N{MINUS SIGN}240",
        f"{MINUS}20.0{FIXED}%",
        "not yet",
    )
    assert fall.since == f"3{FIXED}Jan{FIXED}2024"


def test_the_tables_columns_hold_every_decision_and_names_once() -> None:
    made = evaluated()
    view = trades_view(made, "walk_forward")
    assert view
    data = json.loads(zlib.decompress(base64.b64decode(view.data)))
    listed = made.trades["walk_forward"]
    assert data["symbols"] == ["AAPL"]
    assert [data["symbols"][at] for at in data["symbol"]] == listed.symbol
    moments = [sum(data["decided"][: at + 1]) for at in range(60)]
    assert moments == listed.decided
    assert [round(pnl * 100_000) for pnl in listed.pnl] == data["pnl"]
    assert data["bad"] == "".join(str(int(bad)) for bad in listed.bad)
    assert data["thresholds"] == [None]  # the window's own: here it has none
    (feature, _, raised), *_ = listed.why[0]
    assert data["why"][0][0] == feature
    assert data["why"][0][2] == round(raised * 1000)
    assert view.lead == "60 decisions, each judged by a model that had not seen it."
