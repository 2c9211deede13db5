"""Daily price bars from a CSV file: strict about the file, stated and counted about its dirt.

Real price files have a few wrong rows in many good ones (blank opens, a close above the
high). Refusing the whole file for them makes people repair prices by hand; believing them
makes breakouts that never were. So dirty rows are left out and counted by reason, as long
as they are few. More than a hundredth is no dirt but another format, and that is an error
naming the first line, like a missing column or a text where a price belongs.
"""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from afterclose.errors import InputError
from afterclose.market.overrides import read_overrides
from afterclose.settings import Settings

PRICES = ("open", "high", "low", "close")
NUMBERS = (*PRICES, "volume")
COLUMNS = ("symbol", "date", *NUMBERS)

BLANK = ("", "NA", "NaN", "nan")
"""What stands for a missing number."""

MAX_DIRTY_SHARE = 0.01
"""Above this share of dirty rows the file itself is refused."""

ROUNDING = 1e-6
"""Relative slack of high and low: adjusted prices are rounded one by one."""

FIRST_LINE = 2
"""Line of the first row; line 1 holds the column names."""


@dataclass(frozen=True)
class DailyBars:
    """Clean bars, and what was left out.

    ``frame`` has the columns of `COLUMNS`, one row per symbol and date, sorted by both:
    ``date`` is a naive midnight, prices are finite and above 0, ``volume`` is finite and at
    least 0. ``dropped`` is the number of rows left out by reason.
    """

    frame: pd.DataFrame
    dropped: dict[str, int]


def read_ohlcv(path: Path | str) -> DailyBars:
    """Read a CSV (or .csv.gz) with symbol, date, open, high, low, close, volume a row.

    Rows may come in any order, other columns are ignored. Raises InputError for a file that
    cannot be read as that, naming line, column and value.
    """
    path = Path(path)
    try:
        frame = pd.read_csv(
            path,
            usecols=lambda name: name in COLUMNS,
            keep_default_na=False,  # a symbol may be called NA or TRUE
            na_values={"symbol": [""], "date": [""]} | dict.fromkeys(NUMBERS, BLANK),
            skip_blank_lines=False,  # so that line numbers are the file's own
            dtype={"symbol": str, "date": str},
            low_memory=False,
            float_precision="round_trip",  # the nearest float, as every other reader gives
        )
    except OSError as error:
        raise InputError(f"{path}: daily bars cannot be read: {error.strerror or error}") from None
    except (EOFError, zlib.error, ValueError) as error:  # ValueError: pandas' own
        raise InputError(f"{path}: not a readable CSV file of daily bars: {error}") from None
    return clean_ohlcv(frame, path)


def clean_ohlcv(frame: pd.DataFrame, source: Path) -> DailyBars:
    """The clean bars of a raw ``frame`` whose row 0 is line 2 of ``source``.

    Raises InputError for missing columns, dates or numbers that are none, two different bars
    of one symbol and date, no bars at all, and more dirty rows than `MAX_DIRTY_SHARE`.
    """
    if missing := [name for name in COLUMNS if name not in frame.columns]:
        raise InputError(f"{source}: no column {', '.join(missing)}; needed: {', '.join(COLUMNS)}")
    frame = frame.loc[:, list(COLUMNS)].dropna(how="all")  # a blank line is no row
    frame["date"] = _dates(frame["date"], source)
    for name in NUMBERS:
        frame[name] = _numbers(frame[name], source)
    clean, dropped = _without_dirt(frame, source)
    unique = clean.drop_duplicates()
    dropped["repeated row"] = len(clean) - len(unique)
    _refuse_two_bars_a_day(unique, source)
    if unique.empty:
        raise InputError(f"{source}: holds no bars")
    bars = unique.sort_values(["symbol", "date"], ignore_index=True)
    return DailyBars(bars, {reason: rows for reason, rows in dropped.items() if rows})


def _dates(column: pd.Series, source: Path) -> pd.Series:
    """Sessions as naive midnights; a time of day and an offset behind the date are ignored."""
    days = column.astype(str).str.strip().str.slice(0, 10)
    dates = pd.to_datetime(days, format="%Y-%m-%d", errors="coerce")
    _refuse_first(dates.isna(), column, source, "is not a date such as 2024-05-31")
    return dates


