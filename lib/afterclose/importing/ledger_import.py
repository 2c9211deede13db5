"""Trades of another system's file into the scope's trade ledger.

The file is read and judged before the scope is locked. What is new or has changed is appended
in one durable write, so that a kill leaves whole records and at most one torn line, which the
next import ends and makes up for. A ledger outside the scope is somebody's original: it is
read, never appended to.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace

from afterclose.errors import InputError, RefusedError
from afterclose.importing.engine import parse_documents
from afterclose.importing.freqtrade import is_database, of_database
from afterclose.importing.ledger_changes import Changes, ImportedTrade, changes, usable_only
from afterclose.importing.mapping import own_mapping
from afterclose.importing.parsed import Options, Parsed
from afterclose.importing.receipt import by_currency, left_out, totals
from afterclose.importing.request import Request
from afterclose.importing.source_file import read_source
from afterclose.importing.trades import Made, trades_of
from afterclose.ledger import TradeLedger
from afterclose.market.clock import market_timezone
from afterclose.nightly.work import Workplace
from afterclose.records import Outcome, Trade
from afterclose.scope_files import DECISIONS_FILE
from afterclose.settings import Settings
from afterclose.wording.importing import import_text

USAGE_ERROR = 2
"""Exit code of a file that cannot be told from itself; the receipt says what settles it."""


class Ready(NamedTuple):
    """A file's trades as they would be written, and what is to be said of it."""

    parsed: Parsed
    made: Made
    trades: list[Trade]
    without: Counter[str]
    bars_left_out: dict[str, int]
    currencies: dict[str, dict[str, float]]


def import_file(settings: Settings, now: datetime, request: Request) -> Outcome:
    """Import one file.

    The outcome's exit code is 2, and nothing is written, where what decides a sign or an order
    cannot be told from the file. Raises InputError for a file that cannot be used,
    RefusedError for a ledger outside the scope, ScopeBusy, StorageError.
    """
    timezone = market_timezone(settings)
    ready = _ready(settings, now, request, timezone)
    path = ledger_of(settings)
    ledger = TradeLedger(path or settings.ledger_paths[0], timezone)
    if ready.made.problems or request.dry_run:
        return _outcome(request, ready, ledger, _changes(ready, ledger))
    with Workplace.from_settings(settings).run("import_ledger", now) as journalled:
        if path is None:
            raise RefusedError(
                f"the ledger {settings.ledger_file} (ML_LEDGER_FILE) lies outside the scope "
                f"{settings.root}, and originals are never changed. Unset ML_LEDGER_FILE, or add "
                f"{settings.root / 'trade_ledger.jsonl'} to it; --dry-run shows what would come"
            )
        made = _changes(ready, ledger)
        ledger.add_trades(made.to_append)
        outcome = _outcome(request, ready, ledger, made)
        return journalled(_with_shadows(settings, now, request, outcome))


def _with_shadows(settings: Settings, now: datetime, request: Request, outcome: Outcome) -> Outcome:
    """Follow blocked entries through the import's bars too, where a filter has blocked any."""
    if request.bars is None or not (settings.root / DECISIONS_FILE).exists():
        return outcome
    from afterclose.history.shadow import follow_blocked  # pandas

    shadows = follow_blocked(settings, now, request.bars)
    return replace(
        outcome,
        status="done" if shadows.status == "done" else outcome.status,
        details=outcome.details | {"shadow": shadows.details},
        text="\n".join(filter(None, (outcome.text, shadows.text))),
    )


def ledger_of(settings: Settings) -> Path | None:
    """The ledger in the scope's own folder that is learned from; None when there is none."""
    root = settings.root.resolve()
    for path in settings.ledger_paths:
        if (
            path.resolve().parent == root
            and path.resolve() != settings.shadow_ledger_path.resolve()
        ):
            return path
    return None


def _ready(settings: Settings, now: datetime, request: Request, timezone: str) -> Ready:
    path = Path(request.file)
    stem = path.name.partition(".")[0] or path.name
    options = request.options(timezone, stem)
    try:
        parsed = _parsed(request, options)
    except InputError as error:
        named = f"{_shown(request.file)}: "
        raise InputError(named + str(error).removeprefix(named)) from None
    empty = not parsed.trips
    made = trades_of(parsed, options)
    found, refused = usable_only(made.trades, timezone, now)
    made = made._replace(trades=found, unused=[*made.unused, *refused])
    if not found and not made.problems and empty:
        made.problems.append("there is no usable trade in it; what was left out stands below")
    return _with_bars(settings, request, parsed, made, found)


