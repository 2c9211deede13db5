"""The stake after one batch, by hand; the shares of the error, by hand."""

import math

import numpy as np
import pytest

from afterclose.evaluating.evidence import evidence
from afterclose.evaluating.verdicts import abstain
from afterclose.gating.alpha_spending import alpha_of_recipe

# Twenty trades: nineteen earn 1 and one, the blocked one, loses 19. Their mean is 0 and their
# standard deviation the root of 19, so the blocked trade lost 4.3589 deviations and each other
# earned 0.2294. Choosing one of the twenty at random, a bet on an effect of 0.1 pays
# exp(0.43589) = 1.54634 with chance 1/20 and exp(-0.02294) = 0.97732 else: 1.00577 on average,
# so the blocked trade pays 1.54634 / 1.00577 = 1.53747. Likewise 2.32840, 4.96073 and 13.47947
# for effects of 0.2, 0.4 and 0.8. Nothing was scored, so the other eight twelfths of the stake
# stay as they are: (1.53747 + 2.32840 + 4.96073 + 13.47947 + 8) / 12 = 2.525506.
STAKE = 2.525506


def one_blocked() -> tuple[np.ndarray, object]:
    pnl = np.ones(20)
    pnl[6] = -19.0
    verdicts = abstain(20)
    verdicts.size[6] = 0
    return pnl, verdicts


def test_the_stake_after_blocking_the_one_loser_of_a_batch() -> None:
    found = evidence(*one_blocked())
    assert found.batches == 1
    assert math.exp(found.log_stake) == pytest.approx(STAKE, abs=1e-6)
    assert found.log_peak == found.log_stake
    assert found.p_value == pytest.approx(0.395960, abs=1e-6)


def test_the_size_of_the_money_does_not_matter_but_its_order_of_magnitude_in_the_batch() -> None:
    pnl, verdicts = one_blocked()
    found = evidence(0.001 * pnl - 0.5, verdicts)
    assert math.exp(found.log_stake) == pytest.approx(STAKE, abs=1e-6)


@pytest.mark.parametrize(
    ("number", "share"), [(1, 0.025), (2, 0.05 / 6), (3, 0.05 / 12), (4, 0.0025), (9, 0.05 / 90)]
)
def test_the_recipes_share_the_error(number: int, share: float) -> None:
    assert alpha_of_recipe(0.05, number) == pytest.approx(share, rel=1e-12)


def test_a_thousand_recipes_together_use_nearly_all_and_never_more() -> None:
    spent = math.fsum(alpha_of_recipe(0.05, number) for number in range(1, 1001))
    assert spent == pytest.approx(0.05 * 1000 / 1001, rel=1e-12)
