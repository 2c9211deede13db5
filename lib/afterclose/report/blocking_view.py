"""What blocking spared, what it cost, and what another threshold would have done."""

from collections.abc import Sequence
from typing import NamedTuple

from afterclose.evaluating.figures import Part
from afterclose.evaluating.track_record import BlockedTrade, TrackRecord
from afterclose.measures.classification import ThresholdRow
from afterclose.wording.numbers import counted, day, number, percent
from afterclose.wording.printable import printable


class BlockedRow(NamedTuple):
    """One trade that the filter would not have made."""

    symbol: str
    side: str
    trade_id: str
    decided: str
    score: str
    pnl: str


class Blocked(NamedTuple):
    """What blocking spared and what it cost, with the trades at either end.

    ``avoided_share`` is that of the losses avoided in them and the gains forgone together.
    """

    trades: str
    avoided: str
    forgone: str
    balance: str
    avoided_share: float
    worst: list[BlockedRow]
    best: list[BlockedRow]


class SweepRow(NamedTuple):
    """What one threshold would have kept."""

    threshold: str
    in_force: bool
    kept: str
    bad_share: str
    expectancy: str
    shortfall: str


def blocked(part: Part, record: TrackRecord) -> Blocked:
    """The blocked trades of one part and its `TrackRecord`."""
    effect = part.filter_effect
    avoided, forgone = -effect.pnl_avoided, effect.pnl_forgone
    return Blocked(
        trades=counted(effect.blocked, "trade"),
        avoided=percent(avoided),
        forgone=percent(forgone),
        balance=_balance(avoided - forgone),
        avoided_share=avoided / (avoided + forgone) if avoided + forgone else 0.5,
        worst=[_row(trade) for trade in record.worst if trade.pnl < 0],
        best=[_row(trade) for trade in record.best if trade.pnl > 0],
    )


def sweep(rows: Sequence[ThresholdRow], threshold: float) -> list[SweepRow]:
    """The thresholds that differ in what they keep, and the one in force."""
    kept_before = [0, *(row.kept for row in rows)]
    return [
        SweepRow(
            threshold=number(row.threshold),
            in_force=row.threshold == threshold,
            kept=percent(row.kept_share, 0),
            bad_share=percent(row.bad_share),
            expectancy=percent(row.expectancy, 2, signed=True),
            shortfall=percent(row.expected_shortfall_5),
        )
        for before, row in zip(kept_before, rows, strict=False)
        if row.kept != before or row.threshold == threshold
    ]


def sweep_hint(part: Part) -> str:
    """The threshold that would have kept most trades; empty when any would."""
    if part.threshold_keeping_80 is None:
        return ""
    return f"A threshold of {number(part.threshold_keeping_80)} would have kept 80 %."


def _balance(gained: float) -> str:
    if not gained:
        return "nothing won or lost by it"
    return f"{percent(abs(gained))} {'won' if gained > 0 else 'lost'} by blocking"


def _row(trade: BlockedTrade) -> BlockedRow:
    return BlockedRow(
        symbol=printable(trade.symbol),
        side=printable(trade.side),
        trade_id=printable(trade.trade_id),
        decided=day(trade.decided),
        score=number(trade.score),
        pnl=percent(trade.pnl, 2, signed=True),
    )