def _parsed(request: Request, options: Options) -> Parsed:
    if "://" in request.file:
        from afterclose.importing.engine import parse_grids
        from afterclose.importing.read_database import url_tables
        from afterclose.importing.reading import table_grids

        tables = url_tables(request.file)
        if is_database(tables):
            return of_database(tables, options)
        own = own_mapping(request.map) if request.map else None
        return parse_grids(table_grids(tables), request.format, own, options, [])
    own = own_mapping(request.map) if request.map else None
    return parse_documents(read_source(Path(request.file)), request.format, own, options)


def _shown(file: str) -> str:
    """A path as it is, a database URL without its password."""
    scheme, mark, rest = file.partition("://")
    return f"{scheme}{mark}...@{rest.rpartition('@')[2]}" if mark and "@" in rest else file


def _with_bars(
    settings: Settings, request: Request, parsed: Parsed, made: Made, found: Sequence[ImportedTrade]
) -> Ready:
    trades = [each.trade for each in found]
    if request.bars is None:
        return Ready(parsed, made, trades, Counter(), {}, by_currency(found))
    from afterclose.features.chosen import bar_features  # NumPy
    from afterclose.history.bars import on_sessions, read_ohlcv
    from afterclose.importing.bar_context import with_bars  # pandas

    bars = on_sessions(read_ohlcv(request.bars), settings)
    names = bar_features(settings.bar_features)
    trades, without, notes = with_bars(trades, bars.frame, names)
    made = made._replace(notes=[*made.notes, *notes])
    return Ready(parsed, made, trades, without, bars.dropped, by_currency(found))


def _changes(ready: Ready, ledger: TradeLedger) -> Changes:
    known = {trade.trade_id: trade for trade in ledger}
    return changes(ready.trades, known, netted=ready.parsed.in_new_shares)


def _outcome(request: Request, ready: Ready, ledger: TradeLedger, made: Changes) -> Outcome:
    count = len(made.to_append)
    details = _details(request, ready, ledger, made)
    verb = "would be written" if request.dry_run else "written"
    reason = f"{count} trades {verb}" if count else "the file holds no trade that is not there"
    if problems := ready.made.problems:
        return Outcome(
            job="import_ledger", status="refused", reason=problems[0], details=details,
            text=import_text(details), exit_code=USAGE_ERROR,
        )  # fmt: skip
    return Outcome(
        job="import_ledger",
        status="done" if count else "unchanged",
        reason=reason,
        details=details,
        text=import_text(details),
    )


def _details(request: Request, ready: Ready, ledger: TradeLedger, made: Changes) -> dict[str, Any]:
    trades = made.records
    with_features = sum(bool(trade.rule_features) for trade in trades)
    return totals(trades, ready.currencies) | {
        "stated_pnl": None if ready.currencies else ready.made.stated_pnl,
        "stated_difference": None if ready.currencies else ready.made.stated_difference,
        "file": _shown(request.file),
        "format": ready.parsed.name,
        "title": ready.parsed.title,
        "records": ready.parsed.records,
        "ledger": str(ledger.path),
        "dry_run": request.dry_run,
        "usable": len(trades),
        "added": len(made.added),
        "changed": len(made.changed),
        "changed_ids": [trade.trade_id for trade in made.changed],
        "unchanged": made.unchanged,
        "conflicts": made.conflicts,
        "undone_ids": [trade.trade_id for trade in made.undone],
        "problems": ready.made.problems,
        "unused": msgspec.to_builtins(ready.made.unused),
        "left_out": left_out(ready.made.unused),
        "notes": list(ready.made.notes),
        "bars": request.bars,
        "bars_left_out": ready.bars_left_out,
        "with_features": with_features,
        "without_features": len(trades) - with_features,
        "no_features_because": {why: count for why, count in ready.without.items() if count},
        "with_mae": sum(trade.mae_pct is not None for trade in trades),
    }
