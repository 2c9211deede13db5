"""A file to pieces of trades: reader, mapping, executions or round trips."""

from collections import Counter
from collections.abc import Sequence

from msgspec.structs import replace

from afterclose.errors import InputError
from afterclose.importing import freqtrade, ib_flex
from afterclose.importing.decisions import closing_money, pieces_of, with_orders
from afterclose.importing.draft import draft_of
from afterclose.importing.feature_columns import Features
from afterclose.importing.fifo import match_fifo
from afterclose.importing.fills import Fills, in_order
from afterclose.importing.grids import Grid
from afterclose.importing.mapping import Mapping, mappings
from afterclose.importing.parsed import Execution, Options, Parsed, Unused
from afterclose.importing.read_csv import decoded
from afterclose.importing.read_database import sqlite_tables
from afterclose.importing.read_json import json_grids, json_value
from afterclose.importing.reading import grids_of, kind_of, table_grids
from afterclose.importing.recognise import Table, table_of
from afterclose.importing.rows import Rows
from afterclose.importing.source_file import Document
from afterclose.importing.splits import split_fills
from afterclose.importing.trips import Trips, paired

AUTO = "auto"
UNKNOWN_ENTRY = "closes what the file does not open"


def formats() -> tuple[str, ...]:
    """What may be said with --format."""
    names = sorted(each.name for each in mappings())
    return (AUTO, freqtrade.NAME, ib_flex.NAME, *names)


def parse_documents(
    documents: Sequence[Document], wanted: str, own: Mapping | None, options: Options
) -> Parsed:
    """The first document that is of a known kind. Raises InputError with a draft mapping."""
    problems = []
    for document in documents:
        if not document.data.strip():
            problems.append(InputError("the file is empty; export it again"))
            continue
        try:
            return parse_document(document, wanted, own, options)
        except InputError as error:
            if len(documents) == 1:
                raise
            problems.append(InputError(f"{document.name}: {error}"))
    raise problems[0] if problems else InputError("there is no file in it")


def parse_document(
    document: Document, wanted: str, own: Mapping | None, options: Options
) -> Parsed:
    """One document. Raises InputError, without the file's name."""
    kind = kind_of(document)
    if own is None and wanted in (AUTO, ib_flex.NAME) and kind == "xml":
        return ib_flex.parse(document.data, options)
    if own is None and kind == "database":
        tables = sqlite_tables(document)
        if freqtrade.is_database(tables):
            return freqtrade.of_database(tables, options)
        return parse_grids(table_grids(tables), wanted, own, options, [])
    if own is None and kind == "json":
        text, _ = decoded(document.data)
        value = json_value(text)
        if wanted == freqtrade.NAME or freqtrade.is_backtest(value):
            return freqtrade.of_backtest(value, options)
        return parse_grids(list(json_grids(value)), wanted, own, options, [])
    if wanted == ib_flex.NAME:
        return ib_flex.parse(document.data, options)
    if wanted == freqtrade.NAME:
        raise InputError("it is neither freqtrade's JSON nor its database")
    grids, notes = grids_of(document, kind)
    return parse_grids(grids, wanted, own, options, notes)


def parse_grids(
    grids: Sequence[Grid], wanted: str, own: Mapping | None, options: Options, notes: list[str]
) -> Parsed:
    """The table of the grids that a mapping knows. Raises InputError with a draft mapping."""
    known = [own] if own else [each for each in mappings() if wanted in (AUTO, each.name)]
    for mapping in known:
        for grid in grids:
            table = table_of(grid, [mapping])
            if table is not None:
                parsed = parse_table(table, options)
                return replace(parsed, notes=[*notes, *parsed.notes])
    raise InputError(draft_of(grids, own))


def parse_table(table: Table, options: Options) -> Parsed:
    """All trades of a table."""
    mapping = table.mapping
    if mapping.rows == "pairs":
        table = paired(table)
    rows = Rows(table, options)
    features = Features(table, [*mapping.features, *options.features])
    parsed = (
        _fills(rows, features, options)
        if mapping.rows == "fills"
        else _trips(rows, features, options)
    )
    return replace(
        parsed,
        unused=[*rows.unused, *parsed.unused],
        notes=[*_notes(rows, options), *mapping.notes, *parsed.notes],
        problems=[*rows.problems, *parsed.problems],
        records=len(table.lines),
    )


def _trips(rows: Rows, features: Features, options: Options) -> Parsed:
    mapping = rows.mapping
    read = Trips(rows, features, options)
    notes = []
    if read.side_from and read.trips:
        notes.append(read.side_from.format(read.trips[0].side))
    if mapping.name == "csv" and rows.has("own_id"):
        merge = False  # who numbers trades says which are one
    else:
        merge = mapping.merge
    money = "symbol" if options.pnl == "multiplier" else mapping.money.multiplier
    return Parsed(
        name=mapping.name, title=mapping.title, source=mapping.source, trips=read.trips,
        unused=read.unused, notes=notes, merge=merge, money=money, fees_in_pnl=mapping.money.fees,
        fees_stated=bool(rows.fee_columns),
    )  # fmt: skip


