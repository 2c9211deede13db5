# ruff: noqa: E501, ISC004 - tables are easier to read in whole lines
"""The same sources as other accounts export them: options, several currencies, fees in rows.

Figures are worked out by hand: decisions with an exit (long, short), still open, net PnL, fees.
"""

import json
import zipfile
from datetime import UTC, datetime

import pytest

from afterclose.config import load_settings
from afterclose.errors import InputError
from afterclose.importing.ledger_import import import_file
from afterclose.importing.request import Request

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)

TRADINGVIEW = (
    "Trade #,Type,Date and time,Signal,Price USD,Position size (qty),Net P&L USD,Net P&L %\n"
    "1,Exit long,2024-01-03 10:00,X,110,10,100,10\n1,Entry long,2024-01-02 10:00,L,100,10,100,10\n"
)
SCHWAB = "Date,Action,Symbol,Description,Price,Quantity,Fees & Comm,Amount\n"
IB = (
    "Statement,Header,Field Name,Field Value\nStatement,Data,Title,Activity\n"
    "Trades,Header,DataDiscriminator,Asset Category,Currency,Symbol,Date/Time,Quantity,T. Price,"
    "C. Price,Proceeds,Comm/Fee,Basis,Realized P/L,MTM P/L,Code\n"
)
DEGIRO = "Datum,Tijd,Valutadatum,Product,ISIN,Omschrijving,FX,Mutatie,,Saldo,,Order Id\n"
DEGIRO_ROWS = (
    '16-12-2022,10:00,16-12-2022,P,US1,DEGIRO Transactiekosten en/of kosten van derden,,EUR,"-2,00",EUR,"1,0",B\n'
    '16-12-2022,10:00,16-12-2022,P,US1,"Verkoop 10 @ 34,5 EUR",,EUR,"345,00",EUR,"0,6",B\n'
    '15-12-2022,10:01,15-12-2022,P,US1,"Koop 4 @ 33,9 EUR",,EUR,"-135,60",EUR,"0,0",A\n'
    '15-12-2022,10:00,15-12-2022,P,US1,DEGIRO Transactiekosten en/of kosten van derden,,EUR,"-2,00",EUR,"1,0",A\n'
    '15-12-2022,10:00,15-12-2022,P,US1,"Koop 6 @ 33,9 EUR",,EUR,"-203,40",EUR,"0,0",A\n'
)
ROBINHOOD = '"Activity Date","Process Date","Settle Date","Instrument","Description","Trans Code","Quantity","Price","Amount"\n'

