"""Evidence that may be looked at every night: bets against luck, one batch of trades at a time.

A p-value is good for one look. Looking each night for a year, noise passes 5 % almost surely
sooner or later, and dividing 5 % by 250 looks throws most of the evidence away, because
tonight's trades are nearly last night's. A bet need not count its looks. Whoever stakes 1
and bets on the blocked trades doing worse than the others of their batch has, where luck
alone rules, a fair game: the chance that the stake *ever* reaches 40 is at most 1 in 40,
however often one looks (Ville, 1939; Ramdas, Grünwald, Vovk & Shafer, *Game-theoretic
statistics and safe anytime-valid inference*, Statistical Science, 2023).

Every trade is judged once, by a model that had seen none of the trades of its batch or later
(`afterclose.evaluating.prequential`), so tonight's stake is last night's times tonight's bets, and
nothing has to be remembered between nights: it can always be computed anew from the trades.

A bet pays the conditional likelihood ratio of matched case-control studies: exp(effect x sum
of the blocked trades' losses, in standard deviations of the batch), over the mean of that
for all choices of as many trades (Gail, Lubin & Rubinstein, Biometrika, 1981; the safe
logrank test of ter Schure, Pérez-Ortiz, Ly & Grünwald is the same product). The mean is
exact, so a fair game it is for any distribution of PnL. Comparing within a batch of
neighbours cancels what the market did to all of them. What it assumes of luck is that the
PnL of a batch could have fallen on its trades in any order.
"""

import math

import msgspec
import numpy as np

from afterclose.arrays import Floats, Mask
from afterclose.evaluating.verdicts import Verdicts

BATCH_TRADES = 20
"""Trades that are compared with each other, neighbours in the order of their exits."""

EFFECTS = (0.1, 0.2, 0.4, 0.8)
"""What the bets suppose: blocked trades are worse by so many standard deviations."""

TOP_SCORED = (5, 10)
"""Beside the blocked trades, the quarter and the half with the highest scores are bet on."""


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What the stake of 1 has become after ``batches`` batches of trades.

    ``log_stake`` is its natural logarithm, ``log_peak`` the highest it ever was. ``p_value``
    is 1 / stake, at most 1: below any bound with no more than that chance, ever.
    """

    batches: int
    log_stake: float
    log_peak: float
    p_value: float


def evidence(pnl: Floats, verdicts: Verdicts) -> Evidence:
    """The evidence of trades in exit order: ``pnl`` float64[n] without NaN, and verdicts."""
    return evidence_at(stake_path(pnl, verdicts))


def evidence_at(path: Floats) -> Evidence:
    """The evidence at the end of a `stake_path`, or of the first part of one."""
    log_stake, log_peak = float(path[-1]), float(path.max())
    return Evidence(
        batches=len(path) - 1,
        log_stake=log_stake,
        log_peak=log_peak,
        p_value=math.exp(-max(log_stake, 0.0)),
    )


def stake_path(pnl: Floats, verdicts: Verdicts) -> Floats:
    """Logarithm of the stake before and after each full batch: float64[batches + 1].

    The stake is divided evenly among the bets and never moved between them, which is again
    a fair game. A batch in which nothing, or everything, was chosen leaves it as it is.
    """
    batches = len(pnl) // BATCH_TRADES
    whole = slice(batches * BATCH_TRADES)
    loss = -_standardised(pnl[whole].reshape(batches, BATCH_TRADES))
    bets = loss[:, None, :] * np.array(EFFECTS)[:, None]
    fair = _log_mean_payoffs(np.exp(bets))
    gains = [
        (bets * chosen[:, None, :]).sum(axis=2)
        - np.take_along_axis(fair, chosen.sum(axis=1)[:, None, None], axis=2)[:, :, 0]
        for chosen in _choices(verdicts.take(np.arange(batches * BATCH_TRADES)), batches)
    ]
    running = np.cumsum(np.concatenate(gains, axis=1), axis=0)
    path = np.logaddexp.reduce(running, axis=1) - math.log(running.shape[1])
    return np.concatenate([[0.0], path])


def _choices(verdicts: Verdicts, batches: int) -> list[Mask]:
    """What is bet on: blocked trades, then the top-scored ones; bool (batches, trades) each."""
    keep = verdicts.keep.reshape(batches, BATCH_TRADES)
    score = np.where(np.isnan(verdicts.score), -np.inf, verdicts.score)
    score = score.reshape(batches, BATCH_TRADES)
    ranked = np.sort(score, axis=1)
    # Equal scores are chosen together: their order in the file says nothing.
    return [~keep] + [(score >= ranked[:, -top, None]) & (score > -np.inf) for top in TOP_SCORED]


def _standardised(pnl: Floats) -> Floats:
    """PnL less its batch's mean, in standard deviations of the batch; 0 where all are equal."""
    spread = np.std(pnl, axis=1, keepdims=True)
    level = pnl.mean(axis=1, keepdims=True)
    flat = np.ptp(pnl, axis=1, keepdims=True) == 0
    return np.where(flat, 0.0, (pnl - level) / np.where(flat, 1.0, spread))


def _log_mean_payoffs(payoffs: Floats) -> Floats:
    """Logarithm of the mean product over all choices of k trades, for each k from 0 to all.

    ``payoffs`` float64 (..., trades), the result (..., trades + 1): elementary symmetric
    means by the recursion of Gail, Lubin & Rubinstein, one trade after the other.
    """
    trades = payoffs.shape[-1]
    mean = np.zeros((*payoffs.shape[:-1], trades + 1))
    mean[..., 0] = 1.0
    for known in range(1, trades + 1):
        chosen = np.arange(1, known + 1)
        without = mean[..., 1 : known + 1] * (known - chosen) / known
        including = mean[..., :known] * payoffs[..., known - 1, None] * chosen / known
        mean[..., 1 : known + 1] = without + including
    return np.log(mean)
