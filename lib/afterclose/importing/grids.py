"""A file's bytes as grids of text: the common form of all readers.

A grid is a sheet, a table of a database or of a page, or a whole CSV: numbered lines of cells,
not yet with a heading, because statements begin with an address and a sum. Which line is the
heading is decided where the columns are known (`afterclose.importing.recognise`).
"""

from typing import NamedTuple


class Line(NamedTuple):
    """One line: its number in the file (from 1), and its cells as they are written."""

    number: int
    cells: tuple[str, ...]


class Grid(NamedTuple):
    """``name`` is that of the sheet or table, empty where there is one only.

    ``where`` is what a line is called for people: line, row, entry.
    """

    name: str
    lines: list[Line]
    where: str = "line"

    def place(self, number: int) -> str:
        """A line's place for people."""
        return f"{self.where} {number}" + (f" of {self.name}" if self.name else "")
