"""JSON with its checksum, as files and as lines of logs: one way to write it, one to read it.

What is written ends with `afterclose.disk.seal`'s checksum and a newline; what is read is
decoded, held to its type and then to its checksum. A type says which versions it takes by the
range of its ``schema_version``, so a file of a later program is refused here like any other
that is not of the type. Absence, and what to do about damage, are for whoever asks: an absent
journal is an empty one, and an absent dataset beside its rows is a fault.
"""

from pathlib import Path
from typing import TypeVar

import msgspec

from afterclose.disk.files import write_atomic
from afterclose.disk.seal import is_damaged, seal

Decoded = TypeVar("Decoded")


class _Numbered(msgspec.Struct):
    schema_version: object = None


def as_text(words: str) -> str:
    """What JSON can hold of ``words``: a command line may hold bytes that are no text."""
    return words.encode(errors="replace").decode()


def encode_sealed(value: object, *, indent: int = 0) -> bytes:
    """``value``, which has fields, as a sealed object with its newline.

    One line; with ``indent`` spaces a field a line, for a file that people read.
    """
    text = msgspec.json.encode(value)
    return seal((msgspec.json.format(text, indent=indent) if indent else text) + b"\n")


def decode_sealed(data: bytes, kind: type[Decoded]) -> Decoded:
    """The ``kind`` in ``data``. Raises one of `UNREADABLE`, saying what is wrong, otherwise.

    An object without a seal is taken: a person may write one by hand.
    """
    try:
        value = msgspec.json.decode(data, type=kind)
    except msgspec.ValidationError as error:
        if not str(error).endswith("`$.schema_version`"):
            raise
        number = msgspec.json.decode(data, type=_Numbered).schema_version
        raise ValueError(f"schema_version {number} is not read by this afterclose") from error
    if is_damaged(data):
        raise ValueError("changed since it was written")
    return value


def write_sealed(path: Path, value: object, *, indent: int = 0) -> None:
    """Replace the file by a sealed object. Raises StorageError."""
    write_atomic(path, encode_sealed(value, indent=indent))
