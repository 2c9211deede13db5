"""Delimited text of any dialect: encoding and delimiter are found out, no cell is interpreted.

The `csv` module reads it and not pandas: a cell stays the text that it was. What looks like a
delimiter inside another delimiter's cells loses by the number of cells that lines agree on.
"""

import csv
import io
from collections import Counter
from collections.abc import Iterator

from afterclose.errors import InputError
from afterclose.importing.grids import Grid, Line

DELIMITERS = (",", ";", "\t", "|")

MARKS = ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"\xef\xbb\xbf", "utf-8-sig"))
"""Encoding by the byte order mark that a file begins with."""

SAMPLE_CHARACTERS = 100_000
"""How much of a file is looked at to find its delimiter."""


def decoded(data: bytes) -> tuple[str, str | None]:
    """The text, and a sentence where its encoding had to be found out.

    Raises InputError for bytes that are no text.
    """
    for mark, encoding in MARKS:
        if data.startswith(mark):
            return _decode(data, encoding), None
    if b"\0" in data[:200]:
        return _decode(data, "utf-16-le" if data[1:2] == b"\0" else "utf-16-be"), None
    try:
        return data.decode("utf-8"), None
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        try:
            text = data.decode("cp1252")
        except UnicodeDecodeError:
            text = data.decode("latin-1")
        if any(ord(character) < 32 and character not in "\t\r\n\f" for character in text[:5000]):
            raise InputError(f"line {line}: neither a text nor a known kind of file") from None
        return text, f"Line {line} is not UTF-8: read as Windows-1252 (Western European)."


def csv_grid(text: str) -> Grid:
    """The lines of a text that are not blank. Raises InputError naming a broken line."""
    return Grid("", list(_lines(text, _delimiter(text))))


def _decode(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise InputError(f"byte {error.start}: not {encoding}; save the file as UTF-8") from None


def _delimiter(text: str) -> str:
    """The one that makes most lines of a sample equally and at best many cells wide."""
    sample = text[:SAMPLE_CHARACTERS]
    lines = sample.splitlines()[: -1 if len(text) > len(sample) else None]

    def agreement(delimiter: str) -> int:
        reader = csv.reader(lines, delimiter=delimiter)
        try:
            widths = Counter(len(cells) for cells in reader if len(cells) > 1)
        except csv.Error:
            return 0
        return max((width * count for width, count in widths.items()), default=0)

    return max(DELIMITERS, key=agreement)


def _lines(text: str, delimiter: str) -> Iterator[Line]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    begins = 1
    known: dict[str, str] = {}
    try:
        for cells in reader:
            if any(cell and not cell.isspace() for cell in cells):
                # equal texts are kept once: symbols and sides of a million fills are a few
                yield Line(begins, tuple([known.setdefault(cell, cell) for cell in cells]))
            begins = reader.line_num + 1
            if len(known) > 100_000:
                known.clear()
    except csv.Error as error:
        raise InputError(f"line {begins}: no row of a table: {error}; mend its quotes") from None
