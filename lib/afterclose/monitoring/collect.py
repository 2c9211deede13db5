"""What is new since the last night, added to what is kept: verdicts, outcomes, settled weeks.

Read from the beginning or night by night, the same comes out, but for outcomes that arrive after
their week has settled, and for candidates whose files are gone by then (ML_KEEP_MODELS).
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta, tzinfo
from functools import cache
from typing import Final

from afterclose.monitoring.challenger import Candidates
from afterclose.monitoring.feature_sums import FeatureSums
from afterclose.monitoring.monitor_file import Day, Pending, State
from afterclose.monitoring.outcomes import (
    ANY_STRATEGY,
    Outcome,
    by_name,
    day_key,
    ledgers,
    new_outcomes,
    units_of,
    was_bad,
)
from afterclose.monitoring.reading import Position, position_at
from afterclose.monitoring.verdict_lines import SCORED, Verdict, VerdictLine, verdicts
from afterclose.monitoring.weeks import (
    OPEN_AFTER,
    UNKNOWN_AFTER,
    Moments,
    Settled,
    Week,
    monday_of,
)
from afterclose.records import Features
from afterclose.scope_files import DECISIONS_FILE
from afterclose.settings import Settings

KEPT_DAYS: Final = 20
"""Sessions of verdicts that the shares of the facts are of: about a month."""

KEPT_WEEKS_BEFORE: Final = 208
"""Weeks to compare with: four years have seen most seasons of a market."""

LATENCIES_A_DAY: Final = 50


class Collector:
    """Adds to ``state`` what the scope's files have that it has not."""

    def __init__(
        self, settings: Settings, state: State, candidates: Candidates, zone: tzinfo
    ) -> None:
        self._settings, self._state = settings, state
        self._candidates, self._zone = candidates, zone
        self._weeks = {week.monday: week for week in (*state.before, *state.weeks)}
        self._sums = FeatureSums(state.feature_names)
        self._early: set[str] = set()

    def read_log(self) -> None:
        """Count each new line, and keep the entries that the active model decided."""
        state, path = self._state, self._settings.root / DECISIONS_FILE
        end = state.log.offset
        for verdict in verdicts(path, state.log, self._zone):
            self._count(verdict)
            if state.since is not None:
                self._keep(verdict)
            end = verdict.end
        state.log = position_at(path, end)
        for day in sorted(state.days)[:-KEPT_DAYS]:
            del state.days[day]
        self._order_weeks()

    def read_ledgers(self) -> None:
        """Join the decisions that wait with the trades that are new."""
        excluded = self._settings.excluded_exit_types
        found: list[Outcome] = []
        for path in ledgers(self._settings):
            position = self._state.ledgers.get(str(path), Position())
            outcomes, now = new_outcomes(path, position, excluded)
            self._state.ledgers[str(path)] = now
            found += outcomes
        named = by_name(found)
        for pending in self._state.pending.values():
            place = _place_of(pending, named)
            if place is not None:
                del pending.ids[place + 1 :]  # a later night must not join a lesser name
                self._join(pending, named[pending.ids[place]])

    def settle(self, now: datetime) -> None:
        """Add up the outcomes of each week that is complete, strictly one after the other."""
        waiting: dict[date, list[Pending]] = {}
        for pending in self._state.pending.values():
            waiting.setdefault(date.fromisoformat(pending.monday), []).append(pending)
        for week in self._state.weeks:
            if week.settled is not None:
                continue
            decided = waiting.get(week.monday, [])
            if not _is_complete(week, decided, now):
                break
            week.settled = _sum_of(decided)
        settled = {week.monday.isoformat() for week in self._state.weeks if week.settled}
        self._state.pending = {
            key: pending
            for key, pending in self._state.pending.items()
            if pending.monday not in settled
        }

    def add_before(self, decided: Iterable[tuple[datetime, Features]]) -> None:
        """Decisions from before the log, by moment: what drift is measured against."""
        for moment, features in decided:
            self._sums.add(self._week(monday_of(moment)).monday, features)
        self._order_weeks()

    def _count(self, verdict: Verdict) -> None:
        line, state = verdict.line, self._state
        state.verdicts[line.reason] = state.verdicts.get(line.reason, 0) + 1
        day = state.days.setdefault(verdict.day, Day())
        day.verdicts += 1
        day.blocked += not line.allowed
        day.abstained += line.reason not in SCORED
        if line.latency_us is not None and len(day.latencies_us) < LATENCIES_A_DAY:
            day.latencies_us.append(line.latency_us)

    def _keep(self, verdict: Verdict) -> None:
        line, state, monday = verdict.line, self._state, monday_of(verdict.at)
        key = f"{monday.toordinal()}\n{verdict.key}"
        if known := state.pending.get(key):
            _asked_again(known, line)
            return
        if key in self._early:
            return
        week = self._week(monday)
        self._sums.add(monday, line.features or {})
        if state.since is None or verdict.at < state.since:
            self._early.add(key)
        elif week.settled is None:
            state.pending[key] = self._pending(verdict, week)

    def _pending(self, verdict: Verdict, week: Week) -> Pending:
        line = verdict.line
        atr_pct = (line.features or {}).get("atr_pct")
        pending = Pending(
            monday=week.monday.isoformat(),
            ids=verdict.ids(),
            kept=line.allowed,
            size=line.size_multiplier,
            atr_pct=atr_pct if isinstance(atr_pct, float) else None,
        )
        if line.allowed:
            pending.ids += _ids_of_day(line)
        if line.reason in SCORED and line.model_id == self._state.model_id:
            pending.score = line.risk_score
            pending.candidate_size = self._candidates.size(verdict)
        return pending

    def _join(self, pending: Pending, outcome: Outcome) -> None:
        pending.is_open = outcome.pnl_pct is None
        if outcome.pnl_pct is not None:
            pending.units = units_of(outcome.pnl_pct, pending.atr_pct)
            pending.bad = was_bad(self._settings, outcome, pending.atr_pct)

    def _week(self, monday: date) -> Week:
        if monday not in self._weeks:
            features = [Moments() for _ in self._state.feature_names]
            self._weeks[monday] = Week(monday=monday, features=features)
        return self._weeks[monday]

    def _order_weeks(self) -> None:
        self._sums.flush(self._weeks)
        if self._state.since is None:
            return
        first = monday_of(self._state.since)
        weeks = sorted(self._weeks.values(), key=lambda week: week.monday)
        self._state.before = [week for week in weeks if week.monday < first][-KEPT_WEEKS_BEFORE:]
        self._state.weeks = [week for week in weeks if week.monday >= first]


