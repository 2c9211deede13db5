"""The evaluation of a published model, read from its folder and decoded once."""

from pathlib import Path

from afterclose.errors import IntegrityError
from afterclose.evaluating.figures import Evaluation, decode_evaluation
from afterclose.scope_files import EVALUATION_FILE


def read_evaluation(folder: Path) -> Evaluation:
    """The evaluation in a model's folder. Raises IntegrityError when it is unreadable."""
    path = folder / EVALUATION_FILE
    try:
        return decode_evaluation(path.read_bytes(), path)
    except OSError as error:
        raise IntegrityError(path, f"cannot be read: {error}", "Evaluate the model.") from None
