"""The demo's prices: there, clean, and adjusted."""

import pytest

from afterclose.errors import InputError
from afterclose.study import demo_prices as bars


@pytest.fixture(scope="module")
def frame():
    return bars.load_demo_bars().frame


def test_five_stocks_of_thirteen_years(frame):
    assert frame.groupby("symbol").size().to_dict() == {
        "AAPL": 3270,
        "FB": 196,
        "GOOG": 2148,
        "IBM": 3270,
        "MSFT": 3270,
    }
    assert f"{frame['date'].min():%Y-%m-%d} {frame['date'].max():%Y-%m-%d}" == (
        "2000-03-01 2013-03-01"
    )


def test_no_row_is_dirty():
    assert bars.load_demo_bars().dropped == {}


def test_a_split_is_no_loss(frame):
    # AAPL split 2 for 1 on 2005-02-28: 88.99 unadjusted before, 44.86 after
    days = frame[(frame["symbol"] == "AAPL")].set_index("date")
    before, after = days.loc["2005-02-25"], days.loc["2005-02-28"]
    assert after["close"] / before["close"] == pytest.approx(2 * 44.86 / 88.99, rel=1e-5)
    assert before["close"] == pytest.approx(5.718228, abs=1e-6)
    assert before["volume"] * before["close"] == pytest.approx(16_348_400 * 88.99)


def test_without_the_package_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setattr(bars, "PACKAGE", "bokeh_sampledata_is_not_here")
    with pytest.raises(InputError, match="pip install"):
        bars.load_demo_bars()
