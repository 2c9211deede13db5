"""Where a model blocks, in words: the mode is never said without its number, once there is one."""

import pytest

from afterclose.config import load_settings
from afterclose.learning.blocking import Blocking, blocking_asked, blocking_judged, blocking_of

SHARE = {"threshold": 0.61288, "threshold_mode": "share", "block_share": 0.2}


@pytest.mark.parametrize(
    ("metrics", "words", "column"),
    [
        (SHARE, "0.613 (share, the riskiest 20 %)", "0.613 share"),
        (SHARE | {"block_share": None}, "0.613 (share)", "0.613 share"),
        (
            {"threshold": 0.4, "threshold_mode": "tuned"},
            "0.400 (tuned, what paid in training)",
            "0.400 tuned",
        ),
        (
            {"threshold": 0.5, "threshold_mode": "fixed"},
            "0.700 (fixed, ML_RISK_THRESHOLD)",
            "0.700 fixed",
        ),
        ({}, "0.700 (fixed, ML_RISK_THRESHOLD)", "0.700 fixed"),
    ],
)
def test_a_model_says_how_its_threshold_was_found(metrics: dict, words: str, column: str) -> None:
    """In mode fixed the setting counts, whatever it was when the model was trained."""
    blocking = blocking_of(metrics, 0.7)
    assert (blocking.words(), blocking.column()) == (words, column)


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({}, "share, the riskiest 20 %"),
        ({"ML_BLOCK_SHARE": "0.35"}, "share, the riskiest 35 %"),
        ({"ML_RISK_THRESHOLD": "0.7"}, "0.700 (fixed, ML_RISK_THRESHOLD)"),
        ({"ML_THRESHOLD_MODE": "tuned"}, "tuned, what paid in training"),
    ],
)
def test_before_there_is_a_model_the_settings_say_it(environ: dict, words: str) -> None:
    assert blocking_asked(load_settings(environ)).words() == words


def test_an_evaluation_says_the_number_that_it_judged_by() -> None:
    assert blocking_judged(0.25, "share", 0.1) == Blocking(mode="share", above=0.25, share=0.1)
    assert blocking_judged(0.25, "fixed", 0.1).share is None
