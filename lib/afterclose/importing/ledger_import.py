"""Trades of another system's file into the scope's trade ledger.

The file is read and judged before the scope is locked. What is new or has changed is appended
in one durable write, so that a kill leaves whole records and at most one torn line, which the
next import ends and makes up for. A ledger outside the scope is somebody's original: it is
read, never appended to.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec
from msgspec.structs import replace

from afterclose.errors import InputError, RefusedError
from afterclose.importing.formats import AUTO, parse_file
from afterclose.importing.identity import last_of_each_id
from afterclose.importing.ledger_changes import Changes, changes, usable_only
from afterclose.importing.parsed import Asked, Found, Parsed
from afterclose.importing.source_file import read_source
from afterclose.ledger import TradeLedger
from afterclose.market.clock import market_timezone
from afterclose.nightly.work import Workplace
from afterclose.records import Outcome, Trade
from afterclose.settings import Settings
from afterclose.wording.importing import import_text


class Request(NamedTuple):
    """What to import: paths, a format of `formats.FORMATS`, and what the file does not say."""

    file: str
    format: str = AUTO
    timezone: str | None = None
    bars: str | None = None
    symbol: str | None = None
    strategy: str | None = None
    dry_run: bool = False

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> "Request":
        """The request in a job's options, others left aside."""
        return cls(**{name: options[name] for name in cls._fields})


class Ready(NamedTuple):
    """A file's trades as they would be written, and what is to be said of it."""

    format: str
    parsed: Parsed
    trades: list[Trade]
    without: Counter[str]
    bars_left_out: dict[str, int]


def import_file(settings: Settings, now: datetime, request: Request) -> Outcome:
    """Import one file.

    Raises InputError for a file that cannot be used, RefusedError for a ledger outside the
    scope, ScopeBusy, StorageError.
    """
    timezone = market_timezone(settings)
    ready = _ready(settings, now, request, _zone(request.timezone or timezone))
    path = ledger_of(settings)
    ledger = TradeLedger(path or settings.ledger_paths[0], timezone)
    if request.dry_run:
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
        return journalled(_outcome(request, ready, ledger, made))


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
    data = read_source(path)
    stem = path.name.partition(".")[0] or path.name
    asked = Asked(timezone=timezone, symbol=request.symbol or stem, strategy=request.strategy)
    try:
        name, parsed = parse_file(data, request.format, asked)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    found, replaced = last_of_each_id(parsed.found)
    found, refused = usable_only(found, timezone, now)
    parsed = replace(parsed, unused=[*parsed.unused, *replaced, *refused])
    return _with_bars(settings, request, name, parsed, found)


def _with_bars(
    settings: Settings, request: Request, name: str, parsed: Parsed, found: Sequence[Found]
) -> Ready:
    trades = [each.trade for each in found]
    if request.bars is None:
        return Ready(name, parsed, trades, Counter(), {})
    from afterclose.history.bars import on_sessions, read_ohlcv
    from afterclose.importing.bar_context import with_bars  # pandas

    bars = on_sessions(read_ohlcv(request.bars), settings)
    trades, without = with_bars(trades, bars.frame)
    return Ready(name, parsed, trades, without, bars.dropped)


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):  # ZoneInfoNotFoundError is a KeyError
        raise InputError(f"--timezone {name!r} is no zone such as Asia/Kolkata") from None
    return name


def _changes(ready: Ready, ledger: TradeLedger) -> Changes:
    return changes(ready.trades, {trade.trade_id: trade for trade in ledger})


def _outcome(request: Request, ready: Ready, ledger: TradeLedger, made: Changes) -> Outcome:
    count = len(made.to_append)
    details = _details(request, ready, ledger, made)
    verb = "would be written" if request.dry_run else "written"
    reason = f"{count} trades {verb}" if count else "the file holds no trade that is not there"
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
    return {
        "file": request.file,
        "format": ready.format,
        "ledger": str(ledger.path),
        "dry_run": request.dry_run,
        "usable": len(trades),
        "open": sum(trade.exit_timestamp is None for trade in trades),
        "added": len(made.added),
        "changed": len(made.changed),
        "changed_ids": [trade.trade_id for trade in made.changed],
        "unchanged": made.unchanged,
        "left_open": msgspec.to_builtins(ready.parsed.left_open),
        "unused": msgspec.to_builtins(ready.parsed.unused),
        "notes": list(ready.parsed.notes),
        "bars": request.bars,
        "bars_left_out": ready.bars_left_out,
        "with_features": with_features,
        "without_features": len(trades) - with_features,
        "no_features_because": {why: count for why, count in ready.without.items() if count},
        "with_mae": sum(trade.mae_pct is not None for trade in trades),
    }
