"""The newest verdicts of a scope and what came of them, read from the ends of its files.

A page is drawn every night and after every promotion; logs and ledgers grow for years. What a
week left stands at their ends, so only those are read.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple

from afterclose.disk.files import storage_errors
from afterclose.errors import InputError
from afterclose.history.blocked_entries import own_id
from afterclose.paper_trading_executor import SHADOW_PREFIX
from afterclose.records import Trade
from afterclose.scope_files import DECISIONS_FILE
from afterclose.settings import Settings
from afterclose.trades.excursions import realized_pnl_pct
from afterclose.trades.record import Unusable, decode_record
from afterclose.trading.decision_log import DecisionRecord, parse_decision

TAIL_BYTES: Final = 4 << 20
"""Of each file: some four thousand verdicts, or ten thousand trades."""

DAYS: Final = 7


class Result(NamedTuple):
    """What came of an entry: PnL as a fraction and in currency, both net of fees.

    None while it is open. ``followed`` says that nobody traded it: it was followed on paper.
    """

    pnl_pct: float | None
    money: float | None
    followed: bool


class RecentVerdict(NamedTuple):
    """One entry that the filter judged, with its newest verdict; ``result`` None if not known."""

    verdict: DecisionRecord
    result: Result | None


def recent_verdicts(settings: Settings, now: datetime, days: int = DAYS) -> list[RecentVerdict]:
    """The entries of the last ``days`` days, the newest first. Raises StorageError."""
    since = (now.date() - timedelta(days=days)).isoformat()
    entries: dict[tuple[str, ...], DecisionRecord] = {}
    for line in _tail(settings.root / DECISIONS_FILE):
        with suppress(InputError):
            found = parse_decision(line)
            if session_of(found) > since and _until(found, now):
                entries[_key(found)] = found
    if not entries:
        return []
    trades = _trades((*settings.ledger_paths, settings.shadow_ledger_path))
    newest = sorted(entries.values(), key=lambda one: (session_of(one), one.at), reverse=True)
    return [RecentVerdict(one, _result(one, trades)) for one in newest]


def session_of(verdict: DecisionRecord) -> str:
    """The trading day of a verdict (ISO 8601); the day of its moment where it has none."""
    return verdict.session or verdict.at[:10]


def _until(verdict: DecisionRecord, now: datetime) -> bool:
    """Whether it is not from a later time, as a page that is drawn with ``--now`` may find."""
    with suppress(ValueError):
        return date.fromisoformat(verdict.at[:10]) <= now.date()
    return False


def _key(verdict: DecisionRecord) -> tuple[str, ...]:
    if verdict.trade_id:
        return (verdict.trade_id,)
    about = (verdict.symbol, verdict.side, verdict.strategy)
    return (*(text or "" for text in about), session_of(verdict))


def _trades(paths: Iterable[Path]) -> dict[str, Trade]:
    trades = {}
    for path in paths:
        for line in _tail(path):
            with suppress(Unusable):
                if trade := decode_record(line)[0].trade():
                    trades[trade.trade_id] = trade
    return trades


def _result(verdict: DecisionRecord, trades: dict[str, Trade]) -> Result | None:
    trade = next((trades[name] for name in _ids(verdict) if name in trades), None)
    if trade is None:
        return None
    followed = trade.trade_id.startswith(SHADOW_PREFIX)
    if trade.exit_price is None:
        return Result(None, None, followed)
    pnl = realized_pnl_pct(
        trade.side, trade.entry_price, trade.exit_price, trade.quantity, trade.fees
    )
    return Result(pnl, pnl * trade.entry_price * trade.quantity, followed)


def _ids(verdict: DecisionRecord) -> Iterator[str]:
    if verdict.trade_id:
        yield verdict.trade_id
        yield SHADOW_PREFIX + verdict.trade_id
    elif verdict.symbol:
        with suppress(ValueError):
            yield SHADOW_PREFIX + own_id(verdict, datetime.fromisoformat(verdict.at))


def _tail(path: Path) -> list[bytes]:
    """The whole lines in the last `TAIL_BYTES` of a file; none where there is no file."""
    if not path.is_file():
        return []
    with storage_errors(path), path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - TAIL_BYTES))
        lines = file.read().split(b"\n")
    whole = lines if size <= TAIL_BYTES else lines[1:]
    return [line for line in whole if line.strip()]
