"""What the monitor found, in sentences: what each alarm rests on, and what the job prints."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

from afterclose.numerals import number, percent
from afterclose.wording.numbers import counted
from afterclose.wording.tables import section

NO_MODEL: Final = "no model is active, so there is nothing to watch"
NOTHING_SETTLED: Final = "no week's outcomes are known yet"

TITLES: Final = {
    "drift": "Drift of the features",
    "calibration": "Calibration in use",
    "harm": "Harm: blocked against kept",
    "challenger": "Newest candidate",
}


def stake(log_stake: float) -> str:
    """A stake as what 1 has become, in two digits."""
    times = math.exp(min(log_stake, 50.0))
    return f"{times:,.0f}" if times >= 10 else f"{times:.2g}"  # noqa: PLR2004 - two digits


def drift(log_stake: float, weeks: int, decisions: int, before: int, moved: Sequence[str]) -> str:
    """``weeks``: blocks of them, with ``decisions``; ``before``: weeks before the model."""
    if not weeks:
        return "no week with enough decisions has passed since the model became active"
    basis = (
        f"{counted(weeks, 'block')} of weeks with "
        f"{counted(decisions, 'decision')}, ranked among "
        f"{counted(before, 'week')} before the model"
    )
    most = f", most of all {', '.join(moved)}" if moved else ""
    return f"{basis}: a stake of 1 on moved features has become {stake(log_stake)}{most}"


def calibration(
    log_stake: float,
    scored: int,
    expected_bad: float,
    bad: int,
    *,
    by_rank: bool,
    waiting: int,
    estimate: float | None,
) -> str:
    """``expected_bad`` of ``scored`` decisions were to be bad, and ``bad`` of them were."""
    if by_rank:
        return "the model's scores are ranks and no probabilities, so none can be wrong by itself"
    outlook = (
        f"; of {counted(waiting, 'decision')} still open {whole_percent(estimate)} will be bad, "
        "an estimate from their scores"
        if estimate is not None
        else ""
    )
    if not scored:
        return NOTHING_SETTLED + outlook
    return (
        f"scores said {whole_percent(expected_bad / scored)} bad, and "
        f"{whole_percent(bad / scored)} of {counted(scored, 'decision')} were: "
        f"a stake of 1 on a difference has become {stake(log_stake)}{outlook}"
    )


def harm(
    log_stake: float,
    kept: int,
    blocked: int,
    kept_mean: float,
    blocked_mean: float,
    *,
    without_outcome: int,
) -> str:
    """Means are in units of risk."""
    unknown = (
        f"; {counted(without_outcome, 'decision')} never got an outcome (ML_BARS_FILE follows "
        "blocked ones)"
        if without_outcome
        else ""
    )
    if not kept or not blocked:
        return f"there are not both blocked and kept decisions with an outcome yet{unknown}"
    return (
        f"{blocked:,} blocked decisions made {number(blocked_mean, signed=True)} units of risk "
        f"each and {kept:,} kept ones {number(kept_mean, signed=True)}: a stake of 1 on blocked "
        f"ones doing better has become "
        f"{stake(log_stake)}{unknown}"
    )


def challenger(log_stake: float, compared: int, differing: int, gain: float) -> str:
    """``gain`` in units of risk, over the decisions that differ."""
    if not compared:
        return "no decision with an outcome was scored by a newer candidate yet"
    return (
        f"of {counted(compared, 'decision')} the newest candidate would have sized {differing:,} "
        f"otherwise, and made {number(gain, signed=True)} units of risk with them: a stake of 1 "
        f"on its doing better has become {stake(log_stake)}"
    )


def whole_percent(share: float | None) -> str:
    """`31 %`."""
    return percent(share, 0)


def monitor_text(found: Mapping[str, Any]) -> str:
    """The section that `make monitor` prints, of the plain values of `ml_monitor.json`."""
    facts = found["facts"]
    total = sum(facts["verdicts"].values())
    lines = [f"Verdicts in the log: {total:,}"]
    lines += [f"  {reason}: {number:,}" for reason, number in facts["verdicts"].items()]
    if facts["sessions"]:
        lines.append(
            f"Of the last {counted(facts['sessions'], 'session')}: "
            f"{whole_percent(facts['block_share'])} blocked, "
            f"{whole_percent(facts['abstain_share'])} without a score"
        )
    if facts["latency_us"] is not None:
        lines.append(f"Time to answer, median: {facts['latency_us']:.0f} µs")
    if facts["model_age_sessions"] is not None:
        lines.append(f"Age of the active model: {counted(facts['model_age_sessions'], 'session')}")
    for kind, title in TITLES.items():
        sounds = "ALARM" if found[kind]["alarm"] else "quiet"
        lines.append(f"{title}: {sounds}; {found[kind]['words']}")
    if found.get("switched_off"):
        lines.append(f"THE FILTER WAS SWITCHED OFF: {found['switched_off']}")
    return section("MONITOR", lines)
