"""Why a verdict was what it was, from the files: its line, its model, and what came of it.

The model is read by the digest that the line names, and its score must be the logged one; a
model that was retrained or replaced since cannot explain another's verdict.
"""

import math
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec

from afterclose.clock import check_date
from afterclose.errors import AftercloseError, InputError
from afterclose.features.catalogue import CATALOGUE, FRACTION
from afterclose.history.blocked_entries import own_id
from afterclose.learning.artifacts import ModelStore
from afterclose.ledger import TradeLedger
from afterclose.paper_trading_executor import SHADOW_PREFIX
from afterclose.records import Outcome, Trade
from afterclose.scope_files import DECISIONS_FILE
from afterclose.settings import Settings
from afterclose.trades.excursions import realized_pnl_pct
from afterclose.trading.decision_log import (
    DecisionRecord,
    read_decisions,
    seen_features,
)
from afterclose.wording.why import why_text

MAX_SHOWN = 20
"""Verdicts in one answer, the newest."""


def why(
    settings: Settings,
    *,
    trade_id: str | None = None,
    symbol: str | None = None,
    day: str | None = None,
) -> Outcome:
    """The verdicts on one trade, or on a symbol of one session or day, the oldest first.

    Raises InputError when neither is named, and for a ``day`` that is none.
    """
    if not trade_id and not symbol:
        raise InputError("say which verdict: --trade ID, or --symbol SYMBOL with --date YYYY-MM-DD")
    check_date("--date", day)
    log = settings.root / DECISIONS_FILE
    lines = read_decisions(log) if log.exists() else iter(())
    wanted = (trade_id or "").removeprefix(SHADOW_PREFIX)
    found = [
        line
        for line in lines
        if (line.trade_id == wanted if wanted else line.symbol == symbol and _on(line, day))
    ]
    if not found:
        what = f"trade {wanted}" if wanted else f"{symbol}{f' on {day}' if day else ''}"
        reason = (
            f"no verdict on {what} is in {DECISIONS_FILE}; "
            "a bot names its trades with about=Subject"
        )
        return Outcome(job="why", status="nothing_due", reason=reason)
    store, outcomes = ModelStore(settings.model_dir), _Outcomes(settings)
    answers = [
        {
            "verdict": msgspec.to_builtins(line),
            "explanation": _explained(store, line),
            "outcome": outcomes.of(line),
        }
        for line in found[-MAX_SHOWN:]
    ]
    return Outcome(
        job="why",
        status="done",
        reason=f"{len(found)} verdicts",
        details={"found": len(found), "answers": answers},
        text="\n\n".join(map(why_text, answers)),
    )


def _on(line: DecisionRecord, day: str | None) -> bool:
    return day is None or line.session == day or line.at.startswith(day)


def _explained(store: ModelStore, line: DecisionRecord) -> dict[str, Any]:
    """The contributions as plain values; ``problem`` says why there are none."""
    if line.risk_score is None or line.features is None or line.model_id is None:
        return {"problem": f"the verdict rests on no score: {line.reason}"}
    try:
        digests = store.digests(line.model_id)
        if line.digest not in digests.values():
            return {"problem": f"the files of {line.model_id} are not those that scored"}
        scorer = store.load_scorer(line.model_id, digests, max_abs_z=math.inf)
        features = seen_features(line.features)
        explanation = scorer.explain(features, scorer.predict_risk(features))
    except (AftercloseError, OSError) as error:
        return {"problem": f"the model cannot be read any more: {error}"}
    if explanation.risk_score != line.risk_score:
        return {"problem": f"{line.model_id} gives {explanation.risk_score}, not the logged score"}
    parts: dict[str, Any] = msgspec.to_builtins(explanation)
    for part in parts["contributions"]:
        part["unit"] = _unit_of(part["feature"])
    return parts | {"reason": line.reason, "model_id": line.model_id}


def _unit_of(feature: str) -> str:
    """The unit of a feature's value; empty where only its rules know it."""
    known = CATALOGUE.get(feature)
    if known is not None:
        return known.unit
    return FRACTION if feature.endswith("_pct") else ""  # as everywhere here, `mae_pct` too


class _Outcomes:
    """Trades of the ledgers, by id."""

    def __init__(self, settings: Settings) -> None:
        self._trades: dict[str, Trade] = {}
        for path in (*settings.ledger_paths, settings.shadow_ledger_path):
            self._trades |= {trade.trade_id: trade for trade in TradeLedger(path)}

    def of(self, line: DecisionRecord) -> dict[str, Any] | None:
        """What came of the entry: its exit and PnL (a fraction, net of fees); None: not known."""
        trade = next((self._trades[name] for name in _ids(line) if name in self._trades), None)
        if trade is None:
            return None
        closed = trade.exit_price is not None and trade.exit_timestamp is not None
        pnl = (
            realized_pnl_pct(
                trade.side, trade.entry_price, trade.exit_price, trade.quantity, trade.fees
            )
            if closed and trade.exit_price is not None
            else None
        )
        return {
            "trade_id": trade.trade_id,
            "source": trade.source,
            "closed": closed,
            "exit_timestamp": str(trade.exit_timestamp) if closed else None,
            "exit_type": trade.exit_type,
            "pnl_pct": pnl,
            "mae_pct": trade.mae_pct,
        }


def _ids(line: DecisionRecord) -> Iterator[str]:
    """The ids that the entry has in a ledger, traded or followed."""
    if line.trade_id:
        yield line.trade_id
        yield SHADOW_PREFIX + line.trade_id
    elif line.symbol:
        try:
            decided = datetime.fromisoformat(line.at)
        except ValueError:
            return
        yield SHADOW_PREFIX + own_id(line, decided)