RIGHT = {
    "a trade that TradingView shows as open, at the price of the day, is open": (
        TRADINGVIEW + "2,Exit short,2024-01-05 10:00,Open,105,10,-50,-5\n"
        "2,Entry short,2024-01-04 10:00,S,100,10,-50,-5\n",
        (1, 0), 1, 100.0, 0.0,
    ),
    "an option's multiplier is in Schwab's amounts, and what expires is a loss": (
        SCHWAB + "01/19/2021 as of 01/15/2021,Expired,SPY 01/15/2021 380.00 C,CALL SPY,,-1,,\n"
        "01/12/2021,Sell to Close,SPY 01/22/2021 370.00 P,PUT,$3.00,1,$0.66,$299.34\n"
        "01/11/2021,Buy to Open,SPY 01/22/2021 370.00 P,PUT,$2.00,1,$0.66,-$200.66\n"
        "01/08/2021,Buy to Open,SPY 01/15/2021 380.00 C,CALL SPY,$1.20,1,$0.66,-$120.66\n",
        (2, 0), 0, -21.98, 1.98,
    ),
    "an option that was sold and expires is a gain": (
        SCHWAB + "01/19/2021 as of 01/15/2021,Expired,SPY 01/15/2021 380.00 C,CALL SPY,,1,,\n"
        "01/08/2021,Sell to Open,SPY 01/15/2021 380.00 C,CALL SPY,$1.20,1,$0.66,$119.34\n",
        (0, 1), 0, 119.34, 0.66,
    ),
    "Interactive Brokers: options, futures and a worthless expiry, as its proceeds say": (
        IB + 'Trades,Data,Order,Equity and Index Options,USD,SPY 15JAN21 380 C,"2021-01-08, 10:00:00",1,1.20,1.25,-120,-0.66,120.66,0,5,O\n'
        'Trades,Data,Order,Equity and Index Options,USD,SPY 15JAN21 380 C,"2021-01-15, 16:20:00",-1,0,0,0,0,-120.66,-120.66,0,C;Ep\n'
        'Trades,Data,Order,Futures,USD,MESM5,"2025-04-08, 10:00:00",2,5000,5001,-50000,-1.24,50000,0,0,O\n'
        'Trades,Data,Order,Futures,USD,MESM5,"2025-04-09, 10:00:00",-2,5010,5001,50100,-1.24,-50001.24,97.52,0,C\n',
        (2, 0), 0, -23.14, 3.14,
    ),
    "a sale that says that it opens is a short": (
        IB + 'Trades,Data,Order,Stocks,USD,AAPL,"2021-01-08, 10:00:00",-10,120,1,1200,-1,-1199,0,5,O\n'
        'Trades,Data,Order,Stocks,USD,AAPL,"2021-01-09, 10:00:00",10,119,1,-1190,-1,1199,8,5,C\n',
        (0, 1), 0, 8.0, 2.0,
    ),
    "Robinhood: an option is no share of what it is of": (
        ROBINHOOD + '"1/16/2024","1/16/2024","1/18/2024","AAPL","AAPL 1/19/2024 Call $180.00","STC","1","$2.00","$199.96"\n'
        '"1/15/2024","1/15/2024","1/17/2024","AAPL","AAPL 1/19/2024 Call $180.00","BTO","1","$1.00","($100.04)"\n'
        '"1/15/2024","1/15/2024","1/17/2024","AAPL","Apple","Buy","10","$180.00","($1,800.00)"\n',
        (1, 0), 1, 100.0, 0.0,
    ),
    "Fidelity: a multiplier": (
        "Run Date,Action,Symbol,Description,Type,Quantity,Price ($),Commission ($),Fees ($),Amount ($)\n"
        "01/16/2024,YOU SOLD CLOSING TRANSACTION,-AAPL240119C180,CALL,Cash,-1,2,0.65,0.02,199.33\n"
        "01/15/2024,YOU BOUGHT OPENING TRANSACTION,-AAPL240119C180,CALL,Cash,1,1,0.65,0.02,-100.67\n",
        (1, 0), 0, 98.66, 1.34,
    ),
    "DEGIRO: fees stand in rows of their own, fills of one order are minutes apart": (
        DEGIRO + DEGIRO_ROWS, (1, 0), 0, 2.0, 4.0,
    ),
    "DEGIRO in English": (
        DEGIRO.replace("Datum,Tijd,Valutadatum", "Date,Time,Value date")
        .replace("Omschrijving", "Description").replace("Mutatie", "Change")
        .replace("Saldo", "Balance")
        + DEGIRO_ROWS.replace("Koop", "Buy").replace("Verkoop", "Sell")
        .replace("DEGIRO Transactiekosten en/of kosten van derden", "DEGIRO Transaction and/or third party fees"),
        (1, 0), 0, 2.0, 4.0,
    ),
    "a lone column `time` is no clock": (
        "time,symbol,side,quantity,price\n2026-01-05T10:00,A,buy,10,100\n2026-01-07T10:00,A,sell,10,95\n",
        (1, 0), 0, -50.0, 0.0,
    ),
    "small numbers with a decimal comma": (
        "date;symbol;side;quantity;price;fee\n2026-01-05T10:00;A;buy;10;100,5;5E-01\n"
        "2026-01-07T10:00;A;sell;10;101,5;5,0E-1\n",
        (1, 0), 0, 9.0, 1.0,
    ),
    "a fee in the trade's own asset or coin counts, whatever column says it": (
        "Date(UTC),Pair,Side,Price,Executed,Amount,Fee\n"
        "2024-01-02 04:36:30,SOLUSDT,BUY,100.0,2SOL,200USDT,0.002SOL\n"
        "2024-01-03 13:35:33,SOLUSDT,SELL,110.0,2SOL,220USDT,0.22USDT\n",
        (1, 0), 0, 19.58, 0.42,
    ),
    "of a cancelled order that was filled in part, the part counts, at its price": (
        "time,symbol,side,quantity,filled,avg price,price,status\n"
        "2026-01-05T10:00,A,buy,100,40,10,11,CANCELED\n2026-01-05T11:00,A,buy,100,0,,11,CANCELED\n"
        "2026-01-06T10:00,A,sell,40,40,12,11,FILLED\n",
        (1, 0), 0, 80.0, 0.0,
    ),
    "Binance's trades by pair and type, with the coin of each fee": (
        '"Date(UTC)","Pair","Type","Price","Amount","Total","Fee","Fee Coin"\n'
        "2024-01-02 04:36:30,SOLUSDT,BUY,100.0,2,200,0.2,USDT\n"
        "2024-01-03 04:36:30,SOLUSDT,SELL,110.0,2,220,0.002,SOL\n",
        (1, 0), 0, 19.58, 0.42,
    ),
    "days before a short year": (
        "date,symbol,side,quantity,price\n05.06.25 10:00,A,buy,10,100\n17.06.25 10:00,A,sell,10,95\n",
        (1, 0), 0, -50.0, 0.0,
    ),
    "a future's multiplier and commission, in no column, by the PnL of all trades": (
        "Trade #,Type,Date/Time,Signal,Price USD,Contracts,Profit USD\n"
        + "".join(
            f"{day},Entry long,2024-01-0{day} 10:00,L,5000,{size},{50 * move * size - 4.5 * size}\n"
            f"{day},Exit long,2024-01-0{day} 15:00,X,{5000 + move},{size},{50 * move * size - 4.5 * size}\n"
            for day, move, size in ((1, 10, 1), (2, -7.25, 2), (3, 30, 3), (4, 4, 1), (5, -12.5, 2))
        ),
        (5, 0), 0, 50 * (10 - 14.5 + 90 + 4 - 25) - 40.5, 40.5,
    ),
    "XTB with decimal commas and thousands": (
        "ID;Type;Time;Symbol;Comment;Amount\n"
        "2;Stocks/ETF sale;13.04.2024 13:01:45;A.DE;CLOSE BUY 1 000 @ 12,50;12500\n"
        "1;Stocks/ETF purchase;12.04.2024 13:01:45;A.DE;OPEN BUY 1 000/1 000 @ 11,00;-11000\n",
        (1, 0), 0, 1500.0, 0.0,
    ),
    "XTB with amounts of another locale than its comments": (
        "ID;Type;Time;Symbol;Comment;Amount\n"
        "2;Stocks/ETF sale;13.04.2024 13:01:45;A.DE;CLOSE BUY 1 @ 26.280;26,28\n"
        "1;Stocks/ETF purchase;12.04.2024 13:01:45;A.DE;OPEN BUY 1 @ 26.400;-26,4\n",
        (1, 0), 0, -0.12, 0.0,
    ),
    "Fidelity: an option that expires": (
        "Run Date,Action,Symbol,Description,Type,Quantity,Price ($),Commission ($),Fees ($),Amount ($)\n"
        "01/19/2024,EXPIRED CALL (AAPL),-AAPL240119C180,CALL,Cash,-1,,,,\n"
        "01/15/2024,YOU BOUGHT OPENING TRANSACTION,-AAPL240119C180,CALL,Cash,1,2,0.65,0.02,-200.67\n",
        (1, 0), 0, -200.67, 0.67,
    ),
    "an amount with a comma asks nothing": (
        'date,symbol,side,quantity,price,value\n2026-01-05T10:00,A,buy,10,123.4,"1,234"\n'
        '2026-01-07T10:00,A,sell,10,123.5,"1,235"\n',
        (1, 0), 0, 1.0, 0.0,
    ),
    "seconds since 1970 with a fraction": (
        "txid,ordertxid,pair,time,type,ordertype,price,cost,fee,vol\n"
        "A,O1,XBTUSD,1704182400.1234,buy,limit,100,200,0.4,2\nB,O2,XBTUSD,1704268800.5,sell,limit,110,220,0.4,2\n",
        (1, 0), 0, 19.2, 0.8,
    ),
    "brokerage and taxes are costs": (
        "date,symbol,side,quantity,price,brokerage,stt\n"
        "2026-01-05T10:00,A,buy,10,100,2,1\n2026-01-06T10:00,A,sell,10,101,2,1\n",
        (1, 0), 0, 4.0, 6.0,
    ),
    "a total of costs is not added to what it is of": (
        "date,symbol,side,quantity,price,commission,other fees,total fees\n"
        "2026-01-05T10:00,A,buy,10,100,2,1,3\n2026-01-06T10:00,A,sell,10,101,2,1,3\n",
        (1, 0), 0, 4.0, 6.0,
    ),
    "a dividend among fills is no trade": (
        "date,symbol,side,quantity,price\n2026-01-05T10:00,A,buy,10,100\n"
        "2026-01-06T10:00,A,Dividend,10,1\n2026-01-07T10:00,A,sell,10,101\n",
        (1, 0), 0, 10.0, 0.0,
    ),
    "an entry of TradingView that was left in two parts": (
        "Trade #,Type,Signal,Date/Time,Price,Contracts,Profit USD\n"
        "1,Entry Long,L,2024-01-02 10:00,100,10,100\n1,Exit Long,Margin call,2024-01-03 10:00,110,4,40\n"
        "1,Exit Long,TP,2024-01-04 10:00,110,6,60\n",
        (1, 0), 0, 100.0, 0.0,
    ),
    "lists of two symbols in one file": (
        "Symbol,Trade #,Type,Signal,Date/Time,Price,Contracts,Profit USD\n"
        "A,1,Entry Long,L,2024-01-02 10:00,100,10,100\nA,1,Exit Long,X,2024-01-03 10:00,110,10,100\n"
        "B,1,Entry Short,S,2024-01-02 10:00,50,10,100\nB,1,Exit Short,X,2024-01-03 10:00,40,10,100\n",
        (1, 1), 0, 200.0, 0.0,
    ),
    "fees below 0 in a statement of costs are costs": (
        "Id,ContractName,EnteredAt,ExitedAt,EntryPrice,ExitPrice,Fees,PnL,Size,Type\n"
        "1,MESM5,05/06/2025 10:00:00 -04:00,05/07/2025 11:00:00 -04:00,5000.00,5010.00,-0.74,50.0,1,Long\n",
        (1, 0), 0, 49.26, 0.74,
    ),
    "a row that was cancelled is no trade, one that is open has no exit": (
        "symbol,side,quantity,entry_time,entry_price,exit_time,exit_price,status\n"
        "A,long,10,2026-01-05T10:00,100,2026-01-06T10:00,101,closed\n"
        "B,long,10,2026-01-05T10:00,100,2026-01-06T10:00,101,Cancelled\n"
        "E,long,10,2026-01-05T10:00,100,2026-01-06T10:00,102,rejected\n"
        "C,long,10,2026-01-05T10:00,100,,101,open\n",
        (1, 0), 1, 10.0, 0.0,
    ),
}  # fmt: skip


