"""The plain-Python score equals scikit-learn's own, whatever the data looks like."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from afterclose.learning.card_fit import fold
from afterclose.learning.features import describe_features
from afterclose.learning.models import fit_model, predict_risks
from afterclose.learning.scorecard import Scorecard
from afterclose.learning.scorer import LinearScorer

OFFSETS = st.sampled_from([0.0, 1.0, -250.0, 1e6, -1e9])
SPREADS = st.sampled_from([1e-4, 1.0, 30.0, 1e6])


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    columns=st.lists(st.tuples(OFFSETS, SPREADS), min_size=1, max_size=8),
    rows=st.integers(20, 80),
    missing_share=st.sampled_from([0.0, 0.2]),
    regularisation_c=st.sampled_from([0.01, 1.0, 10.0]),
)
def test_the_scorecard_equals_the_pipeline_within_1e_12(
    seed: int,
    columns: list[tuple[float, float]],
    rows: int,
    missing_share: float,
    regularisation_c: float,
) -> None:
    random = np.random.default_rng(seed)
    offset, spread = np.array(columns).T
    values = offset + spread * random.normal(size=(rows, len(columns)))
    values[random.random(values.shape) < missing_share] = np.nan
    values[:2] = [offset, offset + spread]  # every column has two different values
    bad = random.random(rows) < 0.4
    bad[:2] = [True, False]
    names = tuple(f"f{column}" for column in range(len(columns)))

    pipeline = fit_model(values, bad, regularisation_c=regularisation_c)
    card = fold(pipeline, describe_features(names, values), threshold=0.5)
    scorer = LinearScorer(Scorecard.from_bytes(card.to_bytes()))

    entries = [dict(zip(names, row.tolist(), strict=True)) for row in values]
    scored = [scorer.predict_risk(entry) for entry in entries]
    assert np.abs(np.array(scored) - predict_risks(pipeline, values)).max() <= 1e-12
    assert scored == [scorer.assess(entry).risk_score for entry in entries]


@settings(max_examples=100, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["calm", "wild", "Calm", "other"]),
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.none()),
    )
)
def test_no_features_make_an_assessment_raise_or_a_score_leave_0_to_1(
    features: dict[str, object],
) -> None:
    card = Scorecard(
        feature_names=("calm", "wild"),
        imputation_values=(0.5, 1.0),
        weights=(2.0, -3.0),
        intercept=-1.0,
        log_odds_at_mean=0.0,
        threshold=0.5,
        train_min=(0.0, 0.0),
        train_max=(1.0, 2.0),
        train_mean=(0.5, 0.0),
        train_std=(0.5, 1.0),
    )
    scorer = LinearScorer(card, max_abs_z=8.0)
    assessment = scorer.assess(features)
    clean = scorer.clean_risk(features)
    assert assessment.risk_score is None or 0 <= assessment.risk_score <= 1
    if clean is not None:
        assert clean == assessment.risk_score
        assert (assessment.missing, assessment.invalid) == ((), ())
        assert assessment.max_abs_z <= 8
