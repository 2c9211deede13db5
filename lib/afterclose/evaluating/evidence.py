"""Evidence that may be looked at every night: bets against luck, one cohort at a time.

A p-value is good for one look. Looking each night for a year, noise passes 5 % almost surely
sooner or later, and dividing 5 % by 250 looks throws most of the evidence away, because
tonight's trades are nearly last night's. A bet need not count its looks. Whoever stakes 1
in a game that is fair where luck alone rules has a chance of at most 1 in 40 that the stake
*ever* reaches 40, however often one looks (Ville, 1939; Ramdas, Grünwald, Vovk & Shafer,
*Game-theoretic statistics and safe anytime-valid inference*, Statistical Science, 2023).

Trades of one session share the market, and trades held for two weeks share it with those of
the next session, so neither trades nor sessions can be counted as separate pieces of luck.
What is bet on is a *cohort*: ten consecutive days with decisions, counted once its trades have
closed. Its gain is G = -sum((score - mean of earlier scores) x (R - mean of earlier R)), and in
a second game the same about the means of each session, which cancels the market. R is the
outcome in units of risk, clipped, so that no single trade decides. G is in units of the
scores' own spread in the cohort, the root of the sum of their squares: a first model of forty
trades is wild, and its wide scores would make the gains of better models look small for forty
cohorts.

Each G is divided by its root mean square over the last `NORM_COHORTS` cohorts, all earlier, and
the stake is multiplied by exp(bet x g - bet^2 g^2 / 2), which is fair on average or worse
wherever a gain is as likely as a loss of its size given the past and the cohort's scores (de la
Peña, *A general class of exponential inequalities for martingales and ratios*, Annals of
Probability, 1999). That is all that is assumed of luck: no distribution, no variance, nothing
inside a cohort.

Scores are those of models that had seen no trade of the cohort
(`afterclose.evaluating.prequential`), so nothing has to be remembered between nights: the stake
can always be computed anew from the trades.
"""

import math
from datetime import timedelta
from typing import Final, NamedTuple

import msgspec
import numpy as np

from afterclose.arrays import Floats, Indices, Integers, Mask
from afterclose.dataset.columns import MICROSECOND

DAY_US: Final = timedelta(days=1) // MICROSECOND

COHORT_DAYS: Final = 10
"""Consecutive days with decisions in a cohort."""

BETS: Final = (0.2, 0.5)
"""Sizes among which the stake is divided evenly. The best is the mean gain of a cohort: those of
edges that are worth having lie there, and each further size takes a share of the stake."""

SHARES: Final = 2 * len(BETS)
"""Into which the stake is divided: each bet in each of the two games."""

NORM_COHORTS: Final = 40
"""Earlier cohorts over which a gain's usual size is measured."""

LEAST_NORM_COHORTS: Final = 3
"""With fewer earlier gains there is no bet."""

R_RANGE: Final = (-1.5, 2.0)
"""Units of risk to which an outcome is clipped."""

ATR_RISK: Final = 2.0
"""A unit of risk, in average true ranges."""

NORMAL_MAD: Final = 1.4826
"""Standard deviation of a normal distribution over its median absolute deviation."""

SEEING_COHORTS: Final = 60
"""With fewer cohorts the bets hardly see an edge of the usual size."""


ROUNDING: Final = 1e-12
"""Scores lie in [0, 1]: what differs by less from a mean of equal ones is rounding."""


class Track(NamedTuple):
    """Decisions in any order, as judged by models that had not seen them: arrays of length n.

    ``score`` is NaN where the filter abstained, ``atr_pct`` NaN where it is unknown; PnL is a
    net fraction, times are microseconds since 1970 in UTC.
    """

    decision_us: Integers
    exit_us: Integers
    pnl: Floats
    score: Floats
    atr_pct: Floats

    def take(self, rows: Indices | Mask) -> "Track":
        """The decisions at ``rows``."""
        decision_us, exit_us, pnl, score, atr_pct = self
        return Track(decision_us[rows], exit_us[rows], pnl[rows], score[rows], atr_pct[rows])


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What the stake of 1 has become after ``cohorts`` cohorts of decisions.

    ``log_stake`` is its natural logarithm, ``log_peak`` the highest it ever was. ``p_value``
    is 1 / stake, at most 1: below any bound with no more than that chance, ever.
    ``decision_days_needed`` are the days with decisions after which the bets begin to see
    well, 0 when they do (and in evaluations made before cohorts were counted).
    """

    cohorts: int = 0
    decision_days_needed: int = 0
    log_stake: float
    log_peak: float
    p_value: float


class Path(NamedTuple):
    """Logarithm of the stake before and after each cohort, float64[cohorts + 1].

    ``complete_us`` int64[cohorts] is when the last trade of each had closed.
    """

    log_stake: Floats
    complete_us: Integers

    def known_at(self, moment_us: int) -> Floats:
        """The part of the path that was known at a moment: whole cohorts, in their order."""
        late = np.flatnonzero(self.complete_us > moment_us)
        return self.log_stake[: 1 + (int(late[0]) if len(late) else len(self.complete_us))]


def evidence(track: Track) -> Evidence:
    """The evidence of all whole cohorts of a track; none at all is no evidence."""
    return evidence_at(stake_path(track).log_stake)


def evidence_at(log_stake: Floats) -> Evidence:
    """The evidence at the end of a path's logarithms, or of the first part of them."""
    cohorts = len(log_stake) - 1
    now = float(log_stake[-1])
    return Evidence(
        cohorts=cohorts,
        decision_days_needed=max(0, SEEING_COHORTS - cohorts) * COHORT_DAYS,
        log_stake=now,
        log_peak=float(log_stake.max()),
        p_value=math.exp(-max(now, 0.0)),
    )


