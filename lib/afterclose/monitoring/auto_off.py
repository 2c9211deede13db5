"""With ML_AUTO_OFF a harm alarm switches the filter off: the one thing that happens by itself.

It is the safe direction, the rules alone, and only when the alarm begins: a person who has
switched the filter on again, knowing of the alarm, is not overruled the next night.
"""

import logging
from datetime import datetime
from typing import Final

from afterclose.monitoring.monitor_file import Monitor
from afterclose.settings import Settings
from afterclose.trading.switch import Switch

BY: Final = "the monitor (ML_AUTO_OFF)"

_logger = logging.getLogger(__name__)


def switch_off_if_harmful(
    settings: Settings, now: datetime, before: Monitor | None, found: Monitor
) -> str:
    """Why the filter was switched off just now; empty where it was not. Raises StorageError."""
    switch = Switch(settings)
    if not settings.auto_off or not found.harm.alarm or switch.is_off():
        return ""
    if before and before.harm.alarm and before.harm.since == found.harm.since:
        return ""
    reason = f"blocked decisions do better than kept ones: {found.harm.words}"
    switch.turn_off(now, BY, reason)
    _logger.warning("the filter was switched off by ML_AUTO_OFF: %s", reason)
    return reason