def imported(tmp_path, text, market="us", **options):
    path = tmp_path / "export.csv"
    path.write_text(text, encoding="utf-8")
    settings = load_settings({}, logs_dir=str(tmp_path / "logs"), market=market)
    return import_file(settings, NOW, Request.of({"file": str(path), **options}))


@pytest.mark.parametrize("fact", RIGHT)
def test_exports_of_other_accounts(tmp_path, fact):
    text, sides, still_open, net, fees = RIGHT[fact]
    got = imported(tmp_path, text).details
    assert got["problems"] == []
    assert ((got["long"], got["short"]), got["open"]) == (sides, still_open)
    assert (got["net_pnl"], got["fees"]) == (pytest.approx(net), pytest.approx(fees))


def test_what_fills_say_they_realised_is_compared(tmp_path):
    rows = (
        'Trades,Data,Order,Stocks,USD,AAPL,"2021-01-08, 10:00:00",10,120,1,-1200,-1,1201,0,5,O\n'
        'Trades,Data,Order,Stocks,USD,AAPL,"2021-01-09, 10:00:00",-10,121,1,1210,-1,-1201,{},5,C\n'
    )
    right = imported(tmp_path, IB + rows.format(8)).details
    assert (right["stated_pnl"], right["stated_difference"]) == (8.0, pytest.approx(0))
    wrong = imported(tmp_path, IB + rows.format(500))
    assert (wrong.exit_code, wrong.details["stated_difference"]) == (2, pytest.approx(-492, abs=3))
    assert "PNL=ignore" in wrong.reason
    assert imported(tmp_path, IB + rows.format(500), pnl="ignore").exit_code == 0


