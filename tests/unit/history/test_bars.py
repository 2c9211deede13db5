"""Reading price files: what is refused, what is left out and counted, what is kept."""

import gzip

import pytest

from afterclose.errors import InputError
from afterclose.history.bars import read_ohlcv

HEADER = "symbol,date,open,high,low,close,volume"


def write(folder, *rows, header=HEADER, good=0):
    """A CSV of ``rows`` after ``good`` flawless ones of symbol GOOD."""
    days = [f"GOOD,{2000 + i // 300}-{i % 12 + 1:02d}-{i // 12 % 25 + 1:02d}" for i in range(good)]
    path = folder / "bars.csv"
    path.write_text("\n".join([header, *(f"{day},10,12,9,11,500" for day in days), *rows]) + "\n")
    return path


def test_bars_are_sorted_by_symbol_and_date(tmp_path):
    path = write(
        tmp_path, "B,2024-01-02,1,1,1,1,1", "A,2024-01-03,1,1,1,1,1", "A,2024-01-02,1,1,1,1,1"
    )
    frame = read_ohlcv(path).frame
    days = frame["date"].dt.strftime("%Y-%m-%d")
    assert list(zip(frame["symbol"], days, strict=True)) == [
        ("A", "2024-01-02"),
        ("A", "2024-01-03"),
        ("B", "2024-01-02"),
    ]


def test_compressed_files_with_other_columns_in_another_order_are_read(tmp_path):
    path = tmp_path / "bars.csv.gz"
    text = "date,symbol,open,high,low,close,volume,Adj Close\n2024-01-02,A,1,2,0.5,1.5,10,0.1\n"
    path.write_bytes(gzip.compress(text.encode()))
    row = read_ohlcv(path).frame.iloc[0]
    assert (row["symbol"], row["close"], row["volume"]) == ("A", 1.5, 10.0)


def test_a_symbol_may_be_called_na_or_true(tmp_path):
    path = write(tmp_path, "NA,2024-01-02,1,1,1,1,1", "TRUE,2024-01-02,1,1,1,1,1")
    assert read_ohlcv(path).frame["symbol"].tolist() == ["NA", "TRUE"]


def test_blank_lines_are_no_rows_and_do_not_move_the_line_numbers(tmp_path):
    path = write(tmp_path, "", "A,2024-01-02,1,1,1,1,1", "", "A,2024-01-03,1,1,1,y,1")
    with pytest.raises(InputError, match="line 5, column close"):
        read_ohlcv(path)
    path.write_text(path.read_text().replace(",y,", ",1,") + "\n\n")
    assert len(read_ohlcv(path).frame) == 2


def test_a_time_behind_the_date_is_ignored(tmp_path):
    path = write(tmp_path, "A,2024-01-02 00:00:00-05:00,1,1,1,1,1")
    assert read_ohlcv(path).frame["date"].iloc[0].isoformat() == "2024-01-02T00:00:00"


def test_missing_columns_are_named(tmp_path):
    path = write(tmp_path, header="symbol,date,open,high,close")
    with pytest.raises(InputError, match="no column low, volume"):
        read_ohlcv(path)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("A,2024-01-02,1,x,1,1,1", "line 3, column high: 'x' is not a number"),
        ("A,02.01.2024,1,1,1,1,1", "line 3, column date: '02.01.2024' is not a date"),
        ("A,2024-01-02,1,1,1,0,1", "line 3, A 2024-01-02: price not above 0 .*close=0"),
        ("A,2024-01-02,1,1,2,1,1", "line 3, A 2024-01-02: high below low .*high=1, low=2"),
        ("A,2024-01-02,1,1,1,,1", "line 3, A 2024-01-02: missing value"),
        ("A,2024-01-02,1,inf,1,1,1", "line 3, A 2024-01-02: infinite value"),
        ("A,2024-01-02,1,1,1,1,-1", "line 3, A 2024-01-02: negative volume"),
        ("A,2024-01-02,1,1.2,1,1.3,1", "line 3, A 2024-01-02: open or close outside"),
    ],
)
def test_a_small_file_with_a_bad_row_is_refused_by_line_column_and_value(tmp_path, row, words):
    with pytest.raises(InputError, match=words):
        read_ohlcv(write(tmp_path, row, good=1))


def test_a_few_dirty_rows_are_left_out_and_counted(tmp_path):
    dirt = ("A,2024-01-02,,2,1,1,1", "A,2024-01-03,1,1,1,2,1", "A,2024-01-04,-1,-1,-1,-1,1")
    bars = read_ohlcv(write(tmp_path, *dirt, good=300))
    assert bars.dropped == {
        "missing value": 1,
        "open or close outside high and low": 1,
        "price not above 0": 1,
    }
    assert set(bars.frame["symbol"]) == {"GOOD"}


def test_rounding_of_adjusted_prices_is_no_dirt(tmp_path):
    bars = read_ohlcv(write(tmp_path, "A,2024-01-02,30.1000001,30.1,30.0,30.0,1"))
    assert (len(bars.frame), bars.dropped) == (1, {})


def test_a_row_given_twice_counts_once(tmp_path):
    bars = read_ohlcv(write(tmp_path, *["A,2024-01-02,1,1,1,1,1"] * 2))
    assert (len(bars.frame), bars.dropped) == (1, {"repeated row": 1})


def test_two_different_bars_of_a_day_are_refused(tmp_path):
    path = write(tmp_path, "A,2024-01-02,1,1,1,1,1", "A,2024-01-02,2,2,2,2,1")
    with pytest.raises(InputError, match="line 3: a second, different bar of A 2024-01-02"):
        read_ohlcv(path)


@pytest.mark.parametrize("content", [b"", b"\x1f\x8b broken", HEADER.encode()])
def test_a_file_without_bars_is_refused(tmp_path, content):
    path = tmp_path / ("bars.csv.gz" if content.startswith(b"\x1f") else "bars.csv")
    path.write_bytes(content)
    with pytest.raises(InputError, match="bars"):
        read_ohlcv(path)


def test_an_absent_file_is_refused(tmp_path):
    with pytest.raises(InputError, match="absent"):
        read_ohlcv(tmp_path / "absent.csv")