def _numbers(column: pd.Series, source: Path) -> pd.Series:
    """As float64, blank as NaN."""
    if pd.api.types.is_bool_dtype(column):
        column = column.astype(str)
    numbers = pd.to_numeric(column, errors="coerce").astype("float64")
    _refuse_first(numbers.isna() & column.notna(), column, source, "is not a number")
    return numbers


def _refuse_first(bad: pd.Series, column: pd.Series, source: Path, problem: str) -> None:
    if bad.any():
        value = column[bad].iloc[[0]]
        where = f"{source}: line {_line(value)}, column {column.name}"
        raise InputError(f"{where}: {value.iloc[0]!r} {problem}")


def _without_dirt(frame: pd.DataFrame, source: Path) -> tuple[pd.DataFrame, dict[str, int]]:
    """The rows that can be a day's trading; each other row counts under its first reason."""
    reasons = pd.Series("", index=frame.index)
    for reason, bad in _faults(frame).items():
        reasons = reasons.mask(bad & (reasons == ""), reason)
    dirty = reasons != ""
    if dirty.sum() > MAX_DIRTY_SHARE * len(frame):
        first = frame[dirty].iloc[[0]]
        values = ", ".join(f"{name}={first[name].iloc[0]:g}" for name in NUMBERS)
        raise InputError(
            f"{source}: {dirty.sum()} of {len(frame)} rows cannot be a day's trading (up to "
            f"{MAX_DIRTY_SHARE:.0%} are left out and counted); first in line {_line(first)}, "
            f"{_day(first)}: {reasons[dirty].iloc[0]} ({values})"
        )
    return frame[~dirty], {str(name): int(n) for name, n in reasons[dirty].value_counts().items()}


def _faults(frame: pd.DataFrame) -> Mapping[str, pd.Series]:
    prices = frame[list(PRICES)]
    floor = prices[["open", "close"]].min(axis=1) * (1 + ROUNDING)
    ceiling = prices[["open", "close"]].max(axis=1) * (1 - ROUNDING)
    numbers = frame[list(NUMBERS)]
    return {
        "missing value": frame.isna().any(axis=1),
        "infinite value": numbers.isin([np.inf, -np.inf]).any(axis=1),
        "price not above 0": (prices <= 0).any(axis=1),
        "negative volume": frame["volume"] < 0,
        "high below low": frame["high"] < frame["low"],
        "open or close outside high and low": (frame["low"] > floor) | (frame["high"] < ceiling),
    }


def _refuse_two_bars_a_day(frame: pd.DataFrame, source: Path) -> None:
    twice = frame.duplicated(["symbol", "date"])
    if twice.any():
        second = frame[twice].iloc[[0]]
        raise InputError(
            f"{source}: line {_line(second)}: a second, different bar of {_day(second)}; "
            "one bar a symbol and day is needed"
        )


def _line(row: pd.DataFrame | pd.Series) -> int:
    return int(row.index[0]) + FIRST_LINE


def _day(row: pd.DataFrame) -> str:
    return f"{row['symbol'].iloc[0]} {row['date'].iloc[0]:%Y-%m-%d}"


def on_sessions(bars: DailyBars, settings: Settings) -> DailyBars:
    """The bars with ``opens_at`` and ``closes_at``, the moments (UTC) of their sessions.

    Bars of days on which the market's calendar knows no session are left out and counted.
    Raises ConfigError for an unknown calendar, CannotTell when it knows none of the days,
    InputError when no bar is left.
    """
    from afterclose.market.calendar import build_sessions

    overrides = Path(settings.calendar_overrides) if settings.calendar_overrides else None
    days = bars.frame["date"]
    sessions = build_sessions(
        settings.calendar_name, days.min().date(), days.max().date(), read_overrides(overrides)
    )
    hours = pd.DataFrame(
        {
            "date": pd.to_datetime([session.date for session in sessions]),
            "opens_at": [session.open for session in sessions],
            "closes_at": [session.close for session in sessions],
        }
    )
    placed = bars.frame.merge(hours, on="date").sort_values(["symbol", "date"], ignore_index=True)
    if placed.empty:
        raise InputError(f"no bar lies on a session of {settings.calendar_name}")
    if lost := len(bars.frame) - len(placed):
        return DailyBars(placed, bars.dropped | {f"no session of {settings.calendar_name}": lost})
    return DailyBars(placed, bars.dropped)