def test_a_fill_that_closes_opens_no_short(tmp_path):
    row = (
        'Trades,Data,Order,Stocks,USD,AAPL,"2021-01-08, 10:00:00",-10,120,1,1200,-1,-1000,199,5,C\n'
    )
    asked = imported(tmp_path, IB + row)
    assert (asked.exit_code, asked.details["open"]) == (2, 0)
    assert imported(tmp_path, IB + row, opening="skip").details["open"] == 0


def test_there_is_no_sum_over_currencies(tmp_path):
    outcome = imported(
        tmp_path,
        "symbol,side,quantity,entry_time,entry_price,exit_time,exit_price,fees,currency,fee currency\n"
        "A,long,10,2026-01-05T10:00,100,2026-01-06T10:00,101,1,USD,EUR\n"
        "B,long,10,2026-01-05T10:00,100,2026-01-06T10:00,101,1,EUR,EUR\n",
    )
    got = outcome.details
    assert (got["net_pnl"], got["fees"]) == (None, None)
    assert got["by_currency"] == {
        "USD": {"net_pnl": pytest.approx(10), "fees": 0.0},
        "EUR": {"net_pnl": pytest.approx(9), "fees": 1.0},
    }
    assert "Net PnL in USD: 10.00" in outcome.text
    assert any(note.startswith("Fees left out: 1 ") for note in got["notes"])