def _place_of(pending: Pending, named: Mapping[str, Outcome]) -> int | None:
    """The first of its names that a trade has; not one of an earlier week's decision."""
    for place, name in enumerate(pending.ids):
        if (outcome := named.get(name)) and outcome.day >= _eve_of(pending.monday):
            return place
    return None


@cache
def _eve_of(monday: str) -> str:
    """The day before, which is where that week begins in some zone."""
    return str(date.fromisoformat(monday) - timedelta(days=1))


def _asked_again(known: Pending, line: VerdictLine) -> None:
    """An entry that is let in after all was not blocked; a stale filter's answer is none."""
    if line.reason == "session_over":
        return
    if line.allowed and not known.kept:
        known.ids += _ids_of_day(line)
    known.kept = known.kept or line.allowed
    known.size = max(known.size, line.size_multiplier)


def _ids_of_day(line: VerdictLine) -> list[str]:
    """What finds the trade of an entry that its bot gave no id and that was let in."""
    if line.trade_id or not line.symbol:
        return []
    strategies = (line.strategy, "") if line.strategy else (ANY_STRATEGY,)
    return [day_key(line.symbol, line.side, name, line.at[:10]) for name in strategies]


def _is_complete(week: Week, decided: list[Pending], now: datetime) -> bool:
    """Whether nothing more is to be expected of a week's decisions."""
    age: timedelta = now - week.ends
    if age < timedelta(0):
        return False
    missing = [pending for pending in decided if pending.units is None]
    if any(pending.is_open for pending in missing):
        return age > OPEN_AFTER
    return not missing or age > UNKNOWN_AFTER


def _sum_of(decided: list[Pending]) -> Settled:
    """The sums of a week's outcomes, in the order of its decisions."""
    week = Settled()
    for pending in decided:
        if pending.units is None or pending.score is None:
            week.without_outcome += pending.score is not None
            continue
        if pending.kept:
            week.kept += 1
            week.kept_total += pending.units
        else:
            week.blocked += 1
            week.blocked_total += pending.units
        week.scored += 1
        week.expected_bad += pending.score
        week.bad += pending.bad
        if pending.candidate_size is not None:
            week.compared += 1
            if pending.candidate_size != pending.size:
                week.differing += 1
                week.gain += (pending.candidate_size - pending.size) * pending.units
    return week
