# ruff: noqa: E501, ISC004 - tables are easier to read in whole lines
"""Small files of our own making in the exact shape of each source: what a right import gives.

The figures are worked out by hand: decisions with an exit (long, short), net PnL and fees.
"""

import gzip
import io
import zipfile

import pytest

from afterclose.errors import InputError
from afterclose.importing.engine import parse_documents
from afterclose.importing.parsed import Options
from afterclose.importing.receipt import net_pnl
from afterclose.importing.source_file import Document, read_source
from afterclose.importing.trades import trades_of
from import_sources import SOURCES, bot, closed

OPTIONS = {"timezone": "America/New_York", "symbol": "SYM"}


def made_of(data, *, path=None, wanted="auto", **options):
    data = data.encode() if isinstance(data, str) else data
    all_options = Options(**(OPTIONS | options))
    parsed = parse_documents([Document("file", data, path)], wanted, None, all_options)
    return parsed, trades_of(parsed, all_options)


def figures(made):
    closed = [each.trade for each in made.trades if each.trade.exit_timestamp]
    sides = tuple(sum(trade.side == side for trade in closed) for side in ("long", "short"))
    return sides, sum(map(net_pnl, closed)), sum(trade.fees for trade in closed)


@pytest.mark.parametrize("name", SOURCES)
def test_a_file_in_the_shape_of_each_source_gives_its_figures(name):
    text, sides, net, fees = SOURCES[name]
    parsed, made = made_of(text)
    assert (parsed.name, made.problems) == (name, [])
    assert figures(made) == (sides, pytest.approx(net), pytest.approx(fees))
    assert not any(each.trade.rule_features for each in made.trades)


@pytest.mark.parametrize("name", SOURCES)
def test_a_column_that_is_missing_is_refused_or_said(name):
    """Each heading is taken away in turn: another figure never comes without a word."""
    text = SOURCES[name][0]
    if text.startswith(("[", "{", "<")):
        pytest.skip("its columns are not delimited text")
    heading = next(line for line in text.splitlines() if line.count(",") + line.count(";") > 3)
    delimiter = ";" if ";" in heading else ","
    _, whole = made_of(text)
    for column in heading.split(delimiter):
        if not column.strip('"'):
            continue
        without = text.replace(heading, heading.replace(column, "zzz", 1), 1)
        try:
            parsed, made = made_of(without)
        except InputError:
            continue
        said = set(parsed.notes) | set(made.notes) | set(made.problems)
        same = figures(made) == figures(whole)
        assert same or made.problems or made.unused or said - set(whole.notes), column


def test_mae_and_mfe_are_fractions_of_the_ledgers_sign():
    _, made = made_of(SOURCES["tradingview"][0])
    assert [(each.trade.mae_pct, each.trade.mfe_pct) for each in made.trades] == [
        (-0.02, 0.11),
        (-0.12, 0.01),
    ]


def workbook():
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    sheet = book.active
    for row in (
        ["Trade History Report"],
        ["Positions"],
        ["Time", "Position", "Symbol", "Type", "Volume", "Price", "S / L", "T / P", "Time",
         "Price", "Commission", "Swap", "Profit"],
        ["2026.04.02 15:50:47", 1, "XAUUSD", "buy", "0.01 / 0.04", 4700, None, None,
         "2026.04.02 16:00:00", 4710, 0, -0.5, 10],
        ["Orders"],
        ["Open Time", "Order", "Symbol", "Type", "Volume", "Price", "S / L"],
        ["2026.04.02 15:50:47", 2, "XAUUSD", "buy", 0.01, 4700, None],
    ):  # fmt: skip
        sheet.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def test_a_metatrader_5_report_is_read_from_its_positions_alone():
    parsed, made = made_of(workbook())
    assert (parsed.name, figures(made)) == ("mt5", ((1, 0), pytest.approx(9.5), pytest.approx(0.5)))


# --- freqtrade ------------------------------------------------------------------------------


def test_a_partial_exit_is_rebuilt_from_the_orders(tmp_path):
    """Half sold at 110, half at 99: the trade's own row describes the last half only."""
    orders = [(1, 1, "buy", "closed", 100, 100, 10, 10), (2, 1, "sell", "closed", 110, 110, 5, 5),
              (3, 1, "sell", "canceled", 90, None, 5, 0), (4, 1, "sell", "closed", 99, 99, 5, 5)]  # fmt: skip
    path = tmp_path / "bot.sqlite"
    bot(path, [closed(1, 99.0, amount=5.0, profit=45.0)], orders).close()
    _, made = made_of(path.read_bytes(), path=path)
    assert figures(made) == ((1, 0), pytest.approx(45), 0)


def test_a_database_is_read_while_the_bot_holds_it_open(tmp_path):
    path = tmp_path / "bot.sqlite"
    writing = bot(path, [closed(1, 110.0)], wal=True)
    writing.execute("begin immediate")
    before = path.read_bytes()
    _, made = made_of(before, path=path)
    assert figures(made)[0] == (1, 0)
    assert path.read_bytes() == before
    writing.close()


