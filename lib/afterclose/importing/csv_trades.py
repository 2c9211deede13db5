"""Plain CSV: one trade a row, columns named like the fields of a ledger record.

Of the columns whose names are no field those with numbers become features. ``mae_pct`` and
``mfe_pct`` are believed only if the whole column can be what its name promises, fractions of
the ledger's sign: one value of 3.2 makes all of them percent of some kind, and unknown.
"""

from collections.abc import Callable, Mapping, Sequence

from afterclose.errors import InputError
from afterclose.importing.feature_columns import feature_columns, feature_value
from afterclose.importing.identity import with_digests
from afterclose.importing.parsed import Asked, Found, NotUsable, Parsed
from afterclose.importing.table import Row, read_table
from afterclose.importing.values import Moments, is_blank, number, optional_number, price, text_of
from afterclose.records import Trade

NAME = "csv"

ALIASES = {"entry_quantity": "quantity", "confidence": "rule_confidence"}
FIELDS = frozenset(Trade.__struct_fields__) - {"rule_features"} | ALIASES.keys()
REQUIRED = ("symbol", "entry_timestamp", "entry_price", "quantity")

SOURCES = ("paper", "live", "backtest")
"""What a record may say of where it comes from; shadow trades are this filter's own."""

BOUNDS: dict[str, Callable[[float], bool]] = {
    "mae_pct": lambda value: -1 <= value <= 0,
    "mfe_pct": lambda value: value >= 0,
}


def recognises(columns: Sequence[str]) -> bool:
    """Whether a table with these columns is of this format."""
    return {"entry_timestamp", "entry_price"} <= set(_fields(columns).values())


def parse(text: str, asked: Asked) -> Parsed:
    """All trades of a text. Raises InputError for one that is no table of trades."""
    table = read_table(text)
    fields = _fields(table.columns)
    _check(fields)
    features = feature_columns([c for c in table.columns if c not in fields], table.rows)
    unknown = {
        field: _out_of_bounds(column, field, table.rows)
        for column, field in fields.items()
        if field in BOUNDS
    }
    columns = {field: name for name, field in fields.items() if not unknown.get(field)}
    found: list[Found] = []
    unused = list(table.unused)
    moments = Moments(asked.timezone)
    for row in table.rows:
        cells = {field: row.cells[name] for field, name in columns.items()}
        try:
            values = {name: feature_value(row.cells[name]) for name in features.names}
            found.append(Found(_trade(cells, values, moments), row.place))
        except NotUsable as problem:
            unused.append(problem.at(row.place))
    found, repeated = with_digests(found, NAME)
    notes = [note for note in unknown.values() if note] + features.notes
    return Parsed(found=found, unused=unused + repeated, notes=notes)


def _fields(columns: Sequence[str]) -> dict[str, str]:
    """Column name to ledger field, for those that are one."""
    plain = {name: name.lower() for name in columns}
    return {name: ALIASES.get(low, low) for name, low in plain.items() if low in FIELDS}


def _check(fields: Mapping[str, str]) -> None:
    named = list(fields.values())
    if missing := [name for name in REQUIRED if name not in named]:
        raise InputError(
            f"line 1: no column {', '.join(missing)}; rename the columns that hold this to the "
            "names of ledger fields"
        )
    if twice := [name for name in dict.fromkeys(named) if named.count(name) > 1]:
        raise InputError(f"line 1: two columns hold {twice[0]}; rename one of them")


def _trade(
    cells: Mapping[str, str], features: dict[str, float | bool | None], moments: Moments
) -> Trade:
    def text(name: str) -> str | None:
        return None if is_blank(cells.get(name)) else text_of(name, cells[name])

    def moment(name: str) -> str | None:
        return None if is_blank(cells.get(name)) else moments.read(name, cells[name])[1]

    own_id, exited = text("trade_id"), moment("exit_timestamp")
    return Trade(
        trade_id=f"{NAME}-{own_id}" if own_id else "",
        symbol=text_of("symbol", cells["symbol"]),
        side=_side(cells.get("side", "")),
        entry_timestamp=moments.read("entry_timestamp", cells["entry_timestamp"])[1],
        exit_timestamp=exited,
        decision_timestamp=moment("decision_timestamp"),
        entry_price=price("entry_price", cells["entry_price"]),
        exit_price=price("exit_price", cells.get("exit_price")) if exited else None,
        quantity=price("quantity", cells["quantity"]),
        fees=optional_number("fees", cells.get("fees")) or 0.0,
        rule_confidence=optional_number("rule_confidence", cells.get("rule_confidence")),
        rule_features=features,
        mae_pct=optional_number("mae_pct", cells.get("mae_pct")),
        mfe_pct=optional_number("mfe_pct", cells.get("mfe_pct")),
        exit_type=text("exit_type"),
        exit_reason=text("exit_reason"),
        source=_source(cells.get("source", "")),
    )


def _side(cell: str) -> str:
    side = {"buy": "long", "sell": "short", "": "long"}.get(cell.strip().lower())
    side = side or cell.strip().lower()
    if side not in ("long", "short"):
        raise NotUsable("unknown side", f"side is {cell.strip()[:20]!r}; write long or short")
    return side


def _source(cell: str) -> str:
    source = cell.strip().lower() or SOURCES[0]
    if source not in SOURCES:
        what = f"source is {cell.strip()[:20]!r}; write {', '.join(SOURCES)}, or leave it empty"
        raise NotUsable("unknown source", what)
    return source


def _out_of_bounds(column: str, field: str, rows: Sequence[Row]) -> str | None:
    """A sentence of why the column cannot be fractions of the right sign; None if it can."""
    for row in rows:
        cell = row.cells[column]
        try:
            if is_blank(cell) or BOUNDS[field](number(field, cell)):
                continue
        except NotUsable:
            pass
        return (
            f"Column {column!r} is unknown for all trades: {row.place} has {cell.strip()[:20]!r}, "
            "and it must be fractions with mae_pct from -1 to 0 and mfe_pct from 0."
        )
    return None
