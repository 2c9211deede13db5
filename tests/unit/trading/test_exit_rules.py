"""`afterclose.trading.exit_rules`: prose of an exit; the prices are in the golden tests."""

from afterclose.records import Bar
from afterclose.trading.exit_rules import ExitPlan, exit_on_bar


def test_the_reason_of_an_exit_tells_a_gap_from_a_touch() -> None:
    plan = ExitPlan(stop_price=95.5)
    touched = Bar(symbol="X", timestamp="2026-01-27", open=97, high=98, low=95, close=96)
    gapped = Bar(symbol="X", timestamp="2026-01-27", open=94, high=98, low=93, close=96)
    reasons = [exit_on_bar("long", plan, bar, 1).exit_reason for bar in (touched, gapped)]
    assert reasons == ["touched the stop 95.5", "opened at or beyond the stop 95.5"]
