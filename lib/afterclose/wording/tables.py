"""Sections and tables of plain text, as a terminal shows them."""

from collections.abc import Iterable, Iterator
from typing import Final

WIDTH_CHARACTERS: Final = 80


def section(title: str, lines: Iterable[str]) -> str:
    """What a job prints: a heading between two rules, and lines below it."""
    rule = "=" * WIDTH_CHARACTERS
    return "\n".join([rule, title, rule, *lines])


def table_lines(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> Iterator[str]:
    """A table whose first column is words and whose others are numbers."""
    widths = [max(len(row[column]) for row in [header, *rows]) for column in range(len(header))]
    yield _line(header, widths)
    yield "-+-".join("-" * width for width in widths)
    for row in rows:
        yield _line(row, widths)


def _line(cells: tuple[str, ...], widths: list[int]) -> str:
    first, *others = (
        cell.rjust(width) if column else cell.ljust(width)
        for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return " | ".join([first, *others]).rstrip()
