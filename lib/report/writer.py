"""Writes the review pages: each candidate's, once, and the scope's, after every cycle."""

from pathlib import Path
from typing import Any, Final

import msgspec
from markupsafe import Markup

from lib.artifacts import ModelStore
from lib.files import write_atomic
from lib.registry_checks import EVALUATION_FILE
from lib.report.candidate_view import candidate_view
from lib.report.drawing import house_style
from lib.report.pages import drawing, page
from lib.report.promote_line import promote_line
from lib.report.score_charts import calibration_chart, score_chart, sweep_chart
from lib.report.time_charts import equity_chart
from lib.report.verdict import main_part
from lib.settings import Settings

REPORT_FILE: Final = "report.html"


def write_candidate_report(model_dir: Path, model_id: str, settings: Settings) -> Path:
    """Draw the page of an evaluated model; the same evaluation gives the same bytes."""
    store = ModelStore(model_dir)
    folder = store.folder(model_id)
    evaluation = _evaluation(folder / EVALUATION_FILE)
    versus = evaluation["versus_active"]
    view = candidate_view(
        evaluation,
        store.read_metadata(model_id),
        store.read_metadata(versus["model_id"]) if versus else None,
        scope=f"{settings.market}/{settings.env}",
        promote=promote_line(model_id, settings, f"ml_models/{model_id}/{REPORT_FILE}"),
    )
    charts = _charts(evaluation, [part.key for part in view.parts])
    write_atomic(folder / REPORT_FILE, page("candidate.html.j2", view=view, charts=charts))
    return folder / REPORT_FILE


def _charts(evaluation: dict[str, Any], parts: list[str]) -> dict[str, Markup]:
    main = main_part(evaluation)
    records, threshold = evaluation["track_record"], evaluation["threshold"]
    with house_style():
        return {
            f"equity_{key}": drawing(equity_chart(f"equity-{key}", records[key])) for key in parts
        } | {
            "scores": drawing(score_chart("scores", records[main]["scores"], threshold)),
            "calibration": drawing(
                calibration_chart("calibration", evaluation[main]["calibration"])
            ),
            "sweep": drawing(sweep_chart("sweep", evaluation[main]["threshold_sweep"], threshold)),
        }


def _evaluation(path: Path) -> dict[str, Any]:
    evaluation: dict[str, Any] = msgspec.json.decode(path.read_bytes())
    return evaluation
