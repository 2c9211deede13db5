"""One Trade element of a Flex statement as an execution.

A contract's multiplier is part of the quantity, so that price times quantity is money. Costs
stand below 0 in a statement, and may be in another currency than the trade: then they are
not guessed, and the execution cannot be used.
"""

import re
from collections.abc import Mapping
from decimal import Decimal

from afterclose.importing.dates import Dates
from afterclose.importing.numbers import read_number
from afterclose.importing.parsed import Execution, NotUsable
from afterclose.importing.values import is_blank, price, text_of

ZERO = "quantity is 0"

_DAY_AND_TIME = re.compile(r"(\d{4})-?(\d\d)-?(\d\d)(?:[;, T]+(\d\d):?(\d\d):?(\d\d))?", re.ASCII)

Attributes = Mapping[str, str]


def flex_execution(raw: Attributes, place: str, dates: Dates) -> Execution:
    """The execution of an element's attributes. Raises NotUsable."""
    text_of("symbol", raw.get("symbol"))
    quantity = read_number("quantity", raw.get("quantity", ""))
    if not quantity:
        raise NotUsable(ZERO, "nothing was traded")
    said = raw.get("buySell", "").strip().upper()
    if element_is_unsigned(raw) and said == "SELL":
        quantity = -abs(quantity)
    _check_side(raw, quantity)
    account, symbol = instrument_of(raw)
    return Execution(
        account=account,
        symbol=symbol,
        moment=dates.read("the time", flex_time(raw)),
        price=_price(raw),
        quantity=quantity * _multiplier(raw),
        fees=_fees(raw),
        place=place,
        closes_only=_marks(raw) == {"C"},
        own_id="" if is_blank(raw.get("tradeID")) else raw["tradeID"].strip(),
        order_id=_order(raw),
        currency=raw.get("currency", "").strip(),
    )


def instrument_of(raw: Attributes) -> tuple[str, str]:
    """Account and symbol: what is matched with itself only."""
    return raw.get("accountId", ""), raw.get("symbol", "").strip()


def element_is_unsigned(raw: Attributes) -> bool:
    """A confirmation may give quantities without a sign."""
    return "price" in raw and not raw.get("quantity", "").strip().startswith("-")


def _order(raw: Attributes) -> str:
    for name in ("ibOrderID", "orderID", "brokerageOrderID"):
        if not is_blank(raw.get(name)):
            return raw[name].strip()
    return ""


def _price(raw: Attributes) -> float:
    """An option that expires worthless, or is exercised, is booked at a price of 0."""
    name = "tradePrice" if "tradePrice" in raw else "price"
    text = raw.get(name, "")
    booked = raw.get("transactionType") == "BookTrade" or bool(
        {"Ep", "Ex", "A"} & set(raw.get("notes", "").split(";"))
    )
    if booked and not is_blank(text) and not read_number(name, text):
        return 0.0
    return price(name, raw.get(name))


def _multiplier(raw: Attributes) -> Decimal:
    """Units in one contract; 1 where none is given."""
    name = "multiplier"
    given = Decimal(1) if is_blank(raw.get(name)) else read_number(name, raw[name])
    if given <= 0:
        raise NotUsable("multiplier not above 0", f"{name} is {float(given):g}")
    return given


def _marks(raw: Attributes) -> set[str]:
    return set(raw.get("openCloseIndicator", "").replace(" ", "").split(";")) - {""}


def _check_side(raw: Attributes, quantity: Decimal) -> None:
    said = raw.get("buySell", "").strip().upper()
    if said in ("BUY", "SELL") and (said == "BUY") != (quantity > 0):
        raise NotUsable("unknown side", f"buySell is {said} and the quantity {float(quantity):g}")


def _fees(raw: Attributes) -> float:
    """Commission and taxes, in the currency of the trade; the broker writes costs below 0."""
    names = [n for n in ("ibCommission", "commission", "taxes", "tax") if not is_blank(raw.get(n))]
    fees = -sum(float(read_number(name, raw[name])) for name in names)
    own = raw.get("currency", "")
    other = raw.get("ibCommissionCurrency") or raw.get("commissionCurrency", "")
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
