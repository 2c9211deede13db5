"""The heartbeat tells how long ago cron was alive."""

import math
from datetime import UTC, datetime, timedelta
from pathlib import Path

from afterclose.cron.heartbeat import age_s, beat

NOW = datetime(2026, 1, 27, 21, 30, tzinfo=UTC)


def test_age_is_the_time_since_the_last_beat(tmp_path: Path) -> None:
    path = tmp_path / "scope" / "beat"
    beat(path, NOW - timedelta(hours=1))
    beat(path, NOW)
    assert age_s(path, NOW + timedelta(seconds=90)) == 90


def test_no_file_means_that_cron_never_ran_here(tmp_path: Path) -> None:
    assert age_s(tmp_path / "beat", NOW) is None


def test_a_file_that_holds_no_moment_is_infinitely_old(tmp_path: Path) -> None:
    for text in ("", "yesterday", "2026-01-27T21:30:00"):
        (tmp_path / "beat").write_text(text)
        assert age_s(tmp_path / "beat", NOW) == math.inf
