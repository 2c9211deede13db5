"""What a verdict is about, in a form that the log takes whatever a strategy passed.

A subject is for the log alone, so nothing in it may cost a trade its verdict: a symbol that is
a number becomes text, a price that is none is left out, and a thing that is no subject at all
counts as an empty one.
"""

import math
from datetime import UTC, datetime

import msgspec

from afterclose.records import Subject

NO_SUBJECT = Subject()

MAX_TEXT_CHARACTERS = 200
"""Of an id, a symbol or a name: longer ones are cut, so that no line fills a disk."""


class Plan(msgspec.Struct, frozen=True, omit_defaults=True):
    """How the rules meant to trade an entry; see `afterclose.records.Subject`."""

    price: float | None = None
    quantity: float | None = None
    stop_price: float | None = None
    target_price: float | None = None
    max_holding_days: float | None = None


_PLAN_FIELDS = Plan.__struct_fields__


def plain_subject(about: object) -> tuple[Subject, Plan | None]:
    """``about`` in plain texts, and its plan, None without one. Never raises."""
    if about is NO_SUBJECT or not isinstance(about, Subject):
        return NO_SUBJECT, None
    subject = Subject(
        trade_id=_text(about.trade_id),
        symbol=_text(about.symbol),
        side=_text(about.side),
        at=_moment(about.at),
        strategy=_text(about.strategy),
    )
    numbers = [_number_above_0(getattr(about, name)) for name in _PLAN_FIELDS]
    return subject, Plan(*numbers) if any(numbers) else None


def entry_id(symbol: str | None, side: str | None, strategy: str | None, decided: datetime) -> str:
    """The id of an entry that its bot gave none; ``decided`` is its aware moment."""
    moment = f"{decided.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    return "-".join(filter(None, (symbol, moment, side or "long", strategy)))


def _text(value: object) -> str | None:
    if value is None or (type(value) is str and len(value) < MAX_TEXT_CHARACTERS):
        return _encodable(value) if value else None
    try:
        return _encodable(str(value)[:MAX_TEXT_CHARACTERS]) or None
    except Exception:  # noqa: BLE001 - any object may stand here, with any code in it
        return None


def _encodable(text: str) -> str:
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def _moment(value: object) -> str | None:
    """ISO 8601 text of a datetime, pandas' too; a text stays as it is."""
    if not isinstance(value, datetime):
        return _text(value)
    try:
        return _text(value.isoformat())
    except Exception:  # noqa: BLE001 - a zone's own code may raise anything
        return None


def _number_above_0(value: object) -> float | None:
    if value is None or isinstance(value, str | bool):
        return None
    try:
        number = float(value)  # type: ignore[arg-type]  # what is no number raises
    except Exception:  # noqa: BLE001 - any object may stand here, with any code in it
        return None
    return number if 0 < number < math.inf else None
