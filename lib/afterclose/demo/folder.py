"""The demo's folder: made anew each time, and never in a place that is somebody else's.

A demo that began by emptying ``--logs-dir`` would one day empty a year of trades. Only in a
folder that carries the demo's own marker is its scope removed; any other folder that is not
empty is refused.
"""

from pathlib import Path

from afterclose.disk.files import remove_folder, write_atomic
from afterclose.errors import InputError
from afterclose.settings import Settings

MARKER = ".afterclose-demo"
NOTICE = b"Made by `make demo`, which removes its trades and models here and makes them anew.\n"


def renew(settings: Settings) -> None:
    """Empty the scope in the demo's folder, or make that folder.

    Raises InputError when there is a folder that is not the demo's, StorageError.
    """
    folder = Path(settings.logs_dir)
    ours = (folder / MARKER).is_file()
    if not ours and folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(
            f"{folder} was not made by the demo and is not empty; nothing in it was touched. "
            "Choose another folder: make demo LOGS_DIR=..."
        )
    if settings.root.exists():
        remove_folder(settings.root)
    write_atomic(folder / MARKER, NOTICE)