def test_each_fee_has_its_own_currency(tmp_path):
    got = imported(
        tmp_path,
        "Action,Time,ISIN,Ticker,Name,No. of shares,Price / share,Currency (Price / share),"
        "Currency conversion fee,Currency (Currency conversion fee),Transaction fee,Currency (Transaction fee)\n"
        "Market buy,2023-12-18 14:30:03.613,U,CSCO,C,2.5,50,USD,0.15,EUR,0.10,USD\n"
        "Market sell,2023-12-19 14:30:03.613,U,CSCO,C,2.5,52,USD,0.15,EUR,,\n",
    ).details
    assert (got["net_pnl"], got["fees"]) == (pytest.approx(4.9), pytest.approx(0.1))
    assert any(note.startswith("Fees left out: 0.3 ") for note in got["notes"])


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("3,2026-01-05T11:00,A,sell,10,x", "not a number"),
        ("3,yesterday,A,sell,10,99", "not a timestamp"),
        ("1,2026-01-05T10:01,A,buy,20,101", "conflicting id"),
        ("3,2026-01-05T11:00,A,Verkauf,10,99", "unknown side"),
    ],
)
def test_beside_a_fill_that_cannot_be_read_nothing_of_its_symbol_is_paired(tmp_path, row, reason):
    got = imported(
        tmp_path,
        "id,date,symbol,side,quantity,price\n1,2026-01-05T10:00,A,buy,10,100\n" + row + "\n"
        "4,2026-01-06T10:00,A,buy,10,90\n5,2026-01-07T10:00,A,sell,10,95\n"
        "6,2026-01-06T10:00,B,buy,10,90\n7,2026-01-07T10:00,B,sell,10,95\n",
    ).details
    assert (got["closed"], got["open"], got["net_pnl"]) == (1, 0, pytest.approx(50))
    counts = {entry["reason"]: entry["count"] for entry in got["left_out"]}
    assert counts == {reason: 1, "beside a fill that is missing": 3}


