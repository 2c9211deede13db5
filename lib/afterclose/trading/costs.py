"""What trading on paper costs: slippage against the trade, and fees, both in basis points."""

from afterclose.settings import Settings

BASIS_POINT = 1e-4


def slipped(settings: Settings, price: float, *, buying: bool) -> float:
    """The price that is paid or received where the market is at ``price``."""
    slippage = settings.slippage_bps * BASIS_POINT
    return price * (1 + slippage if buying else 1 - slippage)


def fees_of(settings: Settings, price: float, quantity: float) -> float:
    """Fees of one side, in currency."""
    return price * quantity * settings.fees_bps * BASIS_POINT
