# ruff: noqa: E501, ISC004, S608 - files of other systems, in their own long lines
"""Small files in the exact shape of each source, and a bot's database, for the import tests."""

import json
import sqlite3

SOURCES = {
    "topstep": (
        "Id,ContractName,EnteredAt,ExitedAt,EntryPrice,ExitPrice,Fees,PnL,Size,Type,TradeDay\n"
        "1,MESM5,05/13/2025 10:00:00 -04:00,05/13/2025 11:00:00 -04:00,5000.00,5010.00,0.74,50.0,1,Long,x\n"
        "2,MESM5,05/13/2025 12:00:00 -04:00,05/13/2025 12:30:00 -04:00,5010.00,5020.00,0.74,-50.0,1,Short,x\n"
        "3,MESM5,05/13/2025 12:00:00 -04:00,05/13/2025 12:40:00 -04:00,5010.00,5000.00,0.74,50.0,1,Short,x\n",
        (1, 1), 47.78, 2.22,
    ),
    "tradingview": (
        "Trade #,Type,Signal,Date/Time,Price,Contracts,Profit USD,Profit %,Run-up USD,Run-up %,Drawdown USD,Drawdown %\n"
        "1,Entry Long,L,2024-01-02 10:00,100,10,97.9,9.79,110,11,-20,2\n"
        "1,Exit Long,X,2024-01-03 10:00,110,10,97.9,9.79,110,11,-20,2\n"
        "2,Entry Short,S,2024-01-04 10:00,100,10,-102.1,-10.21,10,1,-120,12\n"
        "2,Exit Short,X,2024-01-05 10:00,110,10,-102.1,-10.21,10,1,-120,12\n",
        (1, 1), -4.2, 4.2,
    ),
    "mt4": (
        "<html><table><tr><td>Closed Transactions:</td></tr>"
        "<tr><td>Ticket</td><td>Open Time</td><td>Type</td><td>Size</td><td>Item</td><td>Price</td>"
        "<td>S / L</td><td>T / P</td><td>Close Time</td><td>Price</td><td>Commission</td>"
        "<td>Taxes</td><td>Swap</td><td>Profit</td></tr>"
        "<tr><td>7</td><td>2025.05.26 19:36:41</td><td>buy</td><td>1.00</td><td>usdchf</td>"
        "<td>0.82090</td><td>0</td><td>0</td><td>2025.05.28 01:13:59</td><td>0.83090</td>"
        "<td>-7.00</td><td>0.00</td><td>2.00</td><td>1 065.50</td></tr>"
        "<tr><td colspan=9>&nbsp;</td><td>1</td><td colspan=3>EA</td></tr>"
        "<tr><td>8</td><td>2025.05.26 20:00:00</td><td>balance</td><td colspan=10>in</td>"
        "<td>15 000.00</td></tr></table></html>",
        (1, 0), 1060.5, 5.0,
    ),
    "tradebook": (
        "Date,Ticker,Country,Type,Qty,Price,Currency\n"
        "2025-06-11,A.NS,IND,BUY,3,100,INR\n2025-06-11,A.NS,IND,BUY,3,100,INR\n"
        "2025-06-12,A.NS,IND,SELL,6,110,INR\n2025-06-13,B.NS,IND,BUY,1,50,INR\n",
        (1, 0), 60.0, 0.0,
    ),
    "zerodha": (
        "symbol,isin,trade_date,exchange,segment,series,trade_type,auction,quantity,price,trade_id,order_id,order_execution_time\n"
        "INFY,I,2024-01-02,NSE,EQ,EQ,buy,false,5,1500,1,77,2024-01-02T10:00:00\n"
        "INFY,I,2024-01-02,NSE,EQ,EQ,buy,false,5,1502,2,77,2024-01-02T10:07:00\n"
        "INFY,I,2024-01-05,NSE,EQ,EQ,sell,false,10,1511,3,78,2024-01-05T10:00:00\n",
        (1, 0), 100.0, 0.0,
    ),
    "kraken": (
        '"txid","ordertxid","pair","time","type","ordertype","price","cost","fee","vol"\n'
        '"A","O1","XXBTZEUR","2024-01-02 08:00:00.1","buy","limit",100,200,0.4,2\n'
        '"B","O1","XXBTZEUR","2024-01-02 09:00:00.1","buy","limit",100,100,0.2,1\n'
        '"C","O2","XXBTZEUR","2024-01-03 09:00:00.1","sell","limit",110,330,0.6,3\n',
        (1, 0), 28.8, 1.2,
    ),
    "binance": (
        ",Date(UTC),Market,Type,Price,Amount,Total,Fee\n"
        "3,2022-04-20 04:36:30,ASTRUSDT,BUY,0.20,500,100,0.0002\n"
        "2,2022-04-20 13:35:33,ASTRUSDT,SELL,0.22,300,66,0.0001\n"
        "1,2022-04-20 13:35:33,ASTRUSDT,SELL,0.21,200,42,0.0001\n",
        (1, 0), 8.0, 0.0,
    ),
    "binance_trades": (
        "Date(UTC),Pair,Side,Price,Executed,Amount,Fee\n"
        "2024-01-02 04:36:30,SOLUSDT,BUY,100.0,2.5SOL,250USDT,0.0004BNB\n"
        "2024-01-03 13:35:33,SOLUSDT,SELL,110.0,2.5SOL,275USDT,0.0004BNB\n",
        (1, 0), 25.0, 0.0,
    ),
    "schwab": (
        "Date,Action,Symbol,Description,Price,Quantity,Fees & Comm,Amount\n"
        "06/04/2020,Sell,V,V INC,$33,100,$5,$3295\n06/04/2020,Credit Interest,,,,,$0,$1\n"
        "06/03/2020,Buy,V,V INC,$32,100,$5,-$3205\n",
        (1, 0), 90.0, 10.0,
    ),
    "xtb": (
        "ID;Type;Time;Symbol;Comment;Amount\n"
        "3;Profit/Loss (FX/CFD);13.04.2024 13:01:45;US30;Profit of position #1;0.13\n"
        "2;Stocks/ETF sale;13.04.2024 13:01:45;A.DE;CLOSE BUY 2 @ 12.00;24\n"
        "1;Stocks/ETF purchase;12.04.2024 13:01:45;A.DE;OPEN BUY 2/2 @ 11.00;-22\n"
        "1;Stocks/ETF purchase;12.04.2024 13:01:45;A.DE;OPEN BUY 2/2 @ 11.00;-22\n",
        (1, 0), 2.0, 0.0,
    ),
    "degiro": (
        "Datum,Tijd,Valutadatum,Product,ISIN,Omschrijving,FX,Mutatie,,Saldo,,Order Id\n"
        '16-12-2022,10:00,16-12-2022,P,US1,"Verkoop 1 000 @ 34,5 USD",,USD,"34500,00",USD,"0,6",B\n'
        '15-12-2022,10:00,15-12-2022,P,US1,"Koop 1 000 @ 33,9 USD",,USD,"-33900,00",USD,"0,0",A\n'
        '14-12-2022,10:00,14-12-2022,P,US1,"STOCK DIVIDEND: Koop 999 @ 0 EUR",,EUR,"0",EUR,"0",\n',
        (1, 0), 600.0, 0.0,
    ),
    "trading212": (
        "Action,Time,ISIN,Ticker,Name,No. of shares,Price / share,Currency (Price / share),ID\n"
        "Deposit,2023-12-18 11:45:06.326,,,,,,,1\n"
        "Market buy,2023-12-18 14:30:03.613,U,CSCO,C,2.5,50,USD,2\n"
        "Market sell,2023-12-19 14:30:03.613,U,CSCO,C,2.5,52,USD,3\n",
        (1, 0), 5.0, 0.0,
    ),
    "ib_activity": (
        "Statement,Header,Field Name,Field Value\nStatement,Data,Title,Activity\n"
        "Trades,Header,DataDiscriminator,Asset Category,Currency,Symbol,Date/Time,Quantity,T. Price,C. Price,Proceeds,Comm/Fee,Code\n"
        'Trades,Data,Order,Stocks,USD,AAPL,"2025-01-15, 10:00:00",50,145.00,145,-7250,-1.50,O\n'
        'Trades,Data,Order,Stocks,USD,AAPL,"2025-01-16, 10:00:00",-50,146.00,146,7300,-1.50,C\n'
        'Trades,Data,Order,Forex,USD,EUR.USD,"2025-05-12, 10:00:00",1000,1.08,1.08,-1080,-2.00,\n'
        "Trades,SubTotal,,Stocks,USD,AAPL,,0,,,50,-3,\n",
        (1, 0), 47.0, 3.0,
    ),
    "ib_transactions": (
        "Date,Account,Description,Transaction Type,Symbol,Quantity,Price,Gross Amount,Commission,Net Amount\n"
        "2025-01-15,U1,A,Buy,AAPL,10,100,-1000,-1,-1001\n2025-01-16,U1,A,Sell,AAPL,-10,101,1010,-1,1009\n"
        "2025-01-17,U1,A,Dividend,AAPL,-,-,5,-,5\n",
        (1, 0), 8.0, 2.0,
    ),
    "alpaca": (
        json.dumps([
            {"activity_type": "FILL", "id": "1", "transaction_time": "2024-01-02T15:00:00Z", "type": "partial_fill", "price": "10", "qty": "1", "side": "buy", "symbol": "A", "order_id": "o"},
            {"activity_type": "FILL", "id": "2", "transaction_time": "2024-01-02T15:03:00Z", "type": "fill", "price": "12", "qty": "1", "side": "buy", "symbol": "A", "order_id": "o"},
            {"activity_type": "FILL", "id": "3", "transaction_time": "2024-01-03T15:00:00Z", "type": "fill", "price": "13", "qty": "2", "side": "sell", "symbol": "A", "order_id": "p"},
        ]),
        (1, 0), 4.0, 0.0,
    ),
    "bybit": (
        "Contracts,Closing Direction,Qty,Entry Price,Exit Price,Closed P&L,Exit Type,Trade Time(UTC+0),Create Time\n"
        "BTCUSDT,Sell,1,100,110,9.79,Trade,2024-01-03 10:00:00,2024-01-02 10:00:00\n",
        (1, 0), 9.79, 0.21,
    ),
    "bybit_trades": (
        "Spot Pairs,Order Type,Direction,Filled Value,Filled Price,Filled Quantity,Fees,Fee Currency,Order No.,Timestamp (UTC)\n"
        "BTCUSDT,Limit,BUY,100,100,1,0.001,BTC,1,2024-01-02 10:00:00\n"
        "BTCUSDT,Limit,SELL,110,110,1,0.11,USDT,2,2024-01-03 10:00:00\n",
        (1, 0), 9.79, 0.21,  # .001 BTC at 100, and .11 USDT
    ),
    "fidelity": (
        "\n\nRun Date,Action,Symbol,Description,Type,Quantity,Price ($),Commission ($),Fees ($),Amount ($)\n"
        "01/16/2024,YOU SOLD APPLE INC,AAPL,A,Cash,-10,101,0.95,0.05,1009\n"
        "01/15/2024,YOU BOUGHT APPLE INC,AAPL,A,Cash,10,100,,,-1000\n"
        "01/14/2024,DIVIDEND RECEIVED,AAPL,A,Cash,0,,,,3\n",
        (1, 0), 9.0, 1.0,
    ),
    "robinhood": (
        '"Activity Date","Process Date","Settle Date","Instrument","Description","Trans Code","Quantity","Price","Amount"\n'
        '"1/16/2024","1/16/2024","1/18/2024","AAPL","A","Sell","10","$101.00","$1,010.00"\n'
        '"1/15/2024","1/15/2024","1/17/2024","AAPL","A","Buy","10","$100.00","($1,000.00)"\n'
        '"1/14/2024","1/14/2024","1/14/2024","","ACH","ACH","","","$5,000.00"\n',
        (1, 0), 10.0, 0.0,
    ),
    "etoro": (
        "Position ID,Action,Long / Short,Amount,Units,Open Date,Close Date,Open Rate,Close Rate,Profit(USD),Rollover Fees and Dividends\n"
        "1,Apple,Long,1000,10,15/01/2024 10:00:00,16/01/2024 10:00:00,100,101,10.00,-0.50\n",
        (1, 0), 9.5, 0.5,
    ),
    "lean_orders": (
        "Time,Symbol,Price,Quantity,Type,Status,Value,Tag\n"
        "2024-01-02T15:00:00Z,SPY,100,10,Market,Filled,1000,\n2024-01-03T15:00:00Z,SPY,101,-10,Market,Filled,-1010,\n"
        "2024-01-03T15:00:00Z,SPY,99,-10,Stop Market,Canceled,-990,\n",
        (1, 0), 10.0, 0.0,
    ),
    "lean": (
        json.dumps({"totalPerformance": {"closedTrades": [
            {"symbol": {"value": "SPY"}, "entryTime": "2024-01-02T15:00:00Z", "entryPrice": 100.0, "direction": 1, "quantity": 10.0, "exitTime": "2024-01-03T15:00:00Z", "exitPrice": 99.0, "profitLoss": 10.0, "totalFees": 2.0}
        ]}}),
        (0, 1), 8.0, 2.0,
    ),
    "vectorbt": (
        "Exit Trade Id,Column,Size,Entry Timestamp,Avg Entry Price,Entry Fees,Exit Timestamp,Avg Exit Price,Exit Fees,PnL,Return,Direction,Status,Position Id\n"
        "0,A,10,2024-01-02,100,1,2024-01-03,110,1.1,97.9,0.0979,Long,Closed,0\n"
        "1,A,10,2024-01-04,100,1,2024-01-05,101,0,9,0.009,Long,Open,1\n",
        (1, 0), 97.9, 2.1,
    ),
    "backtrader": (
        "ref,ticker,dir,datein,pricein,dateout,priceout,chng%,pnl,pnl%,size,value,cumpnl,nbars,pnl/bar,mfe%,mae%\n"
        "1,A,long,2024-01-02,100,2024-01-05,110,10,100,1,10,1000,100,3,33,12,-3\n",
        (1, 0), 100.0, 0.0,
    ),
    "pyfolio": (
        "date,amount,price,symbol,txn_dollars\n2024-01-02,10,100,A,-1000\n2024-01-03,-10,99,A,990\n",
        (1, 0), -10.0, 0.0,
    ),
    "backtesting": (
        "Size,EntryBar,ExitBar,EntryPrice,ExitPrice,SL,TP,PnL,Commission,ReturnPct,EntryTime,ExitTime,Tag,Entry_SMA\n"
        "-5,1,3,20,18,22,17,9,1,0.09,2024-01-02,2024-01-04,x,19\n5,3,4,18,17,17,30,-6,1,-0.06,2024-01-04,2024-01-05,x,19\n",
        (1, 1), 3.0, 2.0,
    ),
    "fills": (
        "timestamp,symbol,side,quantity,price,commission,multiplier,status\n"
        "2026-01-05T10:00,AAPL260220C200,buy,1,5.2,-0.65,100,FILLED\n"
        "2026-01-05T11:00,AAPL260220C200,sell,1,9.9,-0.65,100,CANCELLED\n"
        "2026-01-06T10:00,AAPL260220C200,sell,1,6.2,-0.65,100,FILLED\n",
        (1, 0), 98.7, 1.3,
    ),
    "csv": (
        "symbol;direction;quantity;entry_timestamp;entry_price;exit_timestamp;exit_price;fees;rsi\n"
        "A;short;10;2026-01-27T10:00;184,2;2026-01-30T11:15;170;2;61\n",
        (0, 1), 140.0, 2.0,
    ),
}  # fmt: skip


def bot(path, trades, orders=(), wal=False):
    connection = sqlite3.connect(path)
    if wal:
        connection.execute("pragma journal_mode=wal")
    connection.execute(
        "create table if not exists trades (id integer primary key, exchange, pair, is_open, fee_open, fee_close, open_rate,"
        " close_rate, close_profit_abs, amount, open_date, close_date, min_rate, max_rate, strategy)"
    )
    connection.execute(
        "create table if not exists orders (id integer, ft_trade_id, ft_order_side, status, price, average, amount, filled)"
    )
    connection.executemany(f"insert or replace into trades values ({','.join('?' * 15)})", trades)
    connection.executemany("insert into orders values (?,?,?,?,?,?,?,?)", orders)
    connection.commit()
    return connection


def closed(number, price, amount=10.0, profit=None):
    profit = (price - 100) * amount if profit is None else profit
    day = f"2024-01-{number + 1:02d}"
    return (number, "x", "A/USDT", 0, 0, 0, 100.0, price, profit, amount, f"{day} 10:00:00",
            f"{day} 12:00:00", 95.0, 120.0, "s")  # fmt: skip