KRAKEN_SHORT = (
    '"txid","ordertxid","pair","time","type","ordertype","price","cost","fee","vol","margin"\n'
    '"A","O1","BTC/EUR","2024-01-02 08:00:00.1","sell","market",100,200,0.4,2,40\n'
    '"B","O2","BTC/EUR","2024-01-03 08:00:00.1","buy","market",90,180,0.4,2,0\n'
)


def test_who_says_that_nothing_was_held_has_sold_short_on_margin(tmp_path):
    assert "OPENING=flat" in imported(tmp_path, KRAKEN_SHORT, "crypto").reason
    got = imported(tmp_path, KRAKEN_SHORT, "crypto", opening="flat").details
    assert ((got["long"], got["short"]), got["open"]) == ((0, 1), 0)
    assert got["net_pnl"] == pytest.approx(19.2)


def test_a_long_of_less_than_nothing_is_left_out(tmp_path):
    got = imported(
        tmp_path,
        "symbol,side,quantity,entry_time,entry_price,exit_time,exit_price\n"
        "A,short,-10,2025-11-03,100,2025-11-04,90\nB,long,-10,2025-11-03,100,2025-11-04,90\n",
    ).details
    assert ((got["long"], got["short"]), got["net_pnl"]) == ((0, 1), pytest.approx(100))
    assert got["left_out"][0]["reason"] == "unknown side"


def test_sides_that_differ_are_not_said_to_be_all_the_same(tmp_path):
    got = imported(
        tmp_path,
        "entry_date,entry_price,exit_date,exit_price,position_size,profit_loss\n"
        "2017-01-06,100,2017-01-07,90,2,20\n2017-01-08,100,2017-01-09,110,2,20\n",
    ).details
    assert "SIDE=" in got["problems"][0]
    assert not any("told by the PnL" in note for note in got["notes"])


def test_amounts_that_are_of_another_currency_are_said(tmp_path):
    got = imported(
        tmp_path,
        "ID;Type;Time;Symbol;Comment;Amount\n"
        "2;Stocks/ETF sale;13.04.2024 13:01:45;A.US;CLOSE BUY 2 @ 12.00;21.8\n"
        "1;Stocks/ETF purchase;12.04.2024 13:01:45;A.US;OPEN BUY 2 @ 11.00;-20.1\n",
    ).details
    assert got["net_pnl"] == pytest.approx(2)
    assert any(note.startswith("Amounts that are not price x quantity: 2") for note in got["notes"])


def test_decimal_marks_that_contradict_each_other_are_asked(tmp_path):
    text = (
        "date;symbol;side;quantity;price;fee\n2026-01-05T10:00;A;buy;10;1,100.5;0,5\n"
        "2026-01-07T10:00;A;sell;10;1,101.5;0,5\n"
    )
    assert "DECIMAL=" in imported(tmp_path, text).reason


JANUARY = "date,symbol,side,quantity,price\n2026-01-05T10:00,A,buy,10,100\n2026-01-07T10:00,A,sell,10,95\n"


def test_several_files_in_one_are_not_read_as_the_first_alone(tmp_path):
    path = tmp_path / "months.zip"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("jan.csv", JANUARY)
        packed.writestr("feb.csv", JANUARY.replace("-01-", "-02-"))
        packed.writestr("readme.txt", "nothing")
    settings = load_settings({}, logs_dir=str(tmp_path / "logs"))
    refused = import_file(settings, NOW, Request.of({"file": str(path)}))
    assert (refused.exit_code, "jan.csv, feb.csv" in refused.reason) == (2, True)


