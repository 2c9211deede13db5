"""What came of decisions: closed and open trades of the ledgers, read from where it ended.

The ledgers and not the dataset: a live scope builds none. Of a ledger only what came after the
oldest trade that was open is read again.
"""

from collections.abc import Iterable
from math import inf
from pathlib import Path
from typing import Final, TypeGuard

import msgspec

from afterclose.dataset.labels import is_bad
from afterclose.ledger import TradeLedger, numbered_lines
from afterclose.monitoring.reading import Position, position_at
from afterclose.paper_trading_executor import SHADOW_PREFIX
from afterclose.settings import Settings
from afterclose.trades.excursions import realized_pnl_pct
from afterclose.trades.record import LedgerRecord, Unusable, decode_record

SMALLEST: Final = -1.5
LARGEST: Final = 2.0
"""Outcomes in units of risk are clipped here, as those that are learned (section 16)."""

ATR_PER_RISK: Final = 2.0

RISK_WITHOUT_ATR_PCT: Final = 0.04
"""What a trade risks where its features have no `atr_pct`: a fraction of its entry price."""

ANY_STRATEGY: Final = "*"
"""In a `day_key`, for a decision that does not name its strategy."""


class Outcome(msgspec.Struct, frozen=True):
    """A trade of a ledger; ``pnl_pct`` (a fraction, net of fees) is None while it is open."""

    trade_id: str
    symbol: str
    side: str
    strategy: str | None
    day: str
    pnl_pct: float | None
    mae_pct: float | None


def ledgers(settings: Settings) -> tuple[Path, ...]:
    """Where outcomes are: the trade ledgers, and what blocked entries would have done."""
    return (*settings.ledger_paths, settings.shadow_ledger_path)


def new_outcomes(
    path: Path, position: Position, excluded: frozenset[str]
) -> tuple[list[Outcome], Position]:
    """The trades from ``position`` on, and where the next night begins.

    Exits of ``excluded`` types say nothing of the rules; such a trade is left out, as from the
    dataset. Lines that are no trades are passed over: the dataset's rejects name them.
    """
    file = TradeLedger(path).open()
    if file is None:
        return [], Position()
    found, oldest_open, end = [], None, position.offset
    with file:
        for _, end_byte, line in numbered_lines(file, position.offset, int(position.offset > 0)):
            if not line.endswith(b"\n"):
                break  # still being written
            outcome = _outcome(line, excluded)
            if outcome and outcome.pnl_pct is None and oldest_open is None:
                oldest_open = end_byte - len(line)
            end = end_byte
            if outcome:
                found.append(outcome)
    return found, position_at(path, end if oldest_open is None else oldest_open)


def units_of(pnl_pct: float, atr_pct: float | None) -> float:
    """An outcome in units of what was risked, clipped to [-1.5, 2]."""
    risk_pct = ATR_PER_RISK * atr_pct if atr_pct and atr_pct > 0 else RISK_WITHOUT_ATR_PCT
    return min(max(pnl_pct / risk_pct, SMALLEST), LARGEST)


def was_bad(settings: Settings, outcome: Outcome, atr_pct: float | None) -> bool:
    """Whether a closed trade was bad (docs/design.md, section 5)."""
    return is_bad(
        outcome.pnl_pct or 0.0, outcome.mae_pct, settings.mae_threshold, atr_pct, settings.mae_unit
    )


def by_name(outcomes: Iterable[Outcome]) -> dict[str, Outcome]:
    """Outcomes by trade id, the last record of each; also by `day_key` where no id is known.

    Only an entry that was let in is looked up by its day, so what was followed is not among them.
    """
    named: dict[str, Outcome] = {}
    for outcome in outcomes:
        named[outcome.trade_id] = outcome
        if not outcome.trade_id.startswith(SHADOW_PREFIX):
            for strategy in (outcome.strategy or "", ANY_STRATEGY):
                named[day_key(outcome.symbol, outcome.side, strategy, outcome.day)] = outcome
    return named


def day_key(symbol: str, side: str | None, strategy: str, day: str) -> str:
    """What a decision without an id has in common with its trade; no id has a line break."""
    return f"{symbol}\n{side or 'long'}\n{strategy}\n{day}"


def _outcome(line: bytes, excluded: frozenset[str]) -> Outcome | None:
    try:
        record, _ = decode_record(line)
    except Unusable:
        return None
    moment = record.decision_timestamp or record.entry_timestamp
    if not (record.trade_id and record.symbol and moment):
        return None
    if (record.exit_type or "").upper() in excluded:
        return None
    pnl_pct = _pnl_pct(record)
    if record.exit_timestamp and pnl_pct is None:
        return None
    return Outcome(
        trade_id=record.trade_id,
        symbol=record.symbol,
        side=record.side or "long",
        strategy=record.strategy,
        day=moment[:10],
        pnl_pct=pnl_pct,
        mae_pct=record.mae_pct,
    )


def _pnl_pct(record: LedgerRecord) -> float | None:
    """None while the trade is open, or for prices and sizes that no trade has."""
    if not record.exit_timestamp:
        return None
    entry, left, size = record.entry_price, record.exit_price, record.size
    if not (_is_above_0(entry) and _is_above_0(left) and _is_above_0(size)):
        return None
    try:
        return realized_pnl_pct(record.side or "long", entry, left, size, record.fees or 0.0)
    except ValueError:
        return None


def _is_above_0(value: float | None) -> TypeGuard[float]:
    return value is not None and 0 < value < inf
