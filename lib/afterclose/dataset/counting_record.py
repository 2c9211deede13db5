"""What tells one trade from another of the same id.

Two accounts that number their trades alike make ledgers in which one id is two trades. A
correction of a record keeps its symbol, side and moment of entry; prices, fees, features and the
exit are what is corrected.
"""

from datetime import UTC, datetime
from typing import NamedTuple

from afterclose.trades.judged import Closed

SAME_MOMENT_S = 1.0
SECONDS_A_DAY = 86_400


class Counting(NamedTuple):
    """A closed record of which there are several with one id, and which is the last of them."""

    ledger: str
    symbol: str
    side: str
    entered: datetime

    @classmethod
    def of(cls, ledger: str, closed: Closed) -> "Counting":
        """The closed record as it was parsed from a line of ``ledger``."""
        row = closed.row
        entered_s = (
            datetime.fromisoformat(row.exit_timestamp).timestamp()
            - row.holding_days * SECONDS_A_DAY
        )
        return cls(ledger, row.symbol, row.side, datetime.fromtimestamp(entered_s, UTC))

    def is_of(self, other: "Counting") -> bool:
        """Whether both are records of one trade: a correction keeps symbol, side and entry."""
        apart_s = abs((self.entered - other.entered).total_seconds())
        return (self.symbol, self.side) == (other.symbol, other.side) and apart_s < SAME_MOMENT_S

    def __str__(self) -> str:
        return f"{self.side} {self.symbol} of {self.entered:%Y-%m-%d %H:%M} UTC in {self.ledger}"
