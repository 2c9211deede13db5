"""What promotions were worth: which trades count for whom, and what may be said of it."""

from datetime import UTC, datetime

import pytest

from afterclose.dataset.columns import Dataset
from afterclose.demo.worth import TOTAL, Promotion, worth_of, worth_text
from afterclose.records import TradeDataRow


def row(number, day, pnl, source="paper"):
    moment = f"2024-01-{day:02d}T21:00:00+00:00"
    return TradeDataRow(
        trade_id=f"t{number:03d}",
        symbol="AAA",
        side="long",
        decision_timestamp=moment,
        exit_timestamp=moment,
        rule_confidence=None,
        rule_features={"rsi_14": 50.0},
        position_size=1.0,
        entry_price=100.0,
        exit_price=100.0 * (1 + pnl),
        fees=0.0,
        holding_days=0.0,
        realized_pnl_pct=pnl,
        mae_pct=min(0.0, pnl),
        mfe_pct=max(0.0, pnl),
        exit_type="STOP_LOSS",
        source=source,
    )


def worths(rows, *promotions):
    dataset = Dataset.from_rows(rows, "v", "sha")
    return worth_of(
        [Promotion(name, datetime(2024, 1, day, 21, 30, tzinfo=UTC)) for name, day in promotions],
        dataset,
        dataset.realized_pnl_pct < 0,
        resamples=200,
        seed=1,
    )


ROWS = [
    row(1, 2, -0.5),  # before any promotion
    row(2, 3, -0.5),  # decided at the close before the first promotion
    row(3, 4, 0.02),
    row(4, 5, -0.04, "shadow"),
    row(5, 6, 0.01),
    row(6, 9, 0.03, "shadow"),
    row(7, 10, -0.01),
]


def test_each_model_is_judged_by_the_trades_of_its_own_time():
    first, second, total = worths(ROWS, ("one", 3), ("two", 8))
    assert [w.model_id for w in (first, second, total)] == ["one", "two", TOTAL]
    # rules: +2, -4, +1 %; with the filter +2, +1 %
    assert (first.rules_only.trades, first.rules_ml.trades) == (3, 2)
    assert first.rules_only.expectancy == pytest.approx(-0.01 / 3)
    assert first.rules_ml.expectancy == pytest.approx(0.015)
    assert first.differences["expectancy"].value == pytest.approx(0.015 + 0.01 / 3)
    assert (first.rules_only.bad_trades, first.rules_ml.bad_trades) == (1, 0)
    # rules: +3, -1 %; with the filter -1 %
    assert second.rules_only.total_pnl == pytest.approx(0.02)
    assert second.rules_ml.total_pnl == pytest.approx(-0.01)
    assert (total.rules_only.trades, total.rules_ml.trades) == (5, 3)


def test_a_model_without_later_trades_has_no_difference():
    *_, last, _ = worths(ROWS, ("one", 3), ("late", 20))
    assert last.differences == {}
    assert "late          0 > 0   0 > 0       n/a > n/a" in worth_text(worths(ROWS, ("late", 20)))


def test_without_promotions_the_text_says_so():
    assert worth_text(worths(ROWS)).endswith("so the rules traded alone.")


@pytest.mark.parametrize(
    ("kept", "blocked", "words"),
    [
        (
            (0.0, 0.0),
            (-0.05, -0.05),
            "[+2.50%, +2.50%]. The filter made money, beyond luck.",
        ),
        ((0.0, 0.0), (0.05, 0.05), "[-2.50%, -2.50%]. The filter cost money, beyond luck."),
        ((0.05, -0.05), (0.05, -0.05), "It may as well be luck: the interval holds 0."),
    ],
)
def test_the_verdict_says_no_more_than_the_interval(kept, blocked, words):
    four = [*((pnl, "paper") for pnl in kept), *((pnl, "shadow") for pnl in blocked)]
    rows = [row(number, 4, *four[number % 4]) for number in range(60)]
    assert words in worth_text(worths(rows, ("one", 3)))


def test_the_table_shows_both_policies_side_by_side():
    text = worth_text(worths(ROWS, ("20240103_213000", 3)))
    assert "5 > 3" in text
    assert "2 > 1" in text
    assert "+0.20% > +0.67%" in text