def test_a_sqlalchemy_url_reads_the_same_database(tmp_path):
    pytest.importorskip("sqlalchemy")
    from afterclose.importing.freqtrade import of_database
    from afterclose.importing.read_database import url_tables

    path = tmp_path / "bot.sqlite"
    bot(path, [closed(1, 110.0)]).close()
    parsed = of_database(url_tables(f"sqlite:///{path}"), Options(**OPTIONS))
    assert [trip.pnl for trip in parsed.trips] == [100.0]
    with pytest.raises(InputError) as refused:
        url_tables("postgresql+nodriver://me:secret@host/db")
    assert "secret" not in str(refused.value)


def test_packed_files_are_unpacked(tmp_path):
    text = SOURCES["kraken"][0].encode()
    packed = tmp_path / "fills.csv.gz"
    packed.write_bytes(gzip.compress(text))
    zipped = tmp_path / "fills.zip"
    with zipfile.ZipFile(zipped, "w") as file:
        file.writestr("readme.txt", "")
        file.writestr("fills.csv", text)
    assert read_source(packed)[0].data == text
    assert [document.data for document in read_source(zipped)] == [b"", text]
    options = Options(**OPTIONS)
    assert parse_documents(read_source(zipped), "auto", None, options).name == "kraken"


# --- what cannot be told from a file --------------------------------------------------------

FILLS = "date,symbol,side,quantity,price,commission\n"


@pytest.mark.parametrize(
    ("text", "option", "settled"),
    [
        (FILLS + "2026-02-03,A,SELL,20,110,1\n2026-02-10,A,BUY,20,120,1\n2026-02-17,A,SELL,20,130,1\n",
         {"long_only": True}, (1, 0)),
        (FILLS + "2026-02-03,A,SELL,20,110,1\n2026-02-10,A,BUY,20,120,1\n", {"opening": "flat"}, (0, 1)),
        (FILLS + "2026-01-12,A,BUY,10,400,0\n2026-01-20,A,SELL,40,110,0\n",
         {"splits": (("A", "2026-01-15", "4"),)}, (1, 0)),
        (FILLS + "03/04/2026,A,BUY,10,100,0\n05/06/2026,A,SELL,10,110,0\n", {"date_format": "%d/%m/%Y"}, (1, 0)),
        (FILLS + "2026-01-12,A,BUY,10,100,0\n2026-01-12,A,SELL,10,110,0\n", {"order": "oldest-first"}, (1, 0)),
        ("symbol,quantity,entry_time,entry_price,exit_time,exit_price\nA,1,2026-01-02,10,2026-01-03,11\n",
         {"side": "long"}, (1, 0)),
        ("symbol,side,quantity,entry_time,entry_price,exit_time,exit_price,fees,PnL\n"
         "ESH6,long,1,2026-01-27,6842,2026-01-30,6899,4.2,2845.8\n", {"pnl": "ignore"}, (1, 0)),
        ("symbol,side,quantity,entry_time,entry_price,exit_time,exit_price,fees\n"
         'A,long,"1,250",2026-01-27,10,2026-01-30,11,0\n', {"decimal": "."}, (1, 0)),
    ],
    ids=["opening", "short", "split", "dates", "order", "side", "pnl", "decimal"],
)  # fmt: skip
def test_what_decides_a_sign_or_an_order_is_asked_and_settled_by_an_option(text, option, settled):
    _, asked = made_of(text)
    assert asked.problems
    _, made = made_of(text, **option)
    assert (made.problems, figures(made)[0]) == ([], settled)


def test_newest_first_is_found_out_and_turned_round():
    text = FILLS + (
        "2026-01-14,A,SELL,10,90,1\n2026-01-14,A,BUY,10,100,1\n"
        "2026-01-12,A,SELL,10,95,1\n2026-01-12,A,BUY,10,100,1\n"
    )
    _, made = made_of(text)
    assert (made.problems, figures(made)) == ([], ((2, 0), -154, 4))


def test_the_side_is_proved_by_the_pnl_of_each_row():
    head = "symbol,quantity,entry_time,entry_price,exit_time,exit_price,profit_loss\n"
    _, made = made_of(
        head + "A,1,2026-01-02,10,2026-01-03,11,-1\nA,1,2026-01-04,10,2026-01-05,9,1\n"
    )
    assert figures(made) == ((0, 2), 0, 0)


def test_an_unknown_file_is_refused_with_a_draft_that_becomes_a_mapping(tmp_path):
    with pytest.raises(InputError) as refused:
        made_of("When,What,How many,At\n2026-01-02,A,1,10\n")
    assert 'rows = "fills"' in str(refused.value)
    assert "'how many'" in str(refused.value)


def test_fills_in_steps_of_a_second_are_one_order_and_two_are_two():
    rows = [f"2026-01-02T10:00:0{n},A,buy,10,{100 + n},0.1\n" for n in range(5)]
    _, made = made_of(FILLS + "".join(rows) + "2026-01-03T10:00:00,A,sell,50,110,0.5\n")
    assert figures(made) == ((1, 0), pytest.approx(399), pytest.approx(1.0))
    two = FILLS + rows[0] + rows[1] + "2026-01-03T10:00:00,A,sell,20,110,0.5\n"
    assert len(made_of(two)[1].trades) == 2
