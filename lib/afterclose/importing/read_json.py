"""JSON as grids: each list of objects is a table, objects inside an object are named by a dot."""

import json
from collections.abc import Iterator
from typing import Any

from afterclose.errors import UNREADABLE, InputError
from afterclose.importing.grids import Grid, Line

DEEPEST = 6
"""How far inside a file a list of trades is looked for."""


def json_value(text: str) -> Any:
    """The value of a JSON text, or the list of a text with one object a line.

    Raises InputError naming the place.
    """
    try:
        # parse_int: an integer of 5000 digits is infinite, not an error
        return json.loads(text, parse_int=_integer)
    except UNREADABLE as error:
        lines = text.strip().splitlines()
        try:
            if len(lines) > 1:
                return [json.loads(line, parse_int=_integer) for line in lines if line.strip()]
        except UNREADABLE:
            pass
        raise InputError(f"not JSON: {error}; export it again") from None


def json_grids(value: Any, name: str = "", depth: int = 0) -> Iterator[Grid]:
    """The lists of objects in a value, outermost first."""
    if depth > DEEPEST:
        return
    if isinstance(value, list):
        rows = [_flat(each) for each in value if isinstance(each, dict)]
        if rows:
            yield _grid(name, rows)
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from json_grids(inner, f"{name}.{key}" if name else str(key), depth + 1)


def _grid(name: str, rows: list[dict[str, str]]) -> Grid:
    columns = tuple(dict.fromkeys(key for row in rows for key in row))
    lines = [Line(0, columns)]
    lines += [
        Line(number, tuple([row.get(key, "") for key in columns]))
        for number, row in enumerate(rows, start=1)
    ]
    return Grid(name, lines, "entry")


def _flat(value: dict[str, Any], before: str = "", depth: int = 0) -> dict[str, str]:
    flat: dict[str, str] = {}
    for key, inner in value.items():
        name = f"{before}{key}"
        if isinstance(inner, dict) and depth < DEEPEST:
            flat |= _flat(inner, f"{name}.", depth + 1)
        else:
            flat[name] = _text(inner)
    return flat


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return repr(value) if isinstance(value, int | float) else json.dumps(value)


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) < 20 else float(digits)
