"""What stands on a scope's page: what is active, what waits, what happened, what is wrong."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import zip_longest
from typing import Any, Final, NamedTuple

from afterclose.learning.blocking import blocking_of
from afterclose.registry.evaluated import Change, EvaluationSummary, Gates, summary_of
from afterclose.registry.events import Event
from afterclose.report.conclusion import Tone, tone_of
from afterclose.report.glossary import scope_glossary
from afterclose.report.morning_view import MorningView, morning_view
from afterclose.report.status_view import OUTCOMES, Card, cards
from afterclose.wording.numbers import (
    DASH,
    FIXED,
    chance,
    count,
    counted,
    day,
    interval,
    minute,
    number,
    percent,
    prose,
    signed,
)
from afterclose.wording.printable import printable
from afterclose.wording.promote_line import PromoteLine

MAX_LISTED: Final = 20
"""Cycles, and changes of the active model; the newest first."""

CHANGES: Final = {
    "promoted": "Promoted",
    "rolled_back": "Rolled back to",
    "deactivated": "No model any more; it was",
    "repaired": "Registry repaired",
}
"""Events that can change the active model, and how the timeline begins their line."""


class Cell(NamedTuple):
    """A figure, and what to sort it by; empty for no value."""

    text: str
    key: str


class CandidateRow(NamedTuple):
    """One model in the table; figures are those of walking forward."""

    model_id: str
    link: str
    threshold: str
    state: str
    registered: Cell
    trades: Cell
    auc: Cell
    rules: Cell
    filtered: Cell
    difference: Cell
    interval: str
    tone: Tone | None
    chance: Cell
    kept: Cell
    gates: str


class RunRow(NamedTuple):
    """One cycle and how it ended."""

    session: str
    at: Cell
    outcome: str
    tone: Tone
    reason: str
    took: Cell


class ChangeRow(NamedTuple):
    """One change of the active model; ``lasted`` is for how long it held."""

    at: str
    what: str
    model_id: str
    link: str
    by: str
    reason: str
    lasted: str


class CompareChoice(NamedTuple):
    """Two models to begin with, the line that compares them, and the pages that are drawn.

    ``place`` is as for a `PromoteLine`; ``drawn`` are pairs of ids, ``A_B``.
    """

    first: str
    second: str
    command: str
    place: str
    drawn: list[str]


class ScopeView(NamedTuple):
    """Everything on the page but the chart, ready to be set."""

    scope: str
    updated: str
    active: str
    morning: MorningView
    alerts: list[str]
    cards: list[Card]
    newest: str | None
    newest_link: str
    newest_refused: bool
    newest_next: str
    promote: PromoteLine | None
    candidates: list[CandidateRow]
    changes: list[ChangeRow]
    runs: list[RunRow]
    dataset: str
    glossary: list[tuple[str, str]]
    compare: CompareChoice | None = None
    volume: str = "../../index.html"


def scope_view(
    status: Mapping[str, Any],
    models: Mapping[str, Mapping[str, Any]],
    events: Iterable[Event],
    runs: Sequence[Mapping[str, Any]],
    pages: Mapping[str, str],
    *,
    promote: PromoteLine | None,
    now: datetime,
    morning: MorningView | None = None,
    compare: CompareChoice | None = None,
    risk_threshold: float,
) -> ScopeView:
    """The page of a scope.

    ``status`` is the operator's (plain values), ``models`` are `list_models`, ``runs``
    those of the cycle, oldest first (plain values too), ``pages`` the models' pages as links.
    """
    active, dataset = status["active_model"], status["dataset"]
    newest = status["candidates"]["newest"]
    waiting = summary_of(models[newest]["evaluation"]) if newest in models else None
    gates = waiting.gates if waiting else Gates()
    refused = gates.passed is False
    if newest and active and newest < active["id"]:
        newest = None  # it was passed over
    return ScopeView(
        scope=status["scope"],
        updated=minute(status["updated_at"]),
        active=_active(active, now),
        morning=morning or morning_view((), None),
        alerts=[printable(alert) for alert in status["alerts"]],
        cards=cards(status, pages),
        newest=newest,
        newest_link=pages.get(newest or "", ""),
        newest_refused=refused,
        newest_next=prose(printable(gates.next.words)) if gates.next else "",
        promote=promote and promote.against(refused),
        candidates=[
            candidate_row(name, models[name], risk_threshold, pages.get(name, ""))
            for name in reversed(list(models))
        ],
        changes=_changes(events, pages, now),
        runs=[_run(run) for run in reversed(runs[-MAX_LISTED:])],
        dataset=f"{counted(dataset['rows'], 'trade')}, {dataset['version']}" if dataset else "",
        glossary=scope_glossary(),
        compare=compare,
    )


def _active(active: Mapping[str, Any] | None, now: datetime) -> str:
    """Which model trades, and since when, as a headline."""
    if active is None:
        return "No model is active: the rules trade alone"
    since = datetime.fromisoformat(active["since"])
    days = (now - since).days
    length = f", for {counted(days, 'day')}" if days > 0 else ""
    return f"{active['id']} is active since {day(active['since'])}{length}"


def candidate_row(
    model_id: str, record: Mapping[str, Any], risk_threshold: float, link: str = ""
) -> CandidateRow:
    """One model of `list_models`; ``link`` is its page, ``risk_threshold`` the setting."""
    evaluated = summary_of(record["evaluation"]) or EvaluationSummary()
    walked, change, form = evaluated.walk_forward, evaluated.walk_forward.net_pnl, _money
    if change is None:  # it was evaluated before money was counted
        change, form = walked.differences.get("expectancy", Change()), _expectancy
    tone = tone_of(change)
    return CandidateRow(
        model_id=model_id,
        link=link,
        threshold=blocking_of(record["metrics"], risk_threshold).column(),
        state=record["state"],
        registered=Cell(day(record["registered_at"]), record["registered_at"]),
        trades=_cell(record["metrics"].get("n_rows"), count),
        auc=_cell(walked.scores.auc, number),
        rules=_cell(walked.rules_only.expectancy, _expectancy),
        filtered=_cell(walked.rules_ml.expectancy, _expectancy),
        difference=_cell(change.value, form),
        interval=interval(form(change.low), form(change.high)) if tone else "",
        tone=tone,
        chance=_cell(walked.significance.p_value_deflated, chance),
        kept=_cell(walked.filter_effect.kept_share, _share),
        gates={True: "passed", False: "refused", None: ""}[evaluated.gates.passed],
    )


def _run(run: Mapping[str, Any]) -> RunRow:
    start, end = run["start"], run["end"] or {}
    outcome, tone = OUTCOMES[end.get("event", "STARTED")]
    return RunRow(
        session=start.get("session", DASH),
        at=Cell(minute(start["at"]), start["at"]),
        outcome=outcome,
        tone=tone,
        reason=printable(end.get("reason") or end.get("error", "")),
        took=_cell(end.get("duration_s"), _seconds),
    )


def _changes(events: Iterable[Event], pages: Mapping[str, str], now: datetime) -> list[ChangeRow]:
    """Changes of the active model, the newest first, each with how long it held."""
    changes = [event for event in events if event.event in CHANGES]
    rows = [
        ChangeRow(
            at=minute(event.at),
            what=CHANGES[event.event],
            model_id=event.model_id or "",
            link=pages.get(event.subject, ""),
            by=printable(event.by),
            reason=printable(event.reason),
            lasted=_lasted(event.at, following.at if following else None, now),
        )
        for event, following in zip_longest(changes, changes[1:])
    ]
    return rows[: -MAX_LISTED - 1 : -1]


def _lasted(start: datetime, end: datetime | None, now: datetime) -> str:
    days = round(((end or now) - start).total_seconds() / 86_400)
    length = counted(days, "day") if days else "less than a day"
    return f"active for {length}" + ("" if end else " so far")


def _cell(value: Any, form: Callable[[Any], str]) -> Cell:
    return Cell(form(value), "" if value is None else f"{value:.10g}")


def _expectancy(value: float | None) -> str:
    return percent(value, 2, signed=True)


def _money(value: float | None) -> str:
    return DASH if value is None else signed(value)


def _share(value: float | None) -> str:
    return percent(value, 0)


def _seconds(value: float | None) -> str:
    return DASH if value is None else f"{number(value, 1)}{FIXED}s"
