"""How quick this machine is just now: a bound in seconds means something only beside that.

The promises themselves are ratios, measured by `make bench` on a quiet machine. What the suite
holds is that nothing became several times slower: a lost cache, work that grows with the square.
"""

import time

QUIET_S = 0.1
"""The fixed loop below on a quiet machine of the kind that the promises were measured on."""

MARGIN = 2.0
"""Other tests run beside this one and share its caches: half of the promise is the machine's."""


def slowness() -> float:
    """How many times slower this machine is now than a quiet one; at least 1."""
    started_s = time.process_time()
    total = 0
    for number in range(2_000_000):
        total += number & 3
    return max(1.0, (time.process_time() - started_s) / QUIET_S)


def allowed_s(promised_s: float) -> float:
    """Seconds that work promised in ``promised_s`` may take here and now."""
    return promised_s * MARGIN * slowness()
