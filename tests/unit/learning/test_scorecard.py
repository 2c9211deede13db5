"""A scorecard file is either exactly what training wrote, or refused by the field's name."""

import json
from typing import Any

import pytest

from afterclose.errors import IntegrityError
from afterclose.learning.card import MAX_BYTES
from afterclose.learning.scorecard import Scorecard

CARD = Scorecard(
    feature_names=("atr_pct", "rsi"),
    imputation_values=(0.02, 50.0),
    weights=(30.0, -0.02),
    intercept=0.4,
    log_odds_at_mean=0.0,
    threshold=0.5,
    train_min=(0.01, 20.0),
    train_max=(0.05, 80.0),
    train_mean=(0.02, 50.0),
    train_std=(0.01, 10.0),
)


def with_field(field: str, value: Any) -> bytes:
    return json.dumps(json.loads(CARD.to_bytes()) | {field: value}).encode()


def test_bytes_decode_to_an_equal_scorecard_and_encode_to_equal_bytes() -> None:
    data = CARD.to_bytes()
    assert Scorecard.from_bytes(data) == CARD
    assert Scorecard.from_bytes(data).to_bytes() == data


def test_the_file_holds_neither_an_id_nor_a_time() -> None:
    assert set(json.loads(CARD.to_bytes())) == {
        "schema_version",
        "kind",
        "feature_names",
        "imputation_values",
        "weights",
        "intercept",
        "log_odds_at_mean",
        "threshold",
        "threshold_mode",
        "train_min",
        "train_max",
        "train_mean",
        "train_std",
        "needed",
    }


def test_a_field_added_by_a_later_release_is_no_reason_to_refuse() -> None:
    assert Scorecard.from_bytes(with_field("note", "new")) == CARD


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("schema_version", 3),
        ("needed", ["unheard_of"]),
        ("kind", "oracle"),
        ("feature_names", []),
        ("feature_names", ["rsi", "atr_pct"]),
        ("feature_names", ["rsi", "rsi"]),
        ("imputation_values", [0.02]),
        ("imputation_values", [0.02, None]),
        ("weights", [30.0, -0.02, 1.0]),
        ("weights", [30.0, "-0.02"]),
        ("weights", [1e308, 1e308]),
        ("intercept", 0.5),
        ("threshold", 1.01),
        ("threshold", -0.01),
        ("threshold_mode", "magic"),
        ("train_min", [0.01, 81.0]),
        ("train_max", []),
        ("train_mean", [0.02]),
        ("train_std", [0.0, 10.0]),
        ("train_std", [-0.01, 10.0]),
        ("log_odds_at_mean", 0.001),
    ],
)
def test_a_value_that_cannot_be_is_refused(field: str, value: Any) -> None:
    with pytest.raises(IntegrityError, match="scorecard"):
        Scorecard.from_bytes(with_field(field, value))


def test_the_message_names_the_file_the_field_and_the_problem() -> None:
    with pytest.raises(IntegrityError) as caught:
        Scorecard.from_bytes(with_field("weights", [1.0]), "m/scorecard.json")
    assert "m/scorecard.json: weights has 1 values, not 2" in str(caught.value)
    assert caught.value.exit_code == 3


@pytest.mark.parametrize("literal", [b"NaN", b"Infinity", b"1e999"])
def test_a_number_that_is_not_finite_is_refused(literal: bytes) -> None:
    with pytest.raises(IntegrityError):
        Scorecard.from_bytes(CARD.to_bytes().replace(b"0.4", literal))


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"weights": []}'])
def test_what_is_no_scorecard_is_refused(data: bytes) -> None:
    with pytest.raises(IntegrityError, match="is not a scorecard"):
        Scorecard.from_bytes(data)


def test_a_file_beyond_the_size_limit_is_not_even_parsed() -> None:
    with pytest.raises(IntegrityError, match="allowed 4,194,304"):
        Scorecard.from_bytes(b" " * (MAX_BYTES + 1))


def test_every_flipped_bit_is_refused_or_decodes_to_another_valid_scorecard() -> None:
    """The digest finds all flips; this is the wall behind it: none raises anything else."""
    data = CARD.to_bytes()
    for position in range(0, len(data) * 8, 7):
        flipped = bytearray(data)
        flipped[position // 8] ^= 1 << position % 8
        try:
            Scorecard.from_bytes(bytes(flipped)).validate()
        except IntegrityError:
            continue
