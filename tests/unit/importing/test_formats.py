"""Files of other systems, each small and made by hand: what becomes of them, and why not."""

import json

import pytest

from afterclose.errors import InputError
from afterclose.importing.formats import parse_file
from afterclose.importing.parsed import Asked

ASKED = Asked(timezone="America/New_York", symbol="GOOG")


def parse(text, wanted="auto", **asked):
    data = text if isinstance(text, bytes) else text.encode()
    base = {"timezone": ASKED.timezone, "symbol": ASKED.symbol}
    return parse_file(data, wanted, Asked(**(base | asked)))


def trades_of(text, wanted="auto", **asked):
    return [each.trade for each in parse(text, wanted, **asked)[1].found]


def unused_of(text, wanted="auto", **asked):
    return [(u.place, u.reason) for u in parse(text, wanted, **asked)[1].unused]


# --- plain CSV ------------------------------------------------------------------------------

HEAD = "trade_id,symbol,side,entry_timestamp,exit_timestamp,entry_price,exit_price,quantity,fees"
ROW = "7,AAPL,long,2024-01-02T10:00:00,2024-01-03T10:00:00,100,110,10,1.5"


def test_a_row_of_plain_csv_is_a_trade_in_the_markets_time():
    (trade,) = trades_of(f"{HEAD}\n{ROW}\n")
    assert trade.trade_id == "csv-7"
    assert trade.entry_timestamp == "2024-01-02T10:00:00-05:00"
    assert (trade.entry_price, trade.exit_price, trade.quantity, trade.fees) == (100, 110, 10, 1.5)
    (in_india,) = trades_of(f"{HEAD}\n{ROW}\n", timezone="Asia/Kolkata")
    assert in_india.exit_timestamp == "2024-01-03T10:00:00+05:30"


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_other_delimiters_and_a_byte_order_mark_make_no_difference(delimiter, encoding):
    text = f"{HEAD}\n{ROW}\n".replace(",", delimiter)
    assert trades_of(text.encode(encoding)) == trades_of(f"{HEAD}\n{ROW}\n")


def test_columns_of_numbers_are_features_and_what_is_known_later_is_not():
    text = f"{HEAD},rsi,net_pnl,note,up\n{ROW},61.5,99,good,true\n"
    name, parsed = parse(text)
    assert name == "csv"
    assert parsed.found[0].trade.rule_features == {"rsi": 61.5, "up": True}
    assert ["net_pnl" in note or "note" in note for note in parsed.notes] == [True, True]


def test_an_mae_that_cannot_be_a_fraction_is_unknown_for_all_trades():
    text = f"{HEAD},mae_pct,mfe_pct\n{ROW},-0.02,0.1\n{ROW.replace('7', '8', 1)},-3.2,0.2\n"
    _, parsed = parse(text)
    assert [each.trade.mae_pct for each in parsed.found] == [None, None]
    assert [each.trade.mfe_pct for each in parsed.found] == [0.1, 0.2]
    assert "line 3" in parsed.notes[0]
    good = trades_of(f"{HEAD},mae_pct\n{ROW},-0.02\n")
    assert good[0].mae_pct == -0.02


def test_an_open_trade_stays_open_and_formula_cells_are_text():
    row = ROW.replace("2024-01-03T10:00:00", "").replace(",110,", ",,").replace("AAPL", "=1+1")
    (trade,) = trades_of(f"{HEAD}\n{row}\n")
    assert (trade.symbol, trade.exit_timestamp, trade.exit_price) == ("=1+1", None, None)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (",100,", ",NaN,", "missing value"),
        (",100,", ",1e999,", "not a finite number"),
        (",100,", "," + "9" * 5000 + ",", "not a number"),
        (",100,", ",=100,", "not a number"),
        (",100,", ",1_00,", "not a number"),
        (",100,", ",-100,", "not above 0"),
        (",100,", ",1e-300,", "number out of range"),
        ("2024-01-02T10:00:00", "1/2/2024", "not a timestamp"),
        (",long,", ",sideways,", "unknown side"),
        (",1.5", ",1.5,9", "wrong number of cells"),
        (",110,", ",,", "missing value"),
    ],
)
def test_a_row_that_cannot_be_used_is_named_and_the_others_are_kept(old, new, reason):
    text = f"{HEAD}\n{ROW.replace('7', '6', 1)}\n{ROW.replace(old, new)}\n"
    assert unused_of(text) == [("line 3", reason)]
    assert [trade.trade_id for trade in trades_of(text)] == ["csv-6"]


