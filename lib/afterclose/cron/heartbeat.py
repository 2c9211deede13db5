"""A file that says when cron last drew breath; without it, silence would look like health.

The runner touches it once a minute, in the loop that starts the jobs: a hung loop, a lost
process or a volume that can no longer be written all leave it behind. It lies in the scope's
folder, so that a health check sees it from the host too, and holds the moment as text: a
file's own time says when a backup was restored, not when cron ran.
"""

from datetime import datetime
from pathlib import Path

from afterclose.disk.files import write_atomic

STALE_AFTER_S = 180.0
"""Three missed minutes: cron no longer fires."""


def beat(path: Path, now: datetime) -> None:
    """Write that cron is alive at ``now``. Raises StorageError."""
    write_atomic(path, f"{now.isoformat(timespec='seconds')}\n".encode())


def age_s(path: Path, now: datetime) -> float | None:
    """Seconds since the last beat; None when cron never ran here.

    A file that holds no moment is infinitely old, and so is one that a clock wrote which was
    ahead: it would look fresh until then. ``now`` is aware.
    """
    try:
        last = datetime.fromisoformat(path.read_text(encoding="utf-8").strip())
        age = (now - last).total_seconds()
        return age if age > -STALE_AFTER_S else float("inf")
    except FileNotFoundError:
        return None
    except (ValueError, TypeError):
        return float("inf")