def cohort_of(decision_us: Integers) -> Indices:
    """The cohort, from 0, of each decision. The last one may still be growing."""
    _, day = np.unique(decision_us // DAY_US, return_inverse=True)
    return day.reshape(-1) // COHORT_DAYS


def stake_path(track: Track) -> Path:
    """The stake before and after each cohort.

    Divided evenly among bets and games, and never moved between them. A cohort counts when all
    of its ten days are there; the newest ten days of a track are left out unless a later day
    shows that they are over.
    """
    order = np.argsort(track.decision_us, kind="stable")
    track = track.take(order)
    cohort = cohort_of(track.decision_us)
    whole = int(cohort[-1]) if len(cohort) else 0  # the newest is still growing
    track, cohort = track.take(cohort < whole), cohort[cohort < whole]
    if whole == 0:
        return Path(np.zeros(1), np.zeros(0, dtype=np.int64))
    starts = np.searchsorted(cohort, np.arange(whole))
    risk = units_of_risk(track, cohort, starts)
    games = (_across(track.score, risk, cohort, starts), _inside(track, risk, starts))
    gains = np.concatenate([_log_payoffs(gain) for gain in games], axis=1)
    running = np.cumsum(gains, axis=0)
    log_stake = np.logaddexp.reduce(running, axis=1) - math.log(running.shape[1])
    return Path(np.append(0.0, log_stake), np.maximum.reduceat(track.exit_us, starts))


def units_of_risk(track: Track, cohort: Indices, starts: Indices) -> Floats:
    """PnL over twice the ATR, clipped; over the usual size of earlier PnL where it is unknown.

    NaN in the first cohort where neither is known.
    """
    ends = np.append(starts[1:], len(track.pnl))
    usual = np.full(len(starts), np.nan)
    for number in range(1, len(starts)):
        earlier = track.pnl[starts[max(0, number - NORM_COHORTS)] : ends[number - 1]]
        usual[number] = NORMAL_MAD * np.median(np.abs(earlier))
    unit = np.where(track.atr_pct > 0, ATR_RISK * track.atr_pct, usual[cohort])
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.clip(np.where(unit > 0, track.pnl / unit, np.nan), *R_RANGE)


def _across(score: Floats, risk: Floats, cohort: Indices, starts: Indices) -> Floats:
    """Each cohort's gain about the means of all earlier cohorts."""
    centred = [values - _earlier_mean(values, starts)[cohort] for values in (score, risk)]
    return _gains(centred[0], centred[1], starts)


def _earlier_mean(values: Floats, starts: Indices) -> Floats:
    """For each cohort the mean of the known values before it; NaN where there is none."""
    known = ~np.isnan(values)
    total = np.cumsum(np.add.reduceat(np.where(known, values, 0.0), starts))
    count = np.cumsum(np.add.reduceat(known.astype(np.float64), starts))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.append(np.nan, (total / count)[:-1])


def _inside(track: Track, risk: Floats, starts: Indices) -> Floats:
    """Each cohort's gain about the means of its sessions."""
    known = ~np.isnan(track.score * risk)
    _, session = np.unique(track.decision_us // DAY_US, return_inverse=True)
    count = np.bincount(session, known)
    centred = []
    for values in (track.score, risk):
        filled = np.where(known, values, 0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            mean = np.bincount(session, filled) / count
        centred.append(np.where(known, values - mean[session], 0.0))
    return _gains(centred[0], centred[1], starts)


def _gains(score: Floats, risk: Floats, starts: Indices) -> Floats:
    """Less the sum of the products in each cohort, in units of the scores' spread in it.

    A decision with an unknown score or outcome adds nothing.
    """
    known = (np.abs(score) > ROUNDING) & ~np.isnan(risk)
    score, risk = np.where(known, score, 0.0), np.where(known, risk, 0.0)
    spread = np.sqrt(np.add.reduceat(score**2, starts))
    gains: Floats = -np.add.reduceat(score * risk, starts)
    return np.divide(gains, spread, out=np.zeros_like(gains), where=spread > 0)


def _log_payoffs(gains: Floats) -> Floats:
    """What each bet pays in each cohort, as logarithms: float64 (cohorts, bets)."""
    happened = np.flatnonzero(gains)
    squares = np.append(0.0, np.cumsum(gains[happened] ** 2))
    before = np.arange(len(happened))
    first = np.maximum(before - NORM_COHORTS, 0)
    payoffs = np.zeros((len(gains), len(BETS)))
    with np.errstate(divide="ignore", invalid="ignore"):
        usual = np.sqrt((squares[before] - squares[first]) / (before - first))
        scaled = np.where(before >= LEAST_NORM_COHORTS, gains[happened] / usual, 0.0)
    bet = scaled[:, None] * np.array(BETS)
    payoffs[happened] = bet - bet**2 / 2
    return payoffs
