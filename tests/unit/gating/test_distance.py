"""How far a refused candidate is: in decisions and months, or never, and why."""

import math
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from afterclose.evaluating.evidence import Evidence
from afterclose.evaluating.figures import (
    Evaluation,
    Gate,
    GateOptions,
    ListedTrades,
    Recipe,
)
from afterclose.gating.distance import (
    TOO_MANY,
    _span,
    days_to_evidence,
    signal_strength,
    what_next,
)
from afterclose.gating.promotion import ask_gates
from afterclose.gating.stored import evaluation_of
from report_builders import evaluation

OPTIONS = GateOptions()


def gate(name: str, *, passed: bool = False) -> Gate:
    return Gate(name=name, value=None, bound=None, passed=passed, sentence="")


def made(score: Any, pnl: Any, **taken: Any) -> Evaluation:
    """120 decisions walked through, with these scores and outcomes listed."""
    plain = evaluation_of(evaluation(120, gain=0.01))
    rows = len(score)
    listed = ListedTrades(
        trades=rows, listed=rows, trade_id=[str(row) for row in range(rows)],
        score=list(score), pnl=list(pnl), bad=[False] * rows, allowed=[True] * rows,
    )  # fmt: skip
    account = plain.walk_forward.account
    assert account is not None
    away = replace(account.taken_away, decisions=20, mean_net_pnl=-5.0, confidence=0.9)
    away = replace(away, **taken)
    walked = replace(plain.walk_forward, account=replace(account, taken_away=away))
    return replace(plain, walk_forward=walked, trades={"walk_forward": listed})


def noisy(strength: float, rows: int = 4000) -> tuple[list[float], list[float]]:
    """Scores whose rank correlation with the losses is about ``strength``."""
    random = np.random.default_rng(5)
    score = random.normal(size=rows)
    lost = strength * score + math.sqrt(1 - strength**2) * random.normal(size=rows)
    return score.tolist(), (-lost).tolist()


def test_nothing_is_said_where_nothing_refuses() -> None:
    assert what_next(made(*noisy(0.1)), [gate("steady", passed=True)], OPTIONS) is None


def test_the_strength_is_the_rank_correlation_with_what_was_lost() -> None:
    assert signal_strength(made([0.1, 0.2, 0.3], [0.3, 0.2, -4.0])) == pytest.approx(1)
    assert signal_strength(made([0.1, 0.2, 0.3], [-1.0, 0.2, 9.0])) == pytest.approx(-1)
    assert signal_strength(made([0.1, None, 0.1], [-1.0, 0.2, 9.0])) == 0
    assert signal_strength(made([None, None], [1.0, 2.0])) is None


def test_at_a_correlation_of_a_tenth_the_bets_need_some_seven_hundred_decisions() -> None:
    """z = sqrt(2 ln 40) = 2.72 and (2.72 / 0.1)^2 = 738: RESEARCH found 600 at rho .11."""
    found = made(*noisy(0.1))
    following = what_next(found, [gate("luck_of_all_nights")], OPTIONS)
    assert following is not None
    strength = signal_strength(found)
    assert strength == pytest.approx(0.1, abs=0.03)
    needed = 2 * math.log(40) / strength**2
    decisions = found.walk_forward.rules_only.trades
    assert following.more_decisions == math.ceil(needed) - decisions
    assert following.words.startswith(f"What next: about {following.more_decisions:,} more")
    assert "if it holds" in following.words
    assert following.months is not None


@pytest.mark.parametrize(
    ("found", "name", "words"),
    [
        (made(*noisy(0.1)), "no_leak", "do not change this: no leak"),
        (made(*noisy(-0.1)), "luck_of_all_nights", "does not know which trades earn"),
        (made(*noisy(0.1), mean_net_pnl=3.0), "luck_of_all_nights", "takes away earns money"),
    ],
)
def test_or_it_is_never_and_says_why(found: Evaluation, name: str, words: str) -> None:
    following = what_next(found, [gate(name)], OPTIONS)
    assert following is not None
    assert following.more_decisions is None
    assert following.words.startswith("What next: never at the present strength; ")
    assert words in following.words


def test_a_signal_that_nobody_waits_for_is_never_too() -> None:
    score, pnl = noisy(0.0, rows=60_000)
    weak = made(score, pnl)
    if (signal_strength(weak) or 0.0) < 0:
        weak = made([-one for one in score], pnl)
    strength = signal_strength(weak)
    assert strength is not None
    assert 0 < strength < math.sqrt(2 * math.log(40) / TOO_MANY)
    following = what_next(weak, [gate("luck_of_all_nights")], OPTIONS)
    assert following is not None
    assert following.more_decisions is None
    assert "so weak that it needs" in following.words


def test_the_newest_decisions_settle_what_is_only_about_them() -> None:
    following = what_next(made(*noisy(0.9)), [gate("no_worse_lately")], OPTIONS)
    assert following is not None
    assert following.more_decisions == 0
    assert "look again" in following.words


@pytest.mark.parametrize(
    ("cohorts", "log_stake", "days"),
    [
        # By hand: four shares, so the best bet made ln(stake) + ln 4; ln 40 is to be reached.
        (80, 2.0, 400),  # 80 x (3.689 - 2) / 3.386 = 39.9 cohorts
        (80, 4.0, 0),
        (80, -2.0, None),
        (20, -2.0, 400),  # too early to tell: at least sixty cohorts
        (20, 2.0, 400),  # 10 more at its pace, and at least 40
        (50, 0.5, 850),  # 50 x 3.189 / 1.886 = 84.5
    ],
)
def test_days_are_counted_in_cohorts_of_the_stake(
    cohorts: int, log_stake: float, days: int | None
) -> None:
    found = with_stake(cohorts, log_stake)
    assert days_to_evidence(found, OPTIONS) == days


def test_the_gate_and_the_distance_name_the_same_days() -> None:
    found = with_stake(50, 0.5)
    answer = ask_gates(found, OPTIONS)
    (refusing,) = [one for one in answer.gates if one.name == "luck_of_all_nights"]
    assert "about 850 more decision days are needed" in refusing.sentence
    following = what_next(found, [refusing], OPTIONS)
    assert following is not None
    assert " on 850 decision days" in following.words


def test_a_stake_that_does_not_grow_never_gets_there() -> None:
    following = what_next(with_stake(80, -2.0), [gate("luck_of_all_nights")], OPTIONS)
    assert following is not None
    assert following.words.endswith("the evidence does not grow.")


def with_stake(cohorts: int, log_stake: float) -> Evaluation:
    stake = Evidence(
        cohorts=cohorts,
        decision_days_needed=max(0, 60 - cohorts) * 10,
        log_stake=log_stake,
        log_peak=max(log_stake, 0.0),
        p_value=math.exp(-max(log_stake, 0.0)),
    )
    recipe = Recipe(id="first", number=1)
    return replace(made(*noisy(0.3)), evidence=stake, recipe=recipe)


@pytest.mark.parametrize(
    ("months", "words"),
    [(9.6, "10 months"), (23.4, "23 months"), (48, "4 years"), (445, "37 years")],
)
def test_a_long_wait_is_told_in_years(months: float, words: str) -> None:
    assert _span(months) == words
