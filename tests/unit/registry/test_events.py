"""Events: canonical lines, signatures, and what of an evaluation is kept for ever."""

import math
from datetime import UTC, datetime

import numpy as np
import pytest
from msgspec.structs import replace

from afterclose.disk.signature import signature_of
from afterclose.registry.events import (
    GENESIS,
    Event,
    artifacts_digest,
    decode_event,
    encode_event,
    figures,
    is_signed,
    read_figures,
    sign,
    summary,
)

EVENT = Event(
    schema_version=1,
    seq=1,
    prev=GENESIS,
    at=datetime(2026, 1, 27, 21, 30, tzinfo=UTC),
    by="tester@desk",
    event="promoted",
    model_id="20260127_153000",
    reason="Better expectancy",
    previous_active=None,
)


def test_an_event_survives_its_line() -> None:
    assert decode_event(encode_event(EVENT)) == EVENT


def test_the_line_does_not_depend_on_the_order_in_which_figures_were_given() -> None:
    one = replace(EVENT, metrics=figures({"auc": 0.5, "accuracy": 0.6}))
    other = replace(EVENT, metrics=figures({"accuracy": 0.6, "auc": 0.5}))
    assert encode_event(one) == encode_event(other)


@pytest.mark.parametrize(
    "line",
    [
        encode_event(EVENT).replace(b'"schema_version":1', b'"schema_version":2'),
        encode_event(EVENT).replace(b'"promoted"', b'"blessed"'),
        encode_event(EVENT).replace(b"21:30:00Z", b"21:30:00"),
        encode_event(EVENT).replace(b'"by":"tester@desk",', b""),
        b'\xff{"seq": 1}',
        encode_event(replace(EVENT, metrics=figures({"x": 1}))).replace(b'"x"', b'"\xff"'),
        b"[]",
        b"",
    ],
    ids=[
        "newer schema",
        "unknown event",
        "no offset",
        "no author",
        "not UTF-8",
        "figures not UTF-8",
        "array",
        "empty",
    ],
)
def test_a_line_that_is_no_event_is_an_error(line: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode_event(line)


def test_a_signature_holds_for_its_key_and_its_content_only() -> None:
    signed = sign(EVENT, "key", "us/paper")
    assert is_signed(signed, "key", "us/paper")
    assert not is_signed(signed, "another key", "us/paper")
    assert not is_signed(replace(signed, model_id="20260127_153001"), "key", "us/paper")
    assert not is_signed(EVENT, "key", "us/paper")


def test_a_signature_holds_in_its_scope_only_and_one_of_0_1_0_which_names_none_in_any() -> None:
    signed = sign(EVENT, "key", "us/paper")
    assert not is_signed(signed, "key", "us/live")
    assert not is_signed(replace(signed, scope="us/live"), "key", "us/live")
    old = replace(EVENT, signature=signature_of(encode_event(EVENT), "key"))
    assert is_signed(old, "key", "us/paper")


def test_without_a_key_nothing_is_signed_and_nothing_is_asked() -> None:
    assert sign(EVENT, "", "us/paper").signature is None
    assert is_signed(EVENT, "", "us/paper")
    assert is_signed(sign(EVENT, "key", "us/paper"), "", "us/paper")


def test_a_signature_survives_the_line() -> None:
    assert is_signed(decode_event(encode_event(sign(EVENT, "key", "us/paper"))), "key", "us/paper")


def test_numpy_values_and_undefined_figures_become_plain_json() -> None:
    values = {"auc": np.float64(0.5), "n": np.int64(3), "c": np.array([1.5, 2.5]), "x": math.nan}
    assert read_figures(figures(values)) == {"auc": 0.5, "n": 3, "c": [1.5, 2.5], "x": None}


def test_no_figures_and_empty_figures_are_not_the_same() -> None:
    assert read_figures(figures(None)) is None
    assert read_figures(figures({})) == {}
    assert read_figures(summary(None)) is None


def test_a_value_without_a_json_form_is_an_error_that_names_its_type() -> None:
    with pytest.raises(TypeError, match="object"):
        figures({"model": object()})


def test_a_summary_keeps_figures_and_intervals_and_drops_tables() -> None:
    gain = {"ci95": [-0.1, 0.2], "sweep": [1, 2, 3]}
    evaluation = {"win_rate": 0.5, "gain": gain, "rows": [{}, {}, {}]}
    kept = read_figures(summary(evaluation))
    assert kept == {"win_rate": 0.5, "gain": {"ci95": [-0.1, 0.2]}}


def test_the_digest_of_artifacts_names_all_of_them_in_any_order() -> None:
    one = artifacts_digest({"a": "1" * 64, "b": "2" * 64})
    assert one == artifacts_digest({"b": "2" * 64, "a": "1" * 64})
    assert one != artifacts_digest({"a": "1" * 64})
    assert artifacts_digest({}) is None
