"""A file to pieces of trades: reader, mapping, executions or round trips."""

from collections.abc import Sequence

from msgspec.structs import replace

from afterclose.errors import InputError
from afterclose.importing import freqtrade, ib_flex
from afterclose.importing.draft import draft_of
from afterclose.importing.feature_columns import Features
from afterclose.importing.fills import Fills, in_order
from afterclose.importing.grids import Grid
from afterclose.importing.mapping import Mapping, mappings
from afterclose.importing.matching import matched
from afterclose.importing.parsed import Options, Parsed
from afterclose.importing.read_csv import decoded
from afterclose.importing.read_database import sqlite_tables
from afterclose.importing.read_json import json_value
from afterclose.importing.reading import grids_of, kind_of
from afterclose.importing.recognise import Table, find, table_of
from afterclose.importing.rows import Rows
from afterclose.importing.source_file import Document
from afterclose.importing.trips import Trips, paired

AUTO = "auto"


def formats() -> list[str]:
    """The names that `--format` takes."""
    return sorted({AUTO, ib_flex.NAME, freqtrade.NAME, *(each.name for each in mappings())})


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
    if own is None and (wanted == ib_flex.NAME or (wanted == AUTO and kind == "xml")):
        return ib_flex.parse(document.data, options)
    if own is None and kind == "database":
        tables = sqlite_tables(document)
        if freqtrade.is_database(tables):
            return freqtrade.of_database(tables, options)
    elif own is None and (kind == "json" or wanted == freqtrade.NAME):
        value = json_value(decoded(document.data)[0])
        if wanted == freqtrade.NAME or freqtrade.is_backtest(value):
            return freqtrade.of_backtest(value, options)
    return _of_grids(document, kind, wanted, own, options)


def _of_grids(
    document: Document, kind: str, wanted: str, own: Mapping | None, options: Options
) -> Parsed:
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
    paid = [place for place, _ in rows.fee_columns]
    features = Features(table, [*mapping.features, *options.features], paid)
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
        records=rows.records,
    )


def _trips(rows: Rows, features: Features, options: Options) -> Parsed:
    mapping = rows.mapping
    read = Trips(rows, features, options)
    notes = []
    if read.side_from and read.trips:
        notes.append(read.side_from.format(read.trips[0].side))
    # who numbers the trades of a plain table says which are one
    merge = mapping.merge and not (mapping.name == "csv" and rows.has("own_id"))
    money = "symbol" if options.pnl == "multiplier" else mapping.money.multiplier
    return Parsed(
        name=mapping.name, title=mapping.title, source=mapping.source, trips=read.trips,
        unused=read.unused, notes=notes, merge=merge, money=money, fees_in_pnl=mapping.money.fees,
        fees_stated=bool(rows.fee_columns),
    )  # fmt: skip


def _fills(rows: Rows, features: Features, options: Options) -> Parsed:
    mapping = rows.mapping
    read = Fills(rows, features, options)
    rows.forget()
    fills, problems = in_order(read.executions, options, mapping.spot)
    read.executions = []
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
    fees = rows.mapping.fees.columns
    lacking = [field for field in rows.mapping.columns if not rows.has(field) and field != "symbol"]
    lacking += [each for each in fees if len(fees) < 4 and find(rows.columns, [each]) is None]
    if lacking:
        notes.append(f"Not in this file: {', '.join(lacking)}.")
    return notes
