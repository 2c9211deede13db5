"""The seal finds every changed bit, and reads as one more JSON field."""

import json
import zlib

import msgspec
import pytest

from afterclose.disk.seal import is_damaged, is_sealed, is_sealed_page, seal, seal_page

COMPACT = b'{"a":1,"b":"x"}'
INDENTED = msgspec.json.format(COMPACT, indent=2) + b"\n"


def test_the_seal_is_the_crc_of_all_before_it_as_a_last_field() -> None:
    assert seal(COMPACT) == b'{"a":1,"b":"x","crc32":"%08x"}' % zlib.crc32(b'{"a":1,"b":"x"')


@pytest.mark.parametrize("text", [COMPACT, INDENTED], ids=["compact", "indented"])
def test_a_sealed_object_reads_as_before_with_one_more_field(text: bytes) -> None:
    sealed = seal(text)
    assert is_sealed(sealed)
    assert json.loads(sealed) == json.loads(text) | {"crc32": json.loads(sealed)["crc32"]}
    assert sealed.count(b"\n") == text.count(b"\n") + (b"\n" in text)


@pytest.mark.parametrize("text", [COMPACT, INDENTED], ids=["compact", "indented"])
def test_no_changed_bit_and_no_cut_passes(text: bytes) -> None:
    sealed = seal(text)
    for position in range(len(sealed) * 8):
        changed = bytearray(sealed)
        changed[position // 8] ^= 1 << position % 8
        assert not is_sealed(bytes(changed))
    assert not any(is_sealed(sealed[:length]) for length in range(len(sealed.rstrip())))


def test_an_object_without_a_seal_is_neither_sealed_nor_damaged() -> None:
    assert not is_sealed(COMPACT)
    assert not is_damaged(COMPACT)
    assert is_damaged(seal(COMPACT).replace(b"1", b"2", 1))


def test_a_page_is_sealed_by_a_comment_at_its_end() -> None:
    sealed = seal_page(b"<p>page</p>\n")
    assert sealed == b"<p>page</p>\n<!-- crc32 %08x -->\n" % zlib.crc32(b"<p>page</p>\n")
    assert is_sealed_page(sealed)
    for position in range(len(sealed) * 8):
        changed = bytearray(sealed)
        changed[position // 8] ^= 1 << position % 8
        assert not is_sealed_page(bytes(changed))
    assert not any(is_sealed_page(sealed[:length]) for length in range(len(sealed)))
