"""Writes the page of two models side by side into the scope's folder."""

from pathlib import Path

from afterclose.disk.files import write_atomic
from afterclose.evaluating.side_by_side import SideBySide
from afterclose.learning.artifacts import ModelStore
from afterclose.learning.blocking import blocking_of
from afterclose.report.compare_view import ModelName, compare_view
from afterclose.report.pages import page
from afterclose.scope_files import MODELS_FOLDER, REPORT_FILE
from afterclose.settings import Settings
from afterclose.wording.numbers import typeset


def compare_page(first: str, second: str) -> str:
    """The name of the page, beside the scope's own."""
    return f"compare_{first}_{second}.html"


def write_compare_page(settings: Settings, found: SideBySide, first: str, second: str) -> Path:
    """Draw the page; the same comparison gives the same bytes. Raises StorageError."""
    view = compare_view(
        found,
        _named(settings, first),
        _named(settings, second),
        scope=f"{settings.market}/{settings.env}",
    )
    path = settings.root / compare_page(first, second)
    write_atomic(path, page("compare.html.j2", view=view))
    return path


def _named(settings: Settings, model_id: str) -> ModelName:
    link = f"{MODELS_FOLDER}/{model_id}/{REPORT_FILE}"
    metrics = ModelStore(settings.model_dir).read_metadata(model_id)["metrics"]
    threshold = blocking_of(metrics, settings.risk_threshold).words()
    return ModelName(model_id, link if (settings.root / link).is_file() else "", typeset(threshold))