def _fills(rows: Rows, features: Features, options: Options) -> Parsed:
    mapping = rows.mapping
    read = Fills(rows, features, options)
    fills, problems = in_order(read.executions, options, mapping.spot)
    notes = []
    if read.fees_left_out:
        notes.append(
            f"Fees left out: {read.fees_left_out:g} in a currency that is not the trade's, or "
            "that the file does not state."
        )
    trips, unused, said = matched(
        fills, options, spot=mapping.spot, flat=mapping.opening == "flat", shorts=read.opens_short
    )
    return Parsed(
        name=mapping.name, title=mapping.title, source=mapping.source, trips=trips,
        unused=[*read.unused, *unused], notes=notes, problems=[*problems, *said],
        fees_stated=bool(rows.fee_columns),
    )  # fmt: skip


def matched(  # type: ignore[no-untyped-def]
    fills: Sequence[Execution], options: Options, *, spot: bool, flat: bool, shorts=frozenset()
):
    """Trips of fills, what closes nothing that is known, and what must be settled about it."""
    fills = split_fills(fills, options.splits)
    ordered = with_orders(fills)
    skip = options.long_only or options.opening == "skip"
    found = match_fifo(ordered, long_only=spot or skip)
    problems = []
    unused = [
        Unused(lot.execution.place, UNKNOWN_ENTRY, closing_money(lot)) for lot in found.unmatched
    ]
    if not skip and options.opening != "flat" and (spot or found.unmatched):
        if any(not lot.execution.closes_only or spot for lot in found.unmatched):
            problems.append(_opening(found.unmatched[0].execution, len(found.unmatched)))
    elif not (skip or flat or options.opening == "flat"):
        first: dict[str, Execution] = {}
        for fill in ordered:
            first.setdefault(fill.symbol, fill)
        doubtful = [
            each for symbol, each in first.items() if each.quantity < 0 and symbol not in shorts
        ]
        oversold = _oversold(ordered, first, shorts)
        if doubtful or oversold:
            problems.append(_opening((doubtful or oversold)[0], len(doubtful or oversold)))
    return pieces_of(found), unused, problems


def _oversold(fills: Sequence[Execution], first: dict[str, Execution], shorts) -> list[Execution]:  # type: ignore[no-untyped-def]
    """Sales that turn a long position into a short one without saying so."""
    held: Counter[str] = Counter()
    found = []
    for fill in fills:
        before = held[fill.symbol]
        held[fill.symbol] += fill.quantity  # type: ignore[assignment]
        if before > 0 and held[fill.symbol] < 0 and fill.symbol not in shorts:
            found.append(fill)
    return found


def _opening(fill: Execution, count: int) -> str:
    others = f" (and {count - 1} more)" if count > 1 else ""
    return (
        f"{fill.place}{others}: {float(-fill.quantity):g} {fill.symbol} are sold and not held. "
        "Either the file begins inside a position (OPENING=skip or LONG_ONLY=1 leaves such sales "
        "out), or it is a short (OPENING=flat: nothing was held before the file begins), or there "
        f"was a split (SPLITS={fill.symbol}:YYYY-MM-DD:NEW_FOR_ONE)"
    )


def _notes(rows: Rows, options: Options) -> list[str]:
    notes = []
    dates = rows.dates
    if dates.naive or not dates.read_count:
        notes.append(f"Times without an offset are taken as {dates.zone.key} (TIMEZONE=).")
    if not rows.has("symbol"):
        which = "as you say" if options.symbol_given else "the file's name"
        notes.append(f"The file names no symbol: {options.symbol!r} is taken, {which} (SYMBOL=).")
    if not rows.fee_columns:
        notes.append("There is no column for fees: they are taken as 0.")
    optional = [
        field for field in rows.mapping.columns
        if not rows.has(field) and field not in ("symbol", "status", "clock", "multiplier")
    ]  # fmt: skip
    lacking = [each for each in rows.mapping.fees.columns if len(rows.mapping.fees.columns) < 4
               and plain_missing(rows, each)]  # fmt: skip
    if rows.mapping.recognise and (optional or lacking):
        notes.append(f"Not in this file: {', '.join([*optional, *lacking])}.")
    return notes


def plain_missing(rows: Rows, heading: str) -> bool:
    """Whether a heading of the mapping's fees is not among the columns."""
    from afterclose.importing.recognise import find

    return find(rows.columns, [heading]) is None
