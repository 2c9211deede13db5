"""The four alarms of what is kept, each with the sentence that says what it rests on."""

from datetime import datetime
from statistics import median

from afterclose.monitoring.betting import Stake, standing
from afterclose.monitoring.calibration import calibration_path
from afterclose.monitoring.drift import drift_path
from afterclose.monitoring.monitor_file import Alarm, Calibration, Facts, State
from afterclose.monitoring.pairs import challenger_path, harm_path
from afterclose.monitoring.weeks import Settled
from afterclose.wording import monitoring as words


def facts_of(state: State, age_sessions: int | None) -> Facts:
    """What is simply counted."""
    days = list(state.days.values())
    total = sum(day.verdicts for day in days)
    latencies = [value for day in days for value in day.latencies_us]
    return Facts(
        verdicts=dict(sorted(state.verdicts.items())),
        sessions=len(days),
        block_share=sum(day.blocked for day in days) / total if total else None,
        abstain_share=sum(day.abstained for day in days) / total if total else None,
        latency_us=median(latencies) if latencies else None,
        model_age_sessions=age_sessions,
    )


def drift_of(state: State, now: datetime) -> Alarm:
    """Whether the features have moved."""
    weeks = [week for week in state.weeks if week.ends <= now]
    path, parts = drift_path(state.before, weeks)
    decisions = sum(week.decisions for week in weeks)
    most = sorted(zip(parts, state.feature_names, strict=False), reverse=True)
    moved = [name for part, name in most if part > 0][:3]
    stake = standing(path)
    text = words.drift(stake.log_stake, len(path), decisions, len(state.before), moved)
    return _alarm(state, stake, decisions, text)


def calibration_of(state: State, *, by_rank: bool) -> Calibration:
    """Whether scores still mean what they say; of those that are ranks there is nothing to ask."""
    weeks = [] if by_rank else settled_weeks(state)
    scored = sum(week.scored for week in weeks)
    waiting = [p.score for p in state.pending.values() if p.score is not None and p.units is None]
    estimate = sum(waiting) / len(waiting) if waiting and not by_rank else None
    stake = standing(calibration_path(weeks))
    text = words.calibration(
        stake.log_stake,
        scored,
        sum(week.expected_bad for week in weeks),
        sum(week.bad for week in weeks),
        by_rank=by_rank,
        waiting=len(waiting),
        estimate=estimate,
    )
    return Calibration(
        alarm=stake.alarm,
        log_stake=stake.log_stake,
        decisions=scored,
        since=state.since,
        words=text,
        estimated_bad_share=estimate,
    )


def harm_of(state: State) -> Alarm:
    """Whether blocked decisions do better than kept ones."""
    weeks = settled_weeks(state)
    kept, blocked = sum(week.kept for week in weeks), sum(week.blocked for week in weeks)
    stake = standing(harm_path(weeks))
    text = words.harm(
        stake.log_stake,
        kept,
        blocked,
        sum(week.kept_total for week in weeks) / kept if kept else 0.0,
        sum(week.blocked_total for week in weeks) / blocked if blocked else 0.0,
        without_outcome=sum(week.without_outcome for week in weeks),
    )
    return _alarm(state, stake, kept + blocked, text)


def challenger_of(state: State) -> Alarm:
    """Whether the newest candidate would have done better."""
    weeks = settled_weeks(state)
    compared = sum(week.compared for week in weeks)
    differing = sum(week.differing for week in weeks)
    stake = standing(challenger_path(weeks))
    gain = sum(week.gain for week in weeks)
    text = words.challenger(stake.log_stake, compared, differing, gain)
    return _alarm(state, stake, compared, text)


def settled_weeks(state: State) -> list[Settled]:
    """The weeks whose outcomes are known, oldest first."""
    return [week.settled for week in state.weeks if week.settled is not None]


def _alarm(state: State, stake: Stake, decisions: int, text: str) -> Alarm:
    if state.model_id is None:
        text = words.NO_MODEL
    return Alarm(
        alarm=stake.alarm,
        log_stake=stake.log_stake,
        decisions=decisions,
        since=state.since,
        words=text,
    )
