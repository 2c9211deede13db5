"""Feature names that give away the outcome, and those that only sound like it."""

import pytest

from afterclose.trades.leaking_names import known_later


@pytest.mark.parametrize(
    "name",
    [
        "exit_price", "exit_reason", "Exit Price", "exitPrice", "EXIT_TIMESTAMP", "trade_exit_type",
        "avg_exit_price", "pnl", "PnL", "net_pnl_pct", "pnlUsd", "netPnL", "P&L",
        "realized_pnl", "realised_return", "realized_pnl_pct", "unrealized_pnl", "mae",
        "MAE_pct", "mae_20", "maePct", "trade_mfe_pct",
        "mfe", "mfe%", "holding_days", "holdingDays", "days_held", "is_bad", "bad_trade", "outcome",
        "label", "is_win", "won", "loser", "profit", "final_profit", "trade.outcome",
    ],
)  # fmt: skip
def test_a_name_that_can_only_be_known_after_the_decision_is_told(name):
    assert known_later(name)


@pytest.mark.parametrize(
    "name",
    [
        "rsi", "atr_pct", "prev_trade_pnl", "avg_mae_20", "rolling_pnl_5", "last_exit_price",
        "days_since_last_exit", "mean_holding_days", "lag1_outcome", "hist_mfe",
        "realized_vol_20", "realized_volatility", "realizedVariance", "profit_factor_20",
        "win_rate_20", "loss_streak", "stop_loss_distance", "target_distance", "maelstrom",
        "primae", "coexit", "holding_cost", "label_noise", "bad_breadth", "volume", "sma_50", "",
    ],
)  # fmt: skip
def test_a_name_of_the_past_or_of_something_else_passes(name):
    assert not known_later(name)
