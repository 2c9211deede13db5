"""The draft of a mapping that a refusal prints: columns seen, guesses made, what is missing."""

from collections.abc import Sequence

from afterclose.importing.grids import Grid, Line
from afterclose.importing.mapping import Mapping, mappings
from afterclose.importing.recognise import find, unique

MOST_COLUMNS = 60
MOST_CHARACTERS = 60


def draft_of(grids: Sequence[Grid], own: Mapping | None) -> str:
    """Why a file is refused, and a mapping to complete."""
    grid, heading = _widest(grids)
    if heading is None:
        return "no table in it, nor anything else that is known; export it as CSV with headings"
    columns = unique(heading.cells)[:MOST_COLUMNS]
    shown = ", ".join(repr(each[:MOST_CHARACTERS]) for each in columns)
    if own is not None:
        return (
            f"{grid.place(heading.number)}: the mapping {own.name!r} does not fit its columns "
            f"({shown}): each of its needed fields must name one of them"
        )
    lines = [
        f"{grid.place(heading.number)}: no known format; its columns are {shown}.",
        "If they hold trades, complete this and give it as MAP=my.toml (--map my.toml):",
        "",
        'name = "my-broker"',
        'title = "My broker"',
    ]
    trips = any(find(columns, [word]) is not None for word in ("*exit*", "*close*"))
    generic = "csv" if trips else "fills"
    model = next(each for each in mappings() if each.name == generic)
    lines += [f'rows = "{model.rows}"', "", "[columns]"]
    for field in model.columns:
        place = find(columns, model.headings(field))
        needed = field in ("time", "price", "quantity", "entry_time", "entry_price", "side")
        if place is not None:
            lines.append(f'{field} = "{columns[place][:MOST_CHARACTERS]}"')
        elif needed:
            lines.append(f'# {field} = "?"   (missing)')
    fees = find(columns, ["*fee*", "*commission*"])
    if fees is not None:
        lines += ["", "[fees]", f'columns = ["{columns[fees][:MOST_CHARACTERS]}"]']
    return "\n".join(lines)


def _widest(grids: Sequence[Grid]) -> tuple[Grid, Line | None]:
    best: tuple[Grid, Line | None] = (Grid("", []), None)
    most = 0
    for grid in grids:
        for line in grid.lines[:200]:
            width = sum(map(bool, line.cells))
            if width > most:
                most, best = width, (grid, line)
    return best