def test_rows_without_an_id_get_a_digest_and_a_repeated_row_is_left_out():
    head, row = HEAD.removeprefix("trade_id,"), ROW.removeprefix("7,")
    other_price = row.replace(",110,", ",111,")
    text = f"{head}\n{row}\n{row}\n{other_price}\n"
    first, second = trades_of(text)
    assert unused_of(text) == [("line 3", "repeated trade")]
    assert second.trade_id == f"{first.trade_id}-2"
    assert trades_of(f"{head}\n{row}\n")[0].trade_id == first.trade_id


# --- backtesting.py -------------------------------------------------------------------------

BACKTEST = (
    "Size,EntryBar,ExitBar,EntryPrice,ExitPrice,SL,TP,PnL,Commission,ReturnPct,EntryTime,ExitTime,"
    "Tag,Entry_SMA\n"
    "-5,1,3,20,18,22,17,9,1,0.09,2024-01-02,2024-01-04,x,19\n"
    "5,3,4,18,17,17,30,-6,1,-0.06,2024-01-04,2024-01-05,x,19\n"
)


def test_the_table_of_backtesting_py_gives_sides_fees_and_certain_exit_types():
    name, parsed = parse(BACKTEST)
    short, long = (each.trade for each in parsed.found)
    assert name == "backtesting"
    assert (short.side, short.quantity, short.fees, short.exit_type) == ("short", 5, 1, None)
    assert (long.side, long.exit_type, long.symbol) == ("long", "STOP_LOSS", "GOOG")
    assert long.entry_timestamp == "2024-01-04T00:00:00-05:00"
    # the value at the end of the entry bar is no feature: the decision did not know it
    assert (short.rule_features, long.source) == ({}, "backtest")
    assert any("Entry_" in note for note in parsed.notes)


# --- freqtrade ------------------------------------------------------------------------------


def backtest(**fields):
    return {
        "pair": "A/B", "amount": 10.0, "open_rate": 100.0, "close_rate": 90.0,
        "open_date": "2024-01-02 10:00:00+00:00", "close_date": "2024-01-02 12:00:00+00:00",
        "fee_open": 0.001, "fee_close": 0.002, "min_rate": 85.0, "max_rate": 104.0,
        "exit_reason": "roi", "is_open": False, "is_short": True, "enter_tag": "dip",
    } | fields  # fmt: skip


def freqtrade(*trades, **others):
    return json.dumps({"strategy": {"S": {"trades": trades}} | others})


def test_freqtrade_fees_become_currency_and_the_rates_excursions():
    (trade,) = trades_of(freqtrade(backtest()))
    # 10 * (100 * 0.001 + 90 * 0.002) = 2.8; a short from 100: 104 is -4 %, 85 is +15 %
    assert trade.fees == pytest.approx(2.8)
    assert (trade.mae_pct, trade.mfe_pct) == (pytest.approx(-0.04), pytest.approx(0.15))
    assert (trade.side, trade.exit_type, trade.exit_reason) == ("short", "TAKE_PROFIT", "roi")
    assert trade.entry_timestamp == "2024-01-02T10:00:00+00:00"
    assert trade.rule_features == {}


def test_a_short_that_lost_more_than_it_was_worth_has_an_mae_that_a_ledger_can_hold():
    assert trades_of(freqtrade(backtest(max_rate=250.0)))[0].mae_pct == -1


def test_freqtrade_dates_without_an_offset_are_taken_from_the_utc_milliseconds():
    raw = backtest(open_date="2024-01-02 10:00:00", open_timestamp=1704189600000.0)
    assert trades_of(freqtrade(raw))[0].entry_timestamp == "2024-01-02T10:00:00+00:00"


def test_an_open_freqtrade_trade_stays_open_and_funding_is_a_fee():
    (trade,) = trades_of(freqtrade(backtest(is_open=True, funding_fees=-0.5)))
    assert (trade.exit_timestamp, trade.exit_price, trade.mae_pct) == (None, None, None)
    assert trade.fees == pytest.approx(1.5)


def test_several_strategies_are_asked_about():
    text = freqtrade(backtest(), T={"trades": [backtest(amount=7.0)]})
    with pytest.raises(InputError, match=r"S, T.*--strategy"):
        parse(text)
    assert trades_of(text, strategy="T")[0].quantity == 7.0
    with pytest.raises(InputError, match="no strategy 'U'"):
        parse(text, strategy="U")


def test_freqtrade_trades_that_cannot_be_used_are_named():
    huge = freqtrade(backtest(amount=1.5)).replace("1.5", "1" * 400)
    assert unused_of(huge) == [("trade 1 of S", "not a finite number")]
    assert unused_of(freqtrade(7)) == [("trade 1 of S", "not a trade")]
    assert unused_of(freqtrade(backtest(pair="\ud800"))) == [("trade 1 of S", "not a text")]
    assert unused_of(freqtrade(backtest(open_rate=float("nan"))))[0][1] == "not a finite number"
    assert trades_of(freqtrade(backtest(min_rate=float("nan"), max_rate=None)))[0].mae_pct is None


