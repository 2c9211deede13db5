"""What made a model, beside its data and settings: library versions and the commit.

A pip freeze would name a hundred packages; these are the ones whose arithmetic is in the
numbers.
"""

import platform
import subprocess
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Final

from afterclose import __version__

LIBRARIES: Final = ("numpy", "scipy", "scikit-learn", "joblib", "msgspec")


def library_versions(model: str = "logistic") -> dict[str, str]:
    """Version of Python, of this package and of the libraries that compute a ``model``."""
    versions = {
        "python": platform.python_version(),
        "afterclose": __version__,
        **{name: version(name) for name in LIBRARIES},
    }
    if model == "xgboost":  # asked for its own word: it has several distributions
        versions["xgboost"] = import_module("xgboost").__version__
    return versions


def git_commit() -> str | None:
    """The commit that this code was checked out at; None where there is no repository."""
    try:
        done = subprocess.run(
            ["git", "rev-parse", "HEAD"],  # noqa: S607 - whichever git the machine has
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:  # no git in the image
        return None
    return done.stdout.strip() or None
