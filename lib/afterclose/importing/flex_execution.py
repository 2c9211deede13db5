"""One Trade element of a Flex statement as an execution.

A contract's multiplier is part of the quantity, so that price times quantity is money. Costs
stand below 0 in a statement, and may be in another currency than the trade: then they are
not guessed, and the execution cannot be used.
"""

import re
from collections.abc import Mapping
from fractions import Fraction

from afterclose.importing.fifo import Execution, Instrument
from afterclose.importing.parsed import NotUsable
from afterclose.importing.values import Moments, exact, is_blank, price, text_of

ZERO = "quantity is 0"

_DAY_AND_TIME = re.compile(r"(\d{4})-?(\d\d)-?(\d\d)(?:[;, T]+(\d\d):?(\d\d):?(\d\d))?", re.ASCII)

Attributes = Mapping[str, str]


def flex_execution(raw: Attributes, place: str, moments: Moments) -> Execution:
    """The execution of an element's attributes. Raises NotUsable."""
    symbol = text_of("symbol", raw.get("symbol"))
    quantity = exact("quantity", raw.get("quantity"))
    if not quantity:
        raise NotUsable(ZERO, "nothing was traded")
    _check_side(raw, quantity)
    moment, timestamp = moments.read("the time", flex_time(raw))
    return Execution(
        instrument=instrument_of(raw),
        symbol=symbol,
        moment=moment,
        timestamp=timestamp,
        price=price("tradePrice", raw.get("tradePrice")),
        quantity=quantity * _multiplier(raw),
        fees=_fees(raw),
        place=place,
        closes_only=_marks(raw) == {"C"},
        own_id="" if is_blank(raw.get("tradeID")) else raw["tradeID"].strip(),
    )


def instrument_of(raw: Attributes) -> Instrument:
    """Account and contract: what is matched with itself only."""
    contract = raw.get("conid") or f"{raw.get('symbol', '')} {raw.get('currency', '')}"
    return raw.get("accountId", ""), contract


def _multiplier(raw: Attributes) -> Fraction:
    """Units in one contract; 1 where none is given."""
    name = "multiplier"
    given = Fraction(1) if is_blank(raw.get(name)) else exact(name, raw[name])
    if given <= 0:
        raise NotUsable("multiplier not above 0", f"{name} is {float(given):g}")
    return given


def _marks(raw: Attributes) -> set[str]:
    return set(raw.get("openCloseIndicator", "").replace(" ", "").split(";")) - {""}


def _check_side(raw: Attributes, quantity: Fraction) -> None:
    said = raw.get("buySell", "").strip().upper()
    if said in ("BUY", "SELL") and (said == "BUY") != (quantity > 0):
        raise NotUsable("unknown side", f"buySell is {said} and the quantity {float(quantity):g}")


def _fees(raw: Attributes) -> Fraction:
    """Commission and taxes, in the currency of the trade; the broker writes costs below 0."""
    names = [name for name in ("ibCommission", "taxes") if not is_blank(raw.get(name))]
    fees = -sum((exact(name, raw[name]) for name in names), Fraction(0))
    own, other = raw.get("currency", ""), raw.get("ibCommissionCurrency", "")
    if fees and own and other and own != other:
        what = f"the commission is in {other[:5]}, the trade in {own[:5]}"
        raise NotUsable("commission in another currency", what)
    return fees


def flex_time(raw: Attributes) -> str:
    """When it was, as ISO 8601 where it is in one of the statement's formats."""
    text = raw.get("dateTime") or f"{raw.get('tradeDate', '')};{raw.get('tradeTime', '')}"
    parts = _DAY_AND_TIME.fullmatch(text.strip().rstrip(";"))
    if not parts:
        return text
    year, month, day, *clock = parts.groups()
    return f"{year}-{month}-{day}" + ("T" + ":".join(clock) if clock[0] else "")
