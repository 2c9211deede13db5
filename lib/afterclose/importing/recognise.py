"""Which mapping a grid is of, and where its heading is: a table whose columns have meanings."""

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple

from afterclose.importing.grids import Grid, Line
from afterclose.importing.mapping import Mapping

FIRST_LINES = 200
"""How far down a plain table's heading may stand."""

NEEDED = {
    "fills": ("time", "price", "quantity"),
    "trips": ("entry_time", "entry_price", "quantity"),
    "pairs": ("entry_time", "entry_price", "quantity"),
}


class Table(NamedTuple):
    """``columns`` are the names of the heading, made unique; ``fields`` says where a field is."""

    grid: Grid
    mapping: Mapping
    columns: tuple[str, ...]
    fields: dict[str, int]
    lines: list[Line]


def plain(heading: str) -> str:
    """A heading without the differences that mean nothing: case, spaces, underscores."""
    return " ".join(heading.replace("_", " ").lower().split())


def unique(cells: Sequence[str]) -> tuple[str, ...]:
    """Plain names; a second column of a name gets a 2 behind it, one without a name is `#n`."""
    seen: dict[str, int] = {}
    names = []
    for count, cell in enumerate(cells, start=1):
        name = plain(cell) or f"#{count}"
        seen[name] = seen.get(name, 0) + 1
        names.append(name if seen[name] == 1 else f"{name} {seen[name]}")
    return tuple(names)


def find(columns: Sequence[str], headings: Iterable[str]) -> int | None:
    """Where the first of the headings is that the columns have."""
    for heading in headings:
        wanted = plain(heading)
        for place, name in enumerate(columns):
            if name == wanted or ("*" in wanted and fnmatchcase(name, wanted)):
                return place
    return None


def table_of(grid: Grid, mappings: Iterable[Mapping]) -> Table | None:
    """The grid under the first mapping that knows its heading; None if none does."""
    heads = [
        (start, unique(line.cells))
        for start, line in enumerate(grid.lines)
        if start < FIRST_LINES or line.cells[0].strip() in ("Time", "Ticket", "Trades")
    ]
    for mapping in mappings:
        if not fnmatchcase(plain(grid.name), plain(mapping.table)):
            continue
        for start, columns in heads:
            if _is_heading(columns, mapping):
                return _table(grid, mapping, columns, start)
    return None


def _is_heading(columns: tuple[str, ...], mapping: Mapping) -> bool:
    if any(find(columns, [each]) is None for each in mapping.recognise):
        return False
    if any(find(columns, [each]) is not None for each in mapping.without):
        return False
    if mapping.text is not None:
        return find(columns, mapping.text.headings) is not None
    if mapping.rows == "pairs":
        return mapping.pair is not None and find(columns, [mapping.pair]) is not None
    return all(find(columns, mapping.headings(each)) is not None for each in NEEDED[mapping.rows])


def _table(grid: Grid, mapping: Mapping, columns: tuple[str, ...], start: int) -> Table:
    index: dict[str, int] = {}
    for field in mapping.columns:
        # one column has one meaning: a lone `time` is no date with a clock of the same name
        free = [name if at not in index.values() else "" for at, name in enumerate(columns)]
        place = find(free, mapping.headings(field))
        if place is not None:
            index[field] = place
    lines = []
    for line in grid.lines[start + 1 :]:
        # most lines differ in the first cell already: a million are read in seconds so
        repeats = (plain(line.cells[0]) or "#1") == columns[0]
        if repeats and unique(line.cells)[: len(columns)] == columns:
            continue
        if len(columns) > 5 and sum(map(bool, line.cells)) == 1 and line.cells[0]:
            break  # the title of the next section of a statement
        lines.append(line)
    return Table(grid, mapping, columns, index, lines)
