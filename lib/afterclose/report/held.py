"""Buy and hold for the account's curve, where the scope names its bars (ML_BARS_FILE)."""

import logging

from afterclose.errors import AftercloseError
from afterclose.evaluating.benchmark import buy_and_hold
from afterclose.evaluating.figures import ListedTrades
from afterclose.evaluating.money_record import MoneyRecord
from afterclose.report.account_charts import Values

MINUTES_A_DAY = 1440

_log = logging.getLogger(__name__)


def held_worth(
    bars_file: str, listed: ListedTrades | None, record: MoneyRecord, capital: float
) -> Values | None:
    """Net PnL of holding the symbols of the ``listed`` trades, on the record's days.

    None without bars of them; bars that cannot be read cost the line and not the page.
    """
    if not bars_file or listed is None or not listed.symbol:
        return None
    from afterclose.history.bars import read_ohlcv  # pandas: only where there are bars

    try:
        frame = read_ohlcv(bars_file).frame
    except (AftercloseError, OSError) as error:
        _log.warning("buy and hold is not drawn: %s", error)
        return None
    wanted = frame[frame["symbol"].isin(set(listed.symbol))]
    closes = {
        str(symbol): (
            bars["date"].to_numpy().astype("datetime64[D]").astype("int64"),
            bars["close"].to_numpy(),
        )
        for symbol, bars in wanted.groupby("symbol", sort=True)
    }
    start = min(listed.decided) // MINUTES_A_DAY
    return buy_and_hold(closes, start, record.earned.days, capital)
