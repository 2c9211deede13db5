"""What a bet pays, by hand; the shares of the error, by hand."""

import math

import numpy as np
import pytest

from afterclose.evaluating.evidence import _log_payoffs
from afterclose.gating.alpha_spending import alpha_of_recipe

# Gains of 3, 3 and 3, then 6: the root mean square of the earlier ones is 3, so the fourth is 2.
# A bet of 0.2 pays exp(0.2 x 2 - 0.04 x 4 / 2) = exp(0.32); 0.5: exp(1 - 0.5) = exp(0.5). Before
# there are three earlier gains nothing is bet. A gain of -6 pays exp(-0.48) and exp(-1.5).


def test_the_first_bet_pays_by_the_size_of_three_earlier_gains() -> None:
    won, lost = (_log_payoffs(np.array([3.0, 3.0, 3.0, last])) for last in (6.0, -6.0))
    assert np.all(won[:3] == 0)
    assert won[3] == pytest.approx([0.32, 0.5], abs=1e-12)
    assert lost[3] == pytest.approx([-0.48, -1.5], abs=1e-12)


@pytest.mark.parametrize(
    ("number", "share"), [(1, 0.025), (2, 0.05 / 6), (3, 0.05 / 12), (4, 0.0025), (9, 0.05 / 90)]
)
def test_the_recipes_share_the_error(number: int, share: float) -> None:
    assert alpha_of_recipe(0.05, number) == pytest.approx(share, rel=1e-12)


def test_a_thousand_recipes_together_use_nearly_all_and_never_more() -> None:
    spent = math.fsum(alpha_of_recipe(0.05, number) for number in range(1, 1001))
    assert spent == pytest.approx(0.05 * 1000 / 1001, rel=1e-12)
