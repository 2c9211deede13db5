"""How often something happened, with the exact interval of that rate."""

from collections.abc import Iterable
from typing import NamedTuple

from scipy.special import betaincinv


class Rate(NamedTuple):
    """``happened`` of ``tries``; the true rate lies from ``low`` to ``high`` with 95 %."""

    happened: int
    tries: int
    low: float
    high: float

    def __str__(self) -> str:
        share = self.happened / self.tries if self.tries else 0.0
        return f"{100 * share:.1f} ({100 * self.low:.1f} to {100 * self.high:.1f})"


def rate_of(happened: Iterable[bool]) -> Rate:
    """The rate of what is true."""
    listed = [bool(one) for one in happened]
    return Rate(sum(listed), len(listed), *binomial_interval(sum(listed), len(listed)))


def binomial_interval(successes: int, tries: int) -> tuple[float, float]:
    """The exact 95 % interval of a rate (Clopper & Pearson, 1934)."""
    failures = tries - successes
    low = float(betaincinv(successes, failures + 1, 0.025)) if successes else 0.0
    high = float(betaincinv(successes + 1, failures, 0.975)) if failures else 1.0
    return low, high
