"""What stands on the page of a volume: every scope in one line, worst first."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from afterclose.report.conclusion import Tone
from afterclose.report.status_view import OUTCOMES
from afterclose.wording.numbers import DASH, count, counted, day, minute, typeset
from afterclose.wording.printable import printable
from afterclose.wording.registry import threshold_words

SILENT_DAYS: Final = 4
"""Without a word from a scope: longer than any week-end, shorter than anybody should wait."""

WRONG, SILENT, WAITING, WELL = 3, 2, 1, 0

TONES: Final[dict[int, Tone]] = {WRONG: "bad", SILENT: "bad", WAITING: "unsure", WELL: "good"}


class ScopeRow(NamedTuple):
    """One scope; ``more`` are its further alerts, ``severity`` and ``key`` are for sorting."""

    scope: str
    link: str
    severity: int
    tone: Tone
    health: str
    more: list[str]
    active: str
    since: str
    threshold: str
    cycle: str
    waiting: str
    trades: str
    updated: str
    key: str


class VolumeView(NamedTuple):
    """Everything on the page, ready to be set."""

    title: str
    updated: str
    summary: str
    rows: list[ScopeRow]


def volume_view(
    statuses: Mapping[str, Mapping[str, Any] | None], pages: Mapping[str, str], now: datetime
) -> VolumeView:
    """``statuses`` are those of `ml_status.json` by scope, None where it cannot be read.

    ``pages`` are the scopes' pages as links.
    """
    rows = [_row(scope, status, pages.get(scope, ""), now) for scope, status in statuses.items()]
    rows.sort(key=lambda row: (-row.severity, row.scope))
    wrong = sum(row.severity >= SILENT for row in rows)
    return VolumeView(
        title="All scopes",
        updated=minute(now),
        summary=f"{counted(len(rows), 'scope')}, {wrong or 'none'} of them in need of you.",
        rows=rows,
    )


def _row(scope: str, status: Mapping[str, Any] | None, link: str, now: datetime) -> ScopeRow:
    if status is None:
        unread = "ml_status.json cannot be read; `make status` says more"
        return ScopeRow(printable(scope), link, WRONG, "bad", unread, [], DASH, "", DASH, DASH,
                        DASH, DASH, DASH, "")  # fmt: skip
    severity, health = _health(status, now)
    active, cycle = status["active_model"], status["last_cycle"]
    outcome, _ = OUTCOMES[cycle["outcome"]] if cycle else ("none yet", "unsure")
    return ScopeRow(
        scope=printable(scope),
        link=link,
        severity=severity,
        tone=TONES[severity],
        health=health[0],
        more=health[1:],
        active=active["id"] if active else "none: the rules alone",
        since=f"since {day(active['since'])}" if active else "",
        threshold=typeset(threshold_words(status)),
        cycle=f"{cycle['session']}: {outcome}" if cycle else outcome,
        waiting=count(status["candidates"]["count"]),
        trades=count(status["dataset"]["rows"] if status["dataset"] else None),
        updated=minute(status["updated_at"]),
        key=str(status["updated_at"]),
    )


def _health(status: Mapping[str, Any], now: datetime) -> tuple[int, list[str]]:
    """How bad it is, and the sentences that say why."""
    alerts = [printable(alert) for alert in status["alerts"]]
    if alerts:
        return WRONG, alerts
    days = (now - datetime.fromisoformat(status["updated_at"])).days
    if days >= SILENT_DAYS:
        return SILENT, [f"nothing has happened there for {counted(days, 'day')}"]
    newest, active = status["candidates"]["newest"], status["active_model"]
    if newest and (not active or newest > active["id"]):
        return WAITING, [f"{newest} awaits a decision"]
    return WELL, ["well"]
