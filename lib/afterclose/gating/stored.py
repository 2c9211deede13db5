"""evaluation.json: written once, and read whole for as long as its model is kept.

Older versions are brought up to the present one here and nowhere else, so that whoever takes
an `Evaluation` need not know how old it is, unless it wants to say so.
"""

from pathlib import Path
from typing import Any, Final

import msgspec

from afterclose.disk.files import write_atomic
from afterclose.errors import UNREADABLE, IntegrityError
from afterclose.evaluating.figures import OLDEST, VERSION, Evaluation
from afterclose.scope_files import EVALUATION_FILE

OLD_EVIDENCE: Final = "evidence"
"""The field whose meaning changed with version 2: bets were on trades and not on sessions."""


def read_evaluation(folder: Path) -> Evaluation:
    """The evaluation in a model's folder. Raises IntegrityError when it is unreadable."""
    path = folder / EVALUATION_FILE
    try:
        return evaluation_of(msgspec.json.decode(path.read_bytes(), type=dict[str, Any]))
    except OSError as error:
        raise IntegrityError(path, f"cannot be read: {error}", "Evaluate the model.") from None
    except UNREADABLE as error:
        raise IntegrityError(
            path, f"is not an evaluation: {error}", "Move it away, then evaluate again."
        ) from None


def write_evaluation(folder: Path, evaluation: Evaluation) -> None:
    """Leave an evaluation in a model's folder. Raises StorageError."""
    data = msgspec.json.format(msgspec.json.encode(evaluation), indent=1) + b"\n"
    write_atomic(folder / EVALUATION_FILE, data)


def evaluation_of(plain: dict[str, Any]) -> Evaluation:
    """The evaluation in plain values. Raises ValueError naming the field that is wrong."""
    version = plain.get("schema_version")
    if not isinstance(version, int) or not OLDEST <= version <= VERSION:
        raise msgspec.ValidationError(f"schema_version {version!r} is not {OLDEST} to {VERSION}")
    if version < VERSION:
        plain = plain | {OLD_EVIDENCE: None}
    return msgspec.convert(plain, Evaluation)
