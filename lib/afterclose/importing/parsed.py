"""What a parser of another system's file hands on: trades, what is left open, what is not used.

Every row, element or fill of a file ends up in exactly one of them, with its place in the
file, so that nothing disappears without a line in the report.
"""

import msgspec

from afterclose.records import Trade


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What the user said besides the file.

    ``timezone`` (IANA) is that of timestamps without an offset; ``symbol`` is for files that
    name none; ``strategy`` chooses among several in one file, None where there is one.
    """

    timezone: str
    symbol: str
    strategy: str | None = None


class Found(msgspec.Struct, frozen=True):
    """A trade, and its place in the file ("line 7")."""

    trade: Trade
    place: str


class Unused(msgspec.Struct, frozen=True):
    """Something that gives no trade: ``reason`` is counted, ``detail`` says it of this one."""

    place: str
    reason: str
    detail: str


class LeftOpen(msgspec.Struct, frozen=True):
    """A position that the fills of a file open and do not close; ``quantity`` is above 0."""

    symbol: str
    side: str
    quantity: float
    entry_price: float
    entry_timestamp: str
    place: str


class Parsed(msgspec.Struct, frozen=True, kw_only=True):
    """All that one file holds, in its order; ``notes`` are sentences for people."""

    found: list[Found]
    unused: list[Unused] = []
    left_open: list[LeftOpen] = []
    notes: list[str] = []


class NotUsable(Exception):
    """One row or element cannot be used; see `Unused` for the fields."""

    def __init__(self, reason: str, detail: str) -> None:
        self.reason, self.detail = reason, detail
        super().__init__(f"{reason}: {detail}")

    def at(self, place: str) -> Unused:
        """It, with its place."""
        return Unused(place, self.reason, self.detail)