# --- Interactive Brokers --------------------------------------------------------------------


def flex(*elements, before=""):
    inside = "\n".join(elements)
    return f"{before}<FlexQueryResponse>\n<Trades>\n{inside}\n</Trades></FlexQueryResponse>"


def execution(number, quantity, price, time="20240102;100000", **fields):
    attributes = {
        "accountId": "U1", "conid": "1", "symbol": "TSLA", "currency": "USD",
        "ibCommissionCurrency": "USD", "assetCategory": "STK", "multiplier": "1",
        "tradeID": number, "quantity": quantity, "tradePrice": price, "ibCommission": "-2",
        "taxes": "0", "dateTime": time, "levelOfDetail": "EXECUTION",
        "buySell": "SELL" if quantity.startswith("-") else "BUY", "openCloseIndicator": "",
    } | fields  # fmt: skip
    return "<Trade " + " ".join(f'{name}="{value}"' for name, value in attributes.items()) + " />"


BUY, SELL = execution("1", "100", "10"), execution("2", "-40", "12", "20240103;110000")


def test_flex_executions_are_matched_with_fees_and_ids_of_both():
    name, parsed = parse(flex(BUY, SELL))
    (trade,) = (each.trade for each in parsed.found)
    assert (name, trade.trade_id, trade.source) == ("ib-flex", "ib-1-2", "live")
    # 40 of 100 bought for a commission of 2, sold for 2: 0.8 + 2
    assert (trade.quantity, trade.fees) == (40, pytest.approx(2.8))
    assert trade.exit_timestamp == "2024-01-03T11:00:00-05:00"
    assert [(left.quantity, left.place) for left in parsed.left_open] == [(60.0, "line 3, Trade")]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_statement_may_be_in_another_encoding(encoding):
    assert len(trades_of(flex(BUY, SELL).encode(encoding))) == 1


@pytest.mark.parametrize("day", ["", "01/03/2024", "20240103"])
def test_a_corporate_action_of_an_unknown_day_may_have_been_on_any(day):
    split = f'<CorporateAction conid="1" symbol="NEW" reportDate="{day}" />'
    assert trades_of(flex(BUY, SELL, split)) == []
    other = '<CorporateAction conid="9" symbol="F" reportDate="20240103" />'
    assert len(trades_of(flex(BUY, SELL, other))) == 1


def test_a_multiplier_is_part_of_the_quantity():
    option = {"assetCategory": "OPT", "multiplier": "100"}
    text = flex(
        execution("1", "2", "3", **option), execution("2", "-2", "4", "20240103;110000", **option)
    )
    assert trades_of(text)[0].quantity == 200


def test_a_close_without_its_opening_is_no_short():
    _, parsed = parse(flex(execution("2", "-40", "12", openCloseIndicator="C")))
    assert (parsed.found, parsed.left_open) == ([], [])
    assert parsed.unused[0].reason == "closes what the file does not open"


def test_conversions_summaries_repeats_and_cancelled_executions_are_no_trades():
    text = flex(
        BUY,
        BUY,
        execution("3", "9", "1", assetCategory="CASH"),
        execution("4", "9", "1", levelOfDetail="ORDER"),
        SELL,
        execution("5", "40", "12", transactionType="TradeCancel", origTradeID="2"),
    )
    _, parsed = parse(text)
    assert parsed.found == []
    assert [u.reason for u in parsed.unused] == [
        "repeated id",
        "currency conversion",
        "a summary, not an execution",
    ]
    assert [left.quantity for left in parsed.left_open] == [100.0]


def test_beside_an_execution_that_cannot_be_used_nothing_of_its_contract_is_matched():
    other = {"conid": "2", "symbol": "F"}
    text = flex(
        BUY,
        execution("9", "5", "0"),
        SELL,
        execution("6", "1", "10", **other),
        execution("7", "-1", "12", "20240103;110000", **other),
    )
    assert [trade.symbol for trade in trades_of(text)] == ["F"]
    assert [reason for _, reason in unused_of(text)] == [
        "not above 0",
        "beside an execution that is missing",
        "beside an execution that is missing",
    ]


def test_a_commission_in_another_currency_is_not_guessed():
    text = flex(execution("1", "100", "10", ibCommissionCurrency="EUR"))
    assert unused_of(text) == [("line 3, Trade", "commission in another currency")]


