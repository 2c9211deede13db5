"""The registry in words: what `candidates`, `promote` and `status` print, from values alone.

Reasons and errors were typed by people or come from files, so they are printed as one line
of visible characters: a terminal obeys escape codes wherever they come from.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from afterclose.learning.blocking import Blocking, blocking_of
from afterclose.numerals import UNKNOWN, date, minute, number
from afterclose.registry.evaluated import EvaluationSummary, summary_of
from afterclose.wording.money import signed
from afterclose.wording.printable import printable
from afterclose.wording.tables import section

NO_MODEL: Final = "none (rules only)"

_COLUMNS: Final = "{:<18}{:<10}{:<11}{:<12}{:>7}{:>6}{:>15}"


def candidates_text(records: Mapping[str, Mapping[str, Any]], risk_threshold: float) -> str:
    """The models of `ModelRegistry.list_candidates`, the newest first.

    The money is that of walking forward: what the account earned with the filter, less what
    the rules did. ``risk_threshold`` is the setting, for models of threshold mode fixed.
    """
    head = _COLUMNS.format(
        "Model", "State", "Registered", "Threshold", "Gates", "AUC", "PnL less rules"
    )
    rows = [
        _candidate(model_id, record, risk_threshold)
        for model_id, record in reversed(list(records.items()))
    ]
    return section("CANDIDATES", [head, *rows] if rows else ["No model waits for a promotion."])


def promotion_text(
    model_id: str,
    previous: str | None,
    threshold: str,
    *,
    changed: bool,
    against: Sequence[str] = (),
) -> str:
    """What a promotion did; ``changed`` is False when the model was active already.

    ``threshold`` says where the model blocks, ``against`` what the gates say against it.
    """
    if not changed:
        same = [f"{model_id} is active already; nothing changed.", f"Threshold: {threshold}"]
        return section("MODEL PROMOTION", same)
    lines = [*against, "Promoted against the gates (ANYWAY=1)."] if against else []
    lines += [
        f"Active model: {model_id}",
        f"Threshold: {threshold}",
        f"Previous active: {previous or NO_MODEL}",
        "The trading process loads it when its next session begins.",
    ]
    return section("MODEL PROMOTION", lines)


def threshold_words(status: Mapping[str, Any]) -> str:
    """Where the active model of a status blocks; without one, how the next model's is found."""
    if not status.get("threshold"):
        return "not known"  # a status from before it was kept
    found = msgspec.convert(status["threshold"], Blocking).words()
    return found if status["active_model"] else f"{found} (of the next model)"


def status_text(status: Mapping[str, Any]) -> str:
    """The operator's page for ``status``, the plain values of `ml_status.json`."""
    return section(f"STATUS OF {status['scope']}", list(_status(status)))


def _status(status: Mapping[str, Any]) -> Iterator[str]:
    active, lock = status["active_model"], status["lock"]
    dataset, cycle = status["dataset"], status["last_cycle"]
    yield f"Active model: {active['id'] if active else NO_MODEL}"
    if active:
        why = f": {printable(active['reason'])}" if active["reason"] else ""
        who = printable(active["promoted_by"])
        yield f"  promoted {minute(active['since'])} UTC by {who}{why}"
    yield f"Threshold: {threshold_words(status)}"
    yield f"Previous active: {status['previous_active'] or 'none'}"
    if lock:
        pinned = lock["model_id"] or "the rules alone"
        yield f"Locked: session {lock['session']} on {pinned}, until {minute(lock['until'])} UTC"
    else:
        yield "Locked: no"
    waiting = status["candidates"]
    newest = f", the newest is {waiting['newest']}" if waiting["newest"] else ""
    yield f"Candidates: {waiting['count']}{newest}"
    yield f"Dataset: {_dataset(dataset) if dataset else 'none'}"
    yield f"Last cycle: {_cycle(cycle) if cycle else 'none yet'}"
    alerts = status["alerts"]
    yield f"Alerts: {len(alerts) or 'none'}"
    yield from (f"  - {printable(alert)}" for alert in alerts)


def _dataset(dataset: Mapping[str, Any]) -> str:
    trades = dataset["trades"]
    superseded, shared = trades.get("superseded", 0), trades.get("id_conflicts", 0)
    return (
        f"{dataset['version']}, {dataset['rows']} rows"
        + (f", {superseded} superseded records" if superseded else "")
        + (f", {shared} ids of more than one trade" if shared else "")
    )


def _cycle(cycle: Mapping[str, Any]) -> str:
    failed = f", {cycle['attempts']} failed so far" if cycle["attempts"] else ""
    why = f": {printable(cycle['reason'])}" if cycle["reason"] else ""
    return f"session {cycle['session']}, {cycle['outcome']}{failed}{why}"


def _candidate(model_id: str, record: Mapping[str, Any], risk_threshold: float) -> str:
    auc, evaluated = record["metrics"].get("test_auc"), summary_of(record["evaluation"])
    return _COLUMNS.format(
        model_id,
        record["state"],
        date(record["registered_at"]),
        blocking_of(record["metrics"], risk_threshold).column(),
        _gates(evaluated),
        number(auc if isinstance(auc, int | float) else None, 3),
        _money(evaluated),
    )


def _gates(evaluated: EvaluationSummary | None) -> str:
    passed = evaluated.gates.passed if evaluated else None
    return {True: "passed", False: "refuse", None: UNKNOWN}[passed]


def _money(evaluated: EvaluationSummary | None) -> str:
    if evaluated is None:
        return "not evaluated"
    change = evaluated.walk_forward.net_pnl
    return "not counted" if change is None or change.value is None else signed(change.value)
