"""Writes the review pages: each candidate's, once, and the scope's, after every cycle.

What is drawn is read from the scope's files alone, so a page can be made again at any time,
and a night's work can leave a page out when drawing fails.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import msgspec
from markupsafe import Markup

from afterclose.dataset.file import DatasetFile
from afterclose.disk.files import write_atomic
from afterclose.errors import UNREADABLE
from afterclose.evaluating.figures import Evaluation
from afterclose.gating.stored import read_evaluation
from afterclose.learning.artifacts import ModelStore
from afterclose.nightly.cycle_state import CYCLE_JOB
from afterclose.nightly.journal import Journal
from afterclose.nightly.operator_view import show_status
from afterclose.nightly.work import Workplace
from afterclose.records import Outcome
from afterclose.registry.reader import read_registry
from afterclose.report.account_charts import Values
from afterclose.report.candidate_view import candidate_view
from afterclose.report.dataset_chart import dataset_chart
from afterclose.report.held import held_worth
from afterclose.report.morning_view import morning_view
from afterclose.report.pages import drawing, page
from afterclose.report.recent_verdicts import recent_verdicts
from afterclose.report.scope_view import CompareChoice, scope_view
from afterclose.report.score_charts import calibration_chart, score_chart, sweep_chart
from afterclose.report.time_chart import TimeChart
from afterclose.report.time_charts import equity_chart
from afterclose.report.volume_writer import MOST_EACH_TIME, write_volume_index
from afterclose.scope_files import (
    EVALUATION_FILE,
    INDEX_FILE,
    JOURNAL_FILE,
    MODELS_FOLDER,
    MONITOR_FILE,
    REPORT_FILE,
)
from afterclose.settings import Settings
from afterclose.wording.numbers import counted
from afterclose.wording.promote_line import compare_line, promote_line

MIN_COMPARED: Final = 2

MIN_VERSIONS: Final = 2
"""Of a dataset, for a line to be drawn."""


def write_candidate_report(model_dir: Path, model_id: str, settings: Settings) -> Path:
    """Draw the page of an evaluated model; the same evaluation gives the same bytes.

    Raises InputError for an unknown model, StorageError, and what its files deserve.
    """
    store = ModelStore(model_dir)
    folder = store.folder(model_id)
    evaluation = read_evaluation(folder)
    active = evaluation.versus_active.model_id if evaluation.versus_active else None
    view = candidate_view(
        evaluation,
        store.read_metadata(model_id),
        store.read_metadata(active) if active in store.model_ids() else None,
        scope=f"{settings.market}/{settings.env}",
        promote=promote_line(model_id, settings, f"{MODELS_FOLDER}/{model_id}/{REPORT_FILE}"),
        held=_held(evaluation, settings),
    )
    alike = [] if view.money else [part.key for part in view.parts]
    charts = _candidate_charts(evaluation, alike)
    path = folder / REPORT_FILE
    write_atomic(path, page("candidate.html.j2", view=view, charts=charts))
    return path


def draw_missing(settings: Settings, now: datetime) -> Outcome:
    """Draw the scope's page, and those of evaluated models that have none.

    Raises ScopeBusy and what `write_candidate_report` and `write_scope_index` raise.
    """
    store = ModelStore(settings.model_dir)
    with Workplace.from_settings(settings).run("report", now) as end:
        missing = [
            model_id
            for model_id in store.model_ids()
            if (store.folder(model_id) / EVALUATION_FILE).is_file()
            and not (store.folder(model_id) / REPORT_FILE).is_file()
        ]
        for model_id in missing:
            write_candidate_report(settings.model_dir, model_id, settings)
        index = write_scope_index(settings, now)
        outcome = end(
            Outcome(
                job="report",
                status="done",
                reason=f"drew the scope's page and {counted(len(missing), 'model')}",
                details={"index": str(index), "drawn": missing},
                text=f"Open in a browser:\n  {index.absolute()}",
            )
        )
    # After the block: it leaves the scope's status behind, which the volume's page reads.
    write_volume_index(Path(settings.logs_dir), now, MOST_EACH_TIME)
    return outcome


def write_scope_index(settings: Settings, now: datetime) -> Path:
    """Draw the scope's page as its files stand at ``now``. Raises StorageError."""
    registry = read_registry(settings.model_dir, settings.signing_key)
    status = show_status(settings, now).details
    newest = status["candidates"]["newest"]
    view = scope_view(
        status,
        {name: record.as_dict() for name, record in registry.state.models.items()},
        registry.chain.events,
        msgspec.to_builtins(Journal(settings.root / JOURNAL_FILE).runs(CYCLE_JOB)),
        {path.parent.name: f"{MODELS_FOLDER}/{path.parent.name}/{REPORT_FILE}"
         for path in settings.model_dir.glob(f"*/{REPORT_FILE}")},
        promote=promote_line(newest, settings, INDEX_FILE) if newest else None,
        now=now,
        morning=morning_view(
            recent_verdicts(settings, now),
            _monitor(settings.root / MONITOR_FILE),
            _last_session(status, now),
        ),
        compare=_choice(settings, status, sorted(registry.state.models)),
        risk_threshold=settings.risk_threshold,
    )  # fmt: skip
    path = settings.root / INDEX_FILE
    write_atomic(path, page("scope.html.j2", view=view, charts=_scope_charts(settings)))
    return path


