"""Where a model blocks, and how that was found, stands wherever a model is named."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from afterclose.config import load_settings
from afterclose.ml_orchestrator import OfflineMLOrchestrator
from afterclose.nightly.operator_view import show_candidates, show_status
from afterclose.operating.comparing import compare
from afterclose.operating.cycle import run_cycle
from afterclose.operating.operations import PromotionRequest, lock, promote, rollback, unlock
from afterclose.risk_filter import RiskFilter
from afterclose.scope_files import DECISIONS_FILE, INDEX_FILE, REPORT_FILE
from afterclose.settings import Settings
from builders import append_ledger, synthetic_records, write_ledger

CLOSED = datetime(2026, 1, 27, 21, 45, tzinfo=UTC)
NEXT_CLOSED = datetime(2026, 1, 28, 21, 45, tzinfo=UTC)

MODES = {
    "share": ({"threshold_mode": "share", "block_share": 0.3}, "share, the riskiest 30 %"),
    "fixed": ({"risk_threshold": 0.62}, "fixed, ML_RISK_THRESHOLD"),
    "tuned": ({"threshold_mode": "tuned"}, "tuned, what paid in training"),
}


@pytest.mark.parametrize("mode", MODES)
def test_every_line_and_page_names_mode_and_number(
    mode: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    changes, words = MODES[mode]
    settings = load_settings(
        {"ML_BOOTSTRAP_RESAMPLES": "100"}, logs_dir=str(tmp_path / "logs"), **changes
    )
    records = synthetic_records(130, apart=timedelta(days=3))
    write_ledger(settings.ledger_paths[0], records[:120])
    assert words.removeprefix("fixed, ") in show_status(settings, CLOSED).text
    first = run_cycle(settings, CLOSED)
    append_ledger(settings.ledger_paths[0], records[120:])
    second = run_cycle(settings, NEXT_CLOSED)
    models = [night.details["model_id"] for night in (first, second)]
    above = [_above(settings, model_id) for model_id in models]
    said = [f"{number:.3f} ({words})" for number in above]

    training, evaluating, *_, ended = second.text.split("OFFLINE ")[1:]
    assert f"Threshold: {said[1]}" in training
    assert f"Risk threshold: {said[1]}" in evaluating
    assert f"Threshold: {said[1]}" in ended
    again = OfflineMLOrchestrator.from_settings(settings)
    again.train(NEXT_CLOSED, force=True)
    again.evaluate(NEXT_CLOSED)
    assert f"Threshold: {said[1]}" in again.register(NEXT_CLOSED).text

    for model_id, threshold in zip(models, said, strict=True):
        done = promote(settings, NEXT_CLOSED, PromotionRequest(model_id, anyway=True))
        assert f"Threshold: {threshold}" in done.text
    assert f"Threshold: {said[1]}" in show_status(settings, NEXT_CLOSED).text
    table = show_candidates(settings, NEXT_CLOSED).text
    assert f"{above[1]:.3f} {mode}" in table

    with caplog.at_level("INFO"):
        risk = RiskFilter.load(settings, NEXT_CLOSED)
        risk.check(records[0]["rule_features"] | {"side": "long"})
        risk.close()
    assert re.search(rf"blocks above {above[1]:.3f} \({mode}", caplog.text)
    (line,) = (settings.root / DECISIONS_FILE).read_text().splitlines()
    verdict = json.loads(line)
    assert (verdict["threshold"], verdict["threshold_mode"]) == (above[1], mode)

    assert f"blocks above {said[1]}" in lock(settings, NEXT_CLOSED).reason
    unlock(settings, NEXT_CLOSED, "a test")
    beside = compare(settings, NEXT_CLOSED, *models)
    assert f"Threshold of {models[0]}: {said[0]}" in beside.text
    pages = [
        settings.model_dir / models[1] / REPORT_FILE,
        settings.root / INDEX_FILE,
        Path(beside.details["page"]),
        Path(settings.logs_dir) / INDEX_FILE,
    ]
    for page in pages:
        assert said[1].replace(" %", "\N{NO-BREAK SPACE}%") in page.read_text(), page

    settings_unlocked = NEXT_CLOSED.replace(day=29)
    assert f"Threshold: {said[0]}" in rollback(settings, settings_unlocked, "worse").text


def _above(settings: Settings, model_id: str) -> float:
    """The number that trades: the setting in mode fixed, else the model's own."""
    card = json.loads((settings.model_dir / model_id / "scorecard.json").read_bytes())
    return settings.risk_threshold if card["threshold_mode"] == "fixed" else card["threshold"]
