"""What has changed since people were told: alerts that are new, and alerts that have ended.

An alert's sentence has figures in it that move by themselves (seconds, stakes, counts); it is
the same alert while only they do, or a message would come every minute.
"""

import re
from collections.abc import Iterable
from typing import Final

_FIGURES: Final = re.compile(r"[+-]?\d[\d.,:e+-]*")


def by_key(alerts: Iterable[str]) -> dict[str, str]:
    """Alerts by what stays the same of them; a second one that differs in figures is another."""
    found: dict[str, str] = {}
    for alert in alerts:
        key, number = _FIGURES.sub("#", alert), 2
        while key in found:
            key, number = f"{_FIGURES.sub('#', alert)} ({number})", number + 1
        found[key] = alert
    return found


def changes(scope: str, known: dict[str, str], now: dict[str, str]) -> list[str]:
    """A line for each alert that is new, then for each that has ended."""
    new = [f"{scope}: {now[key]}" for key in now if key not in known]
    ended = [f"{scope}: resolved: {known[key]}" for key in known if key not in now]
    return new + ended
