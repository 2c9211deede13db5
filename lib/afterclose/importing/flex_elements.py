"""The elements of a Flex statement, with the lines they stand in.

Read with expat itself: it knows the line of each element, and any document type is refused
before an entity can be declared, so that nothing is ever expanded or fetched.
"""

from collections.abc import Mapping
from typing import NamedTuple
from xml.parsers.expat import ExpatError, ParserCreate

from afterclose.errors import InputError

ROOT = "FlexQueryResponse"
WANTED = frozenset({"Trade", "Order", "TradeConfirm", "CorporateAction"})


class Element(NamedTuple):
    """One element; attributes that it lacks are not there."""

    tag: str
    attributes: Mapping[str, str]
    place: str


def read_elements(data: bytes) -> list[Element]:
    """The `WANTED` elements, in their order. Raises InputError for anything but such a file."""
    found: list[Element] = []
    parser = ParserCreate()
    depth = 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        line = parser.CurrentLineNumber
        if depth == 0 and tag != ROOT:
            raise InputError(
                f"line {line}: the file begins with <{tag[:40]}> and not with <{ROOT}>; export a "
                "Flex query in the format XML"
            )
        depth += 1
        if tag in WANTED:
            found.append(Element(tag, attributes, f"line {line}, {tag}"))

    def end(_: str) -> None:
        nonlocal depth
        depth -= 1

    def refuse(*_: object) -> None:
        line = parser.CurrentLineNumber
        raise InputError(
            f"line {line}: it has a document type (DTD), which no Flex statement has; nothing in "
            "it is believed. Export the statement again"
        )

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.ExternalEntityRefHandler = refuse  # type: ignore[assignment]
    try:
        parser.Parse(data, True)
    except (ExpatError, ValueError, LookupError) as error:  # LookupError: of an unknown encoding
        raise InputError(f"not XML: {error}; export the statement again") from None
    return found
