"""Many lines appended to one file in few large writes, with their count and digest.

One durable append for each line would sync the disk a million times; all of them in one
would hold half a gigabyte in memory.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from afterclose.disk.files import append_durable, truncate_durable

if TYPE_CHECKING:
    from hashlib import _Hash as Digest

FLUSH_BYTES = 4 << 20


class LineWriter:
    """Appends to ``path``, which is ``start_bytes`` long; ``prefix`` is the SHA-256 of those.

    ``lines`` counts what was added. All of it is on disk when `finish` returns, and some of
    it before that, so whoever reads the file must know how many of its bytes count. Raises
    StorageError.
    """

    def __init__(self, path: Path, start_bytes: int, prefix: "Digest") -> None:
        self.path = path
        self._start_bytes = start_bytes
        self._prefix = prefix
        self._begin()

    def add(self, lines: bytes, count: int = 1) -> None:
        """Append ``count`` lines, each with its end."""
        if self._waiting_bytes >= FLUSH_BYTES:
            self._flush(sync=False)
        self._waiting.append(lines)
        self._waiting_bytes += len(lines)
        self.lines += count

    @property
    def bytes(self) -> int:
        """Length of the file with all lines."""
        return self._flushed_bytes + self._waiting_bytes

    def sha256(self) -> str:
        """SHA-256 of the file with all lines."""
        digest = self._digest.copy()
        digest.update(b"".join(self._waiting))
        return digest.hexdigest()

    def finish(self) -> None:
        """Bring all lines to the disk."""
        if self._waiting:
            self._flush(sync=True)

    def roll_back(self) -> None:
        """Take back all lines, also those on disk."""
        if self._flushed_bytes > self._start_bytes and self.path.exists():
            truncate_durable(self.path, self._start_bytes)
        self._begin()

    def _begin(self) -> None:
        self.lines = 0
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0
        self._flushed_bytes = self._start_bytes
        self._digest = self._prefix.copy()

    def _flush(self, *, sync: bool) -> None:
        lines = b"".join(self._waiting)
        append_durable(self.path, lines, sync=sync)
        self._digest.update(lines)
        self._flushed_bytes += len(lines)
        self._waiting, self._waiting_bytes = [], 0