def _candidate_charts(evaluation: Evaluation, alike: Iterable[str]) -> dict[str, Markup]:
    main, threshold = evaluation.main, evaluation.threshold
    part, records = evaluation.part(main), evaluation.track_record
    charts = {f"equity_{key}": equity_chart(f"equity-{key}", records[key]) for key in alike}
    charts["scores"] = score_chart("score", records[main].scores, threshold)
    charts["calibration"] = calibration_chart("calibration", part.calibration)
    charts["sweep"] = sweep_chart("thresholds", part.threshold_sweep, threshold)
    return {name: drawing(svg) for name, svg in charts.items()}


def _last_session(status: Mapping[str, Any], now: datetime) -> str:
    """The session that the last cycle worked on, unless a clock was ahead then."""
    session: str = (status["last_cycle"] or {}).get("session") or ""
    return session if session <= now.date().isoformat() else ""


def _held(evaluation: Evaluation, settings: Settings) -> Values | None:
    main = evaluation.main
    record, account = evaluation.money.get(main), evaluation.part(main).account
    if record is None or account is None:
        return None
    return held_worth(settings.bars_file, evaluation.trades.get(main), record, account.capital)


def _choice(
    settings: Settings, status: Mapping[str, Any], models: Sequence[str]
) -> CompareChoice | None:
    """The active model against the newest, or the two newest; None for less than two."""
    if len(models) < MIN_COMPARED:
        return None
    active = status["active_model"]
    first = active["id"] if active and active["id"] != models[-1] else models[-2]
    line = compare_line(settings, INDEX_FILE)
    drawn = [path.stem.removeprefix("compare_") for path in settings.root.glob("compare_*_*.html")]
    return CompareChoice(first, models[-1], line.command, line.place, sorted(drawn))


def _monitor(path: Path) -> dict[str, Any] | None:
    """What the monitor found, as plain values; None where it did not run or left no object."""
    try:
        found = msgspec.json.decode(path.read_bytes())
    except (OSError, *UNREADABLE):
        return None
    return found if isinstance(found, dict) else None


def _scope_charts(settings: Settings) -> dict[str, TimeChart]:
    metadata = DatasetFile(settings.root).metadata()
    versions = metadata.versions if metadata else ()
    if len(versions) < MIN_VERSIONS:
        return {}
    sizes = [(datetime.fromisoformat(made.built_at), made.rows) for made in versions]
    return {"growth": dataset_chart("growth", sizes)}
