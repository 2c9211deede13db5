"""In which currency a pair is traded: BTC/USDT and SOLUSDT in USDT, XXBTZEUR in EUR."""

import re

_SLASHED = re.compile(r"[A-Z0-9]{2,15}[/-]([A-Z]{3,5})(?::[A-Z]+)?", re.ASCII)

QUOTES = (
    "FDUSD", "USDT", "USDC", "BUSD", "TUSD", "ZUSD", "ZEUR", "ZGBP", "ZJPY", "ZCAD", "ZAUD", "XXBT",
    "XETH", "USD", "EUR", "GBP", "JPY", "CAD", "AUD", "CHF", "TRY", "BRL", "DAI", "XBT", "BTC",
    "ETH", "BNB",
)  # fmt: skip
"""What pairs written in one word end in, longest first; Kraken puts Z or X before some."""


def quote_of(symbol: str, *, one_word: bool) -> str:
    """The second currency of a pair, empty where the symbol is none.

    Only an exchange writes pairs in one word (``one_word``): a share may be called XYZUSD.
    """
    if found := _SLASHED.fullmatch(symbol):
        return found[1]
    for quote in QUOTES if one_word else ():
        if symbol.endswith(quote) and len(symbol) > len(quote):
            return quote[1:] if len(quote) == 4 and quote[0] in "ZX" else quote
    return ""
