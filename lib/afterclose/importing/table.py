"""Delimited text as rows with line numbers: comma, semicolon or tab, with or without a BOM.

The `csv` module reads it and not pandas: nothing is guessed here, and a cell stays the text
that it was, formulas of spreadsheets included.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from afterclose.errors import InputError
from afterclose.importing.parsed import Unused

DELIMITERS = (",", ";", "\t")


class Row(NamedTuple):
    """One row: ``cells`` by column name, and its place in the file."""

    cells: Mapping[str, str]
    place: str


class Table(NamedTuple):
    """Column names as they are written, rows that have a cell for each, and those that do not."""

    columns: tuple[str, ...]
    rows: list[Row]
    unused: list[Unused]


def columns_of(text: str) -> tuple[str, ...]:
    """The names in the first line that is not blank. Raises InputError."""
    return _names(next(_lines(text), (1, []))[1])


def read_table(text: str) -> Table:
    """Parse a whole text. Raises InputError naming the line for what is no table."""
    lines = _lines(text)
    columns = _names(next(lines, (1, []))[1])
    if not columns:
        raise InputError("line 1: no column names; the first line must hold them")
    if twice := sorted({name for name in columns if columns.count(name) > 1}):
        raise InputError(f"line 1: column {twice[0]!r} is there twice; rename one of them")
    rows: list[Row] = []
    unused: list[Unused] = []
    for line, cells in lines:
        if len(cells) == len(columns):
            rows.append(Row(dict(zip(columns, cells, strict=True)), f"line {line}"))
        else:
            what = f"it has {len(cells)} cells, the first line {len(columns)}"
            unused.append(Unused(f"line {line}", "wrong number of cells", what))
    return Table(columns, rows, unused)


def _lines(text: str) -> Iterator[tuple[int, Sequence[str]]]:
    """Rows that are not blank, with the line that each begins in."""
    first = text.lstrip("\r\n").partition("\n")[0]
    delimiter = max(DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    begins = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield begins, cells
            begins = reader.line_num + 1
    except csv.Error as error:
        raise InputError(f"line {begins}: no row of a table: {error}; mend its quotes") from None


def _names(cells: Sequence[str]) -> tuple[str, ...]:
    return tuple(cell.strip() for cell in cells)
