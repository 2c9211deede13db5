"""What trading on paper costs: slippage against the trade, and fees, both in basis points.

Bot, shadow trades and study count alike: a study that paid less than the paper executor would
promise what no session keeps.
"""

from typing import NamedTuple

from afterclose.settings import Settings

BASIS_POINT = 1e-4


class Costs(NamedTuple):
    """Of each side of a trade, in basis points of its price."""

    slippage_bps: float
    fees_bps: float

    @classmethod
    def from_settings(cls, settings: Settings) -> "Costs":
        """The costs of a scope."""
        return cls(settings.slippage_bps, settings.fees_bps)

    def slipped(self, price: float, *, buying: bool) -> float:
        """The price that is paid or received where the market is at ``price``."""
        slippage = self.slippage_bps * BASIS_POINT
        return price * (1 + slippage if buying else 1 - slippage)

    def fees(self, price: float, quantity: float) -> float:
        """Fees of one side, in currency."""
        return price * quantity * self.fees_bps * BASIS_POINT
