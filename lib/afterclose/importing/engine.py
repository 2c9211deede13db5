"""A file to pieces of trades: reader, mapping, executions or round trips."""

from collections.abc import Sequence
from contextlib import suppress

from msgspec.structs import replace

from afterclose.errors import InputError
from afterclose.importing import freqtrade, ib_flex
from afterclose.importing.draft import draft_of
from afterclose.importing.feature_columns import Features
from afterclose.importing.fill_order import in_order
from afterclose.importing.fills import Fills
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
    for number, document in enumerate(documents):
        if not document.data.strip():
            problems.append(InputError("the file is empty; export it again"))
            continue
        try:
            parsed = parse_document(document, wanted, own, options)
            return _alone(parsed, document, documents[number + 1 :], own, options)
        except InputError as error:
            if len(documents) == 1:
                raise
            problems.append(InputError(f"{document.name}: {error}"))
    raise problems[0] if problems else InputError("there is no file in it")


def _alone(
    parsed: Parsed,
    document: Document,
    others: Sequence[Document],
    own: Mapping | None,
    options: Options,
) -> Parsed:
    """It, refused where others of the packed files hold trades of the same kind."""
    more = []
    for other in others:
        with suppress(InputError):
            if other.data.strip() and parse_document(other, parsed.name, own, options).trips:
                more.append(other.name)
    if not more:
        return parsed
    words = (
        f"{len(more) + 1} files in it hold trades ({', '.join([document.name, *more])}), and one "
        "at a time is read: unpack it and import each"
    )
    return replace(parsed, problems=[words, *parsed.problems])


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
        tables = [table for grid in grids if (table := table_of(grid, [mapping])) is not None]
        if tables:
            names = [table.grid.name for table in tables if table.lines]
            parsed = parse_table(tables[0], options)
            problems = [_several(names), *parsed.problems] if len(names) > 1 else parsed.problems
            return replace(parsed, notes=[*notes, *parsed.notes], problems=problems)
    raise InputError(draft_of(grids, own))


def _several(names: Sequence[str]) -> str:
    return (
        f"{len(names)} tables in it hold trades ({', '.join(names)}), and one at a time is read: "
        f"save each as a file of its own, or name one in a mapping (MAP=, table = {names[0]!r})"
    )


def parse_table(table: Table, options: Options) -> Parsed:
    """All trades of a table."""
    mapping = table.mapping
    if mapping.rows == "pairs":
        table = paired(table)
    rows = Rows(table, options)
    paid = [place for place, _ in rows.fees.columns]
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
    notes = list(read.notes)
    if read.side_from and read.trips:
        notes.append(read.side_from.format(read.trips[0].side))
    # who numbers the trades of a plain table says which are one
    merge = mapping.merge and not (mapping.name == "csv" and rows.has("own_id"))
    money = "symbol" if options.pnl == "multiplier" else mapping.money.multiplier
    return Parsed(
        name=mapping.name, title=mapping.title, source=mapping.source, trips=read.trips,
        unused=read.unused, notes=notes, merge=merge, money=money, fees_in_pnl=mapping.money.fees,
    )  # fmt: skip


def _fills(rows: Rows, features: Features, options: Options) -> Parsed:
    mapping = rows.mapping
    read = Fills(rows, features, options)
    rows.forget()
    spot = mapping.spot and options.opening != "flat"  # who says so has sold short there (margin)
    fills, problems = in_order(read.executions, options, spot)
    read.executions = []
    trips, unused, said, stated = matched(
        fills, options, spot=spot, flat=mapping.opening == "flat", shorts=read.opens_short
    )
    return Parsed(
        name=mapping.name, title=mapping.title, source=mapping.source, trips=trips,
        unused=[*read.unused, *unused], notes=read.notes, problems=[*problems, *said],
        stated=stated, in_new_shares=True,
    )  # fmt: skip


def _notes(rows: Rows, options: Options) -> list[str]:
    notes = []
    dates = rows.dates
    if dates.naive or not dates.read_count:
        notes.append(f"Times without an offset are taken as {dates.zone.key} (TIMEZONE=).")
    if not rows.has("symbol"):
        which = "as you say" if options.symbol_given else "the file's name"
        notes.append(f"The file names no symbol: {options.symbol!r} is taken, {which} (SYMBOL=).")
    if rows.fees.left_out:
        notes.append(
            f"Fees left out: {rows.fees.left_out:g} in a currency that is not the trade's, or "
            "that the file does not state."
        )
    if rows.fees.rows:
        paid = sum(fee for fees in rows.fees.rows.values() for fee, _ in fees)
        notes.append(f"Fees of orders whose fills are not in the file: {paid:g}, left out.")
    if others := rows.fees.unused():
        notes.append(
            f"Columns that may be costs, not counted: {', '.join(others)} (a mapping names those "
            "that are: MAP=, [fees])."
        )
    if not rows.fees.columns and rows.mapping.fee_rows is None:
        notes.append("There is no column for fees: they are taken as 0.")
    fees = rows.mapping.fees.columns
    lacking = [field for field in rows.mapping.columns if not rows.has(field) and field != "symbol"]
    lacking += [each for each in fees if len(fees) < 4 and find(rows.columns, [each]) is None]
    if lacking:
        notes.append(f"Not in this file: {', '.join(lacking)}.")
    return notes
