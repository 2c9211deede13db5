"""Feature names that can only hold what was learned after the decision.

A column called ``exit_price`` or ``pnl`` inside the features makes any model look perfect
and lose money. Names cannot prove a leak (the evaluation also looks for single features
that are too good), but these ones are never innocent, and a record that carries one is
rejected rather than cleaned: its writer does not freeze features at the decision.

Statistics of earlier trades may well be known at the decision, so a name that says so
(``prev_trade_pnl``, ``avg_mae_20``) passes, and so does realized volatility.
"""

import re
from functools import lru_cache

_WORD_BORDER = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+")

_KNOWN_LATER = re.compile(
    r"""
      ^exit                                         # exit_price, exit_type, exitReason
    | (^|_)exit_(price|time|date|type|reason)       # trade_exit_price, final_exit_timestamp
    | pnl | (^|_)(pn_l|p_l(_|$))                    # net_pnl_pct, PnL, P&L
    | (^|_)(mae|mfe)(pct|percent)?\d*(_|$)          # mae, trade_mfe_pct
    | (^|_)reali[sz]ed_(?!vol|var|std|sigma|skew|kurt|range|corr|beta)
    | ^(trade_|is_|final_|net_)*(bad|bad_trade|good_trade|outcome|label|win|won|winner|loss|lost
        |loser|profit|profitable|profit_pct|return_at_exit)$
    | ^(trade_)?(holding_(days|hours|minutes|bars|period|time)|(days|bars|hours)_held)$
    """,
    re.VERBOSE,
)

_OF_EARLIER_TRADES = re.compile(
    r"(^|_)(prev|previous|prior|past|last|lag\d*|lagged|rolling|trailing|recent|hist|historical"
    r"|yesterday)(_|$)"
)

_AVERAGE = re.compile(r"(^|_)(avg|average|mean|median|ewm|ema)(_|$)")

_EXIT = re.compile(r"(^|_)exit")


@lru_cache(maxsize=4096)
def known_later(name: str) -> bool:
    """Whether a feature of this name cannot have been known at the decision.

    Upper and lower case, camelCase, spaces and punctuation make no difference. An average
    excuses a PnL or an excursion, which averages over trades, but not an exit price, which
    averages over the fills of this one.
    """
    plain = _WORD_BORDER.sub("_", name).lower()
    if not _KNOWN_LATER.search(plain) or _OF_EARLIER_TRADES.search(plain):
        return False
    return not _AVERAGE.search(plain) or _EXIT.search(plain) is not None
