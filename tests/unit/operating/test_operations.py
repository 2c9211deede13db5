"""What an operator may ask of the registry, and what is refused before anything is touched."""

from datetime import UTC, datetime

import pytest

from afterclose.errors import InputError
from afterclose.operating.operations import lock
from afterclose.settings import Settings

MORNING = datetime(2026, 1, 28, 14, 10, tzinfo=UTC)
"""Twenty minutes before the open."""


def test_a_lock_within_fewer_than_no_minutes_is_no_argument(settings: Settings) -> None:
    with pytest.raises(InputError, match="--within -5 is before no open"):
        lock(settings, MORNING, -5)
    assert not settings.root.exists()
    assert lock(settings, MORNING, 0).status == "nothing_due"