def test_a_trade_open_through_a_split_is_left_out():
    split = '<CorporateAction conid="1" symbol="TSLA" dateTime="20240103;202500" />'
    _, parsed = parse(flex(BUY, SELL, split))
    assert parsed.found == []
    assert parsed.unused[0].reason == "corporate action"


def test_after_a_split_that_was_held_through_nothing_is_believed_but_after_a_flat_one_all():
    days = ("20240103;110000", "20240108;110000", "20240109;110000")
    first, again, out = (
        execution(name, size, "12", day)
        for name, size, day in zip(("2", "3", "4"), ("-100", "10", "-10"), days, strict=True)
    )
    split = '<CorporateAction conid="1" symbol="TSLA" dateTime="20240105;202500" />'
    flat = trades_of(flex(BUY, first, again, out, split))
    assert [trade.trade_id for trade in flat] == ["ib-1-2", "ib-3-4"]
    held = flex(BUY, SELL, again.replace('"10"', '"-60"').replace("BUY", "SELL"), split)
    assert [trade.trade_id for trade in trades_of(held)] == ["ib-1-2"]


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>\n'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (flex(BUY, before=BOMB), "line 1: it has a document type"),
        (flex(BUY, before='<!DOCTYPE x SYSTEM "file:///etc/passwd">'), "document type"),
        ("<FlexQueryResponse><Trades>", "not XML"),
        ("<html></html>", "begins with <html>"),
        (flex("<Trade symbol='&a;' />"), "not XML"),
        (flex("<Trade symbol='a' symbol='b' />"), "duplicate attribute"),
        ('<?xml version="1.0" encoding="klingon"?><FlexQueryResponse/>', "not XML"),
    ],
)
def test_xml_that_no_statement_has_is_refused_with_its_line(text, words):
    with pytest.raises(InputError, match=words):
        parse(text)


# --- fills ----------------------------------------------------------------------------------

FILLS = (
    ",amount,price,sid,symbol\n"
    "2024-01-02 00:00:00+00:00,10,100,0,AMD\n"
    "2024-01-03 00:00:00+00:00,10,100,0,AMD\n"
    "2024-01-04 00:00:00+00:00,-20,110,0,AMD\n"
)


def test_fills_with_signed_amounts_are_matched_and_equal_pieces_are_two_trades():
    name, parsed = parse(FILLS.replace("01-03", "01-02"))
    first, second = (each.trade for each in parsed.found)
    assert (name, first.quantity, second.quantity) == ("fills", 10, 10)
    assert second.trade_id == f"{first.trade_id}-2"
    assert "fees are taken as 0" in parsed.notes[0]


def test_fills_with_a_side_and_fees_are_matched():
    text = (
        "timestamp,symbol,side,quantity,price,commission\n"
        "2024-01-02T10:00:00,F,SELL,10,20,1\n2024-01-03T10:00:00,F,BUY,10,18,1\n"
    )
    (trade,) = trades_of(text)
    assert (trade.side, trade.fees) == ("short", 2)


def test_a_fill_that_cannot_be_used_stops_its_symbol_but_no_other():
    text = FILLS.replace("-03 00:00:00+00:00,10,100", "-03 00:00:00+00:00,10,x") + (
        "2024-01-02,1,5,0,F\n2024-01-03,0,5,0,F\n2024-01-04,-1,6,0,F\n"
    )
    assert [trade.symbol for trade in trades_of(text)] == ["F"]
    assert unused_of(text) == [
        ("line 3", "not a number"),
        ("line 4", "behind a fill that is missing"),
        ("line 6", "quantity is 0"),
    ]


# --- no format ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "wanted", "words"),
    [
        ("", "auto", "empty"),
        ("a,b\n1,2\n", "auto", "line 1: no known format"),
        ('{"trade_id": "1"}\n', "auto", "ML_LEDGER_FILE"),
        ("a,b\n1,2\n", "csv", "no column symbol, entry_timestamp"),
        ("a,b\n1,2\n", "backtesting", "no column Size"),
        ("a,b\n1,2\n", "fills", "no column for timestamp"),
        ("a,b\n1,2\n", "freqtrade", "not JSON"),
        ("[" * 100_000, "freqtrade", "not JSON"),
        ('{"strategy": []}', "freqtrade", "no object 'strategy'"),
        ("a,b\n1,2\n", "ib-flex", "not XML"),
        (HEAD + ",symbol\n", "csv", "there twice"),
        (f'{HEAD}\n{ROW}\n"open quote\n', "csv", "line 3"),
        (b"a\n\xff\xff\n", "auto", "line 2: not UTF-8"),
    ],
)
def test_a_file_of_no_such_format_is_refused_with_place_and_remedy(text, wanted, words):
    with pytest.raises(InputError, match=words):
        parse(text, wanted)
