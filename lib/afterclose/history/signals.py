"""The signals of a strategy as a file: one JSON object a line, oldest first.

The rules run wherever they like and hand over entries, not code: a file of signals can be
read by a person, replayed with and without the filter, and made by another language.
"""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta

from afterclose.errors import InputError
from afterclose.records import Signal

AboveZero = Annotated[float, Meta(gt=0)]
"""A price, a quantity or a number of days."""


class SignalLine(Signal, frozen=True, kw_only=True):
    """A signal as it is read: each field of one type, in its range."""

    side: Literal["long", "short"] = "long"
    timestamp: datetime
    decision_timestamp: datetime | None = None
    price: AboveZero
    quantity: AboveZero
    stop_price: AboveZero | None = None
    target_price: AboveZero | None = None
    max_holding_days: AboveZero | None = None


def read_signals(path: Path, timezone: str) -> list[Signal]:
    """The signals in ``path``, oldest first; those of one moment keep their order.

    A naive timestamp is the local time of ``timezone``. Raises InputError naming the line
    that is no signal.
    """
    zone, decoder = ZoneInfo(timezone), msgspec.json.Decoder(SignalLine)
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None
    signals: list[tuple[datetime, Signal]] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            signal = decoder.decode(line)
        except ValueError as error:
            raise InputError(f"{path}: line {number} is no signal: {error}") from None
        moment = signal.timestamp
        if moment.utcoffset() is None:
            moment = moment.replace(tzinfo=zone)
        fields = msgspec.structs.asdict(signal) | {"timestamp": moment}
        signals.append((moment, Signal(**fields)))
    return [signal for _, signal in sorted(signals, key=lambda pair: pair[0])]
