"""A checksum at the end of a JSON object or a page: a changed byte does not pass for a value.

Disks and copies change bits without a word, and ``2026`` turned into ``6026`` is still a
date: a status file that says so would put off every cycle for four thousand years. What a
reader acts on is therefore sealed with CRC-32, which finds every single changed bit. It is
no signature: whoever may write the file may write the seal (digests and signatures are for
what must not be forged). A file of checksums beside could be out of step with its file.

Readers take an object without a seal, so a person may write one by hand; a seal that does
not match is damage. To `verify`, what this project wrote must have one.
"""

import re
import zlib

_LENGTH_BYTES = len(b',"crc32":"01234567"}')

_SEALED = re.compile(rb'(.*),\s*"crc32": ?"[0-9a-f]{8}"(\n?\}\n?)', re.DOTALL)


def seal(text: bytes) -> bytes:
    """A JSON object that has fields, compact or indented, with ``crc32`` as its last field."""
    body = text.rstrip()[:-1].rstrip()
    lead = text[1 : text.index(b'"')]  # the line break and indentation of each field
    space = b" " if lead else b""
    closing = text[len(body) :]
    return b'%b,%b"crc32":%b"%08x"%b' % (body, lead, space, zlib.crc32(body), closing)


def is_sealed(text: bytes) -> bool:
    """Whether the object has its seal and is the one that was sealed, to the last bit."""
    body = text[:-_LENGTH_BYTES]  # as it is in a line of a log, of which there are thousands
    if text[:2] == b'{"' and text == b'%b,"crc32":"%08x"}' % (body, zlib.crc32(body)):
        return True
    found = _SEALED.fullmatch(text)
    return found is not None and seal(found[1] + found[2]) == text


def seal_page(text: bytes) -> bytes:
    """An HTML page with a last comment that holds its checksum."""
    return text + _page_seal(text)


def is_sealed_page(text: bytes) -> bool:
    """Whether the page has its seal and is the one that was sealed, to the last bit."""
    length = len(text) - len(_page_seal(b""))
    return length >= 0 and text[length:] == _page_seal(text[:length])


def seal_text(text: bytes) -> bytes:
    """Lines in which ``#`` begins a comment, with a last one that holds their checksum."""
    return text + b"# crc32 %08x\n" % zlib.crc32(text)


def is_sealed_text(text: bytes) -> bool:
    """Whether the lines have their seal and are those that were sealed, to the last bit."""
    return seal_text(text[: -len(seal_text(b""))]) == text


def is_damaged(text: bytes) -> bool:
    """Whether the object has a seal that does not match it."""
    return b'"crc32"' in text and not is_sealed(text)


def _page_seal(text: bytes) -> bytes:
    return b"<!-- crc32 %08x -->\n" % zlib.crc32(text)
