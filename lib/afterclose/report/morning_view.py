"""What a trader wants to know in the morning: what the filter did, and how that went."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from afterclose.report.conclusion import Tone
from afterclose.report.recent_verdicts import RecentVerdict, session_of
from afterclose.wording.numbers import DASH, amount, counted, day, number, percent, prose, signed
from afterclose.wording.printable import printable

MOST_ROWS: Final = 40

ALARMS: Final = {
    "drift": "Have the features moved?",
    "calibration": "Do scores still mean what they say?",
    "harm": "Do blocked entries do better than kept ones?",
    "challenger": "Does the newest candidate do better?",
}
"""The alarms of `ml_monitor.json` (docs/design.md, section 19), and what each asks."""


class VerdictRow(NamedTuple):
    """One entry of the last days; ``went`` says what came of it, ``key`` sorts by session."""

    session: str
    key: str
    symbol: str
    side: str
    said: str
    blocked: bool
    score: str
    money: str
    went: str
    tone: Tone | None


class AlarmRow(NamedTuple):
    """One question that the monitor asks every night."""

    asks: str
    sounds: bool
    words: str


class MorningView(NamedTuple):
    """The last session and the last days in sentences, each entry, and the monitor."""

    session: str
    yesterday: str
    week: str
    rows: list[VerdictRow]
    left_out: int
    alarms: list[AlarmRow]


def morning_view(
    recent: Sequence[RecentVerdict], monitor: Mapping[str, Any] | None, last_session: str = ""
) -> MorningView:
    """``recent`` are the entries of the last days, the newest first.

    ``monitor`` are the plain values of `ml_monitor.json`, None where there is none, and
    ``last_session`` is the one that the last cycle worked on.
    """
    session = max([last_session, *(session_of(one.verdict) for one in recent)])
    of_session = [one for one in recent if session_of(one.verdict) == session]
    return MorningView(
        session=day(session) if session else "",
        yesterday=_sentence(of_session),
        week=_sentence(recent),
        rows=[_row(one) for one in recent[:MOST_ROWS]],
        left_out=max(0, len(recent) - MOST_ROWS),
        alarms=list(_alarms(monitor)),
    )


def _sentence(recent: Sequence[RecentVerdict]) -> str:
    if not recent:
        return "The filter was asked about no entry."
    blocked = [one for one in recent if not one.verdict.allowed]
    smaller = [one for one in recent if one.verdict.allowed and one.verdict.size_multiplier < 1]
    said = f"{counted(len(recent), 'entry', 'entries')}: {len(blocked)} blocked"
    if smaller:
        said += f", {len(smaller)} made smaller"
    parts = [f"{said}."]
    known = [one.result.money for one in blocked if one.result and one.result.money is not None]
    if known:
        parts.append(f"The blocked ones went on to make {signed(sum(known))}{_of(known, blocked)}.")
    elif blocked:
        parts.append("What the blocked ones went on to make is not known yet.")
    kept = [one for one in recent if one.verdict.allowed]
    made = [one.result.money for one in kept if one.result and one.result.money is not None]
    if made:
        parts.append(f"Those let through made {signed(sum(made))}{_of(made, kept)}.")
    return " ".join(parts)


def _of(known: Sequence[float], entries: Sequence[RecentVerdict]) -> str:
    return "" if len(known) == len(entries) else f", {len(known)} of {len(entries)} being closed"


def _row(one: RecentVerdict) -> VerdictRow:
    verdict, result = one.verdict, one.result
    money = result.money if result else None
    return VerdictRow(
        session=day(session_of(verdict)),
        key=verdict.at,
        symbol=printable(verdict.symbol or DASH),
        side=printable(verdict.side or ""),
        said=_said(one),
        blocked=not verdict.allowed,
        score=DASH
        if verdict.risk_score is None
        else f"{number(verdict.risk_score)}, blocked above {number(verdict.threshold)}{_mode(one)}",
        money=DASH if money is None else signed(money),
        went=_went(one),
        tone=None if not money or amount(money) == "0" else "good" if money > 0 else "bad",
    )


def _mode(one: RecentVerdict) -> str:
    """How the threshold was found, where the log says it."""
    return f" ({one.verdict.threshold_mode})" if one.verdict.threshold_mode else ""


def _said(one: RecentVerdict) -> str:
    verdict = one.verdict
    if not verdict.allowed:
        return "blocked"
    if verdict.size_multiplier < 1:
        return f"let through at {percent(verdict.size_multiplier, 0)}"
    if verdict.reason == "low_risk":
        return "let through"
    return f"left to the rules: {verdict.reason.replace('_', ' ')}"


def _went(one: RecentVerdict) -> str:
    if one.result is None:
        return "not known yet"
    how = "followed on paper" if one.result.followed else "traded"
    if one.result.pnl_pct is None:
        return f"{how}, still open"
    return f"{how}, {percent(one.result.pnl_pct, 2, signed=True)}"


def _alarms(monitor: Mapping[str, Any] | None) -> Iterator[AlarmRow]:
    for kind, asks in ALARMS.items():
        found = (monitor or {}).get(kind)
        if isinstance(found, Mapping) and isinstance(found.get("words"), str):
            yield AlarmRow(asks, bool(found.get("alarm")), prose(printable(found["words"])))