def test_several_sheets_are_not_read_as_the_first_alone(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for title in ("Jan", "Feb"):
        sheet = book.create_sheet(title)
        for line in JANUARY.splitlines():
            sheet.append(line.split(","))
    path = tmp_path / "months.xlsx"
    book.save(path)
    settings = load_settings({}, logs_dir=str(tmp_path / "logs"))
    refused = import_file(settings, NOW, Request.of({"file": str(path)}))
    assert (refused.exit_code, "(Jan, Feb)" in refused.reason) == (2, True)
    own = tmp_path / "mine.toml"
    own.write_text(
        'name = "mine"\ntitle = "M"\nrows = "fills"\ntable = "feb"\n[columns]\n'
        'time = "date"\nsymbol = "symbol"\nside = "side"\nquantity = "quantity"\nprice = "price"\n'
    )
    taken = import_file(settings, NOW, Request.of({"file": str(path), "map": str(own)}))
    assert (taken.exit_code, taken.details["closed"]) == (0, 1)


REVERSE_SPLIT = (
    "01/20/2021,Sell,XYZ,X,$11,10,$0,$110\n01/15/2021,Reverse Split,XYZ,X,,10,,\n"
    "01/15/2021,Reverse Split,XYZ,X,,-100,,\n01/10/2021,Buy,XYZ,X,$1,100,$0,-$100\n"
)


def test_a_split_that_the_file_tells_of_is_asked_about(tmp_path):
    asked = imported(tmp_path, SCHWAB + REVERSE_SPLIT)
    assert (asked.exit_code, "SPLITS=XYZ:2021-01-15" in asked.reason) == (2, True)
    got = imported(tmp_path, SCHWAB + REVERSE_SPLIT, splits="XYZ:2021-01-15:0.1").details
    assert (got["closed"], got["open"], got["net_pnl"]) == (1, 0, pytest.approx(10))


SPLIT_FILLS = (
    "date,symbol,side,quantity,price\n2026-01-12T10:00,A,BUY,10,400\n2026-01-20T10:00,A,SELL,40,110\n"
    "2026-01-27T10:00,A,BUY,40,105\n2026-01-29T10:00,A,SELL,40,112\n"
)
FLEX = "".join(
    f'<Trade accountId="U" symbol="A" assetCategory="STK" currency="USD" tradeID="{number}" '
    f'levelOfDetail="EXECUTION" dateTime="202601{day};100000" buySell="{side}" quantity="{size}" '
    f'tradePrice="{price}" ibCommission="0" ibCommissionCurrency="USD"/>'
    for number, (day, side, size, price) in enumerate(
        ((12, "BUY", 10, 400), (20, "SELL", -40, 110), (27, "BUY", 40, 105), (29, "SELL", -40, 112))
    )
)


@pytest.mark.parametrize(
    "text", [SPLIT_FILLS, f"<FlexQueryResponse><Trades>{FLEX}</Trades></FlexQueryResponse>"]
)
def test_a_split_is_heeded_once(tmp_path, text):
    got = imported(tmp_path, text, splits="A:2026-01-20:4").details
    assert (got["closed"], got["net_pnl"]) == (2, pytest.approx(40 * 10 + 40 * 7))


def test_a_split_before_anything_was_held_is_no_question(tmp_path):
    rows = "01/15/2021,Reverse Split,XYZ,X,,10,,\n01/10/2021,Sell,XYZ,X,$2,10,$0,$20\n01/08/2021,Buy,XYZ,X,$1,10,$0,-$10\n"
    assert imported(tmp_path, SCHWAB + rows).details["net_pnl"] == pytest.approx(10)


def test_a_short_year_that_may_come_first_is_asked_about(tmp_path):
    text = (
        "date,symbol,side,quantity,price\n25-06-05 10:00,A,buy,10,100\n25-06-17 10:00,A,sell,10,95\n"
        "25-07-02 10:00,A,buy,10,100\n25-07-03 10:00,A,sell,10,95\n"
    )
    assert "DATE_FORMAT=" in imported(tmp_path, text).reason
    got = imported(tmp_path, text, date_format="ymd").details
    assert (got["first_entry"][:10], got["last_exit"][:10]) == ("2025-06-05", "2025-07-03")


@pytest.mark.parametrize(("unit", "fits"), [(1.0, True), (0.01, True), (0.001, False)])
def test_excursions_are_in_the_unit_that_the_trades_own_moves_allow(tmp_path, unit, fits):
    rows = "".join(
        f"{day},Entry long,2024-01-0{day} 10:00,L,100,1,{move},{unit * (max(move, 0) + 1)},{-unit * (1 - min(move, 0))}\n"
        f"{day},Exit long,2024-01-0{day} 15:00,X,{100 + move},1,{move},{unit * (max(move, 0) + 1)},{-unit * (1 - min(move, 0))}\n"
        for day, move in enumerate([5, -4, 8, 3, -6], 1)
    )
    imported(
        tmp_path,
        "Trade #,Type,Date/Time,Signal,Price USD,Contracts,Profit USD,Run-up %,Drawdown %\n" + rows,
    )
    ledger = tmp_path / "logs/us/paper/trade_ledger.jsonl"
    made = [json.loads(line) for line in ledger.read_text().splitlines()]
    right = [
        (pytest.approx(-0.01 - max(-m, 0) / 100), pytest.approx(0.01 + max(m, 0) / 100))
        for m in (5, -4, 8, 3, -6)
    ]
    found = [(trade["mae_pct"], trade["mfe_pct"]) for trade in made]
    assert found == (right if fits else [(None, None)] * 5)


def test_columns_that_may_be_costs_and_are_not_counted_are_named(tmp_path):
    got = imported(
        tmp_path,
        "date,symbol,side,quantity,price,sebi turnover fee,withholding tax\n"
        "2026-01-05T10:00,A,buy,10,100,2,1\n2026-01-06T10:00,A,sell,10,101,2,1\n",
    ).details
    said = [note for note in got["notes"] if note.startswith("Columns that may be costs")]
    assert said
    assert "counted: sebi turnover fee (" in said[0]


def test_two_lists_of_trades_that_number_alike_are_refused(tmp_path):
    rows = "1,Entry Long,L,2024-01-02 10:00,{0},10,100\n1,Exit Long,X,2024-01-03 10:00,{1},10,100\n"
    head = "Trade #,Type,Signal,Date/Time,Price,Contracts,Profit USD\n"
    with pytest.raises(InputError, match="trade 1 has two entries"):
        imported(tmp_path, head + rows.format(100, 110) + rows.format(50, 60))


@pytest.mark.parametrize(
    ("text", "sums"),
    [
        (
            "Date(UTC),Pair,Side,Price,Executed,Amount,Fee\n"
            "2024-01-02 04:36:30,SOLUSDT,BUY,100.0,2SOL,200USDT,0USDT\n"
            "2024-01-03 13:35:33,SOLUSDT,SELL,110.0,2SOL,220USDT,0USDT\n"
            "2024-01-02 04:36:30,ETHBTC,BUY,0.05,2ETH,0.1BTC,0BTC\n"
            "2024-01-03 13:35:33,ETHBTC,SELL,0.06,2ETH,0.12BTC,0BTC\n",
            {"USDT": 20, "BTC": 0.02},
        ),
        (
            "date,symbol,side,quantity,price\n2026-01-05T10:00,EUR/USD,buy,10,1.1\n2026-01-06T10:00,EUR/USD,sell,10,1.2\n"
            "2026-01-05T10:00,USD/JPY,buy,10,150\n2026-01-06T10:00,USD/JPY,sell,10,151\n",
            {"USD": 1, "JPY": 10},
        ),
        (
            "<FlexQueryResponse>" + FLEX + FLEX.replace('"USD"', '"EUR"').replace('"A"', '"B"')
            .replace('tradeID="', 'tradeID="1') + "</FlexQueryResponse>",
            {"USD": 680, "EUR": 680},
        ),
    ],
    ids=["coins", "currencies", "flex"],
)  # fmt: skip
def test_pairs_and_statements_of_several_currencies_are_not_summed(tmp_path, text, sums):
    options = {"splits": "A:2026-01-20:4,B:2026-01-20:4"} if text.startswith("<") else {}
    got = imported(tmp_path, text, "crypto", **options).details
    assert got["net_pnl"] is None
    found = {currency: money["net_pnl"] for currency, money in got["by_currency"].items()}
    assert found == pytest.approx(sums)
