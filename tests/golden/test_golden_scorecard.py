"""Hand-checked scores: the logistic function at log-odds whose answers are known."""

import math

import pytest

from afterclose.learning.scorecard import Scorecard
from afterclose.learning.scorer import LinearScorer

# log-odds = -1 + 2 * calm + ln(3) * wild, around the means calm 0.5 and wild 0: zero there.
SCORER = LinearScorer(
    Scorecard(
        feature_names=("calm", "wild"),
        imputation_values=(0.5, 1.0),
        weights=(2.0, math.log(3)),
        intercept=-1.0,
        log_odds_at_mean=0.0,
        threshold=0.5,
        train_min=(0.0, 0.0),
        train_max=(1.0, 2.0),
        train_mean=(0.5, 0.0),
        train_std=(0.5, 1.0),
    )
)


@pytest.mark.parametrize(
    ("calm", "wild", "risk"),
    [
        (0.5, 0.0, 0.5),  # log-odds 0: even
        (0.5, 1.0, 0.75),  # ln 3: three to one
        (0.5, 2.0, 0.9),  # ln 9: nine to one
        (0.5, -1.0, 0.25),  # -ln 3: one to three
        (0.0, 0.0, 0.2689414213699951),  # -1: 1 / (1 + e)
        (1.0, 0.0, 0.7310585786300049),  # +1: e / (1 + e)
    ],
)
def test_scores_at_known_odds(calm: float, wild: float, risk: float) -> None:
    assert SCORER.predict_risk({"calm": calm, "wild": wild}) == pytest.approx(risk, abs=1e-15)


def test_a_missing_feature_scores_as_its_imputed_value() -> None:
    assert SCORER.predict_risk({"calm": 0.5}) == pytest.approx(0.75, abs=1e-15)
    assert SCORER.predict_risk({}) == pytest.approx(0.75, abs=1e-15)
