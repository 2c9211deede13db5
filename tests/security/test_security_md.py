"""SECURITY.md line by line: for each holder of each file an attack, and what came of it.

`ATTACKS` names, for the first cell of each row of its table, the tests that hold the row; a row
without one, or a test that is gone, fails here.
"""

import json
import pickle
import re
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from afterclose.disk.files import sha256_bytes
from afterclose.disk.seal import seal
from afterclose.errors import AftercloseError, IntegrityError
from afterclose.ml_orchestrator import OfflineMLOrchestrator
from afterclose.model_registry import ModelRegistry
from afterclose.operating.cycle import run_cycle
from afterclose.operating.operations import PromotionRequest, promote
from afterclose.operating.verification import verify_scope
from afterclose.records import Subject
from afterclose.risk_filter import RiskFilter
from afterclose.settings import Settings
from breaking import CALM, WILD, trades
from builders import append_ledger, write_ledger
from repository import REPOSITORY

NIGHT = datetime(2026, 1, 26, 21, 45, tzinfo=UTC)
NEXT_NIGHT = NIGHT + timedelta(days=1)
MORNING = datetime(2026, 1, 28, 14, tzinfo=UTC)


HERE = "security/test_security_md.py"
STEPS = "e2e/test_files_between_steps.py"
TRUST = "crash/test_crash_trust.py"
IMPORTS = "unit/importing/test_ledger_import.py"
BETWEEN = "crash/test_crash_between_steps.py"

ATTACKS: dict[str, tuple[str, ...]] = {
    "`trade_ledger.jsonl`": (
        f"{HERE}::test_whoever_writes_the_ledger_bends_a_candidate_and_makes_nothing_active",
        f"{HERE}::test_a_ledger_line_runs_nothing_and_reaches_no_path",
    ),
    "the dataset and its metadata": (
        f"{HERE}::test_forged_rows_are_not_trained_on",
        f"{HERE}::test_rows_metadata_and_seal_forged_together_are_the_ledgers_power_and_no_more",
    ),
    "a model's folder, once it is registered": (
        f"{HERE}::test_a_pickle_put_into_a_registered_model_never_runs",
        f"{STEPS}::test_a_file_changed_between_two_steps_is_never_traded",
        f"{BETWEEN}::test_a_file_changed_between_two_steps_is_refused_or_harmless_and_never_traded",
        "crash/test_crash_corruption.py::test_a_tampered_pickle_is_never_opened",
    ),
    "a model's folder between training and registration": (
        f"{HERE}::test_with_a_key_a_pickle_forged_with_its_digests_never_runs",
        f"{STEPS}::test_a_forged_evaluation_does_not_promote_by_itself",
    ),
    "`registry_events.jsonl` **and** `model_registry.json`": (
        f"{HERE}::test_with_a_key_a_promotion_by_whoever_has_none_is_not_traded",
        f"{HERE}::test_with_a_key_an_older_state_put_back_is_what_was_signed_then",
        f"{STEPS}::test_a_signed_scope_copied_beside_is_not_traded_there",
        f"{TRUST}::test_a_model_without_the_keys_signature_is_not_promoted_and_not_loaded",
        "unit/trading/test_model_pin.py::test_with_a_signing_key_an_unsigned_lock_pins_nothing",
    ),
    "`paper_positions.json`": (f"{HERE}::test_no_other_file_changes_a_score_or_blocks_more",),
    "`ml_monitor.json`": (f"{HERE}::test_no_other_file_changes_a_score_or_blocks_more",),
    "the courier's state": (
        "unit/courier/test_courier.py::test_a_damaged_state_says_all_again",
        "unit/courier/test_courier.py::test_the_volume_is_only_read",
    ),
    "`ml_sessions.json`": (
        f"{HERE}::test_no_other_file_changes_a_score_or_blocks_more",
        f"{HERE}::test_a_forged_calendar_ends_a_filter_and_cannot_extend_its_session",
    ),
    "`ml_switched_off.json`": (f"{HERE}::test_the_switch_is_for_the_rules_alone",),
    "the pages": (
        "unit/report/test_pages.py::test_hostile_text_is_shown_and_never_markup",
        "unit/operating/test_verification.py::test_a_changed_letter_is_named_with_its_file",
    ),
    "a file that somebody imports": (
        f"{HERE}::test_an_imported_file_reads_no_other_file_and_runs_nothing",
        f"{IMPORTS}::test_a_ledger_outside_the_scope_is_read_but_never_appended_to",
        f"{IMPORTS}::test_a_link_in_the_scope_to_a_ledger_outside_is_outside",
    ),
    "a Dask scheduler that a fleet uses": (
        "e2e/test_fleet_dask.py::test_tls_is_spoken_with_certificates_and_refused_without",
    ),
    "where `make backup` copies to": (
        "e2e/test_backup.py::test_a_damaged_copy_is_named_mended_by_the_next_backup_and_never_restored",
        "e2e/test_backup.py::test_a_snapshot_that_leads_out_of_the_scope_is_refused",
    ),
    "the environment or `.env`": (
        f"{TRUST}::test_the_signing_key_appears_in_no_file_and_no_output",
    ),
    "the command line only": (
        f"{TRUST}::test_an_id_that_is_no_id_is_exit_2_and_touches_nothing",
        f"{TRUST}::test_a_scope_to_copy_from_stays_inside_the_volume",
        f"{TRUST}::test_a_market_or_an_environment_is_one_folder_name",
        f"{TRUST}::test_a_model_folder_that_leads_elsewhere_is_not_followed",
    ),
}


def rows_of_security_md() -> list[str]:
    """The first cell of each row of the table."""
    text = (REPOSITORY / "SECURITY.md").read_text(encoding="utf-8")
    cells = [line.split("|")[1].strip() for line in text.splitlines() if line.startswith("|")]
    return cells[2:]


def test_every_line_of_security_md_has_an_attack_that_holds_it() -> None:
    for row in rows_of_security_md():
        assert [known for known in ATTACKS if row.startswith(known)], f"no attack for: {row}"
    for test in {test for tests in ATTACKS.values() for test in tests}:
        path, _, name = test.partition("::")
        assert f"def {name}(" in (REPOSITORY / "tests" / path).read_text(encoding="utf-8"), test


# --- the scope that is attacked ------------------------------------------------------------------


def traded_scope(logs: Path, **changes: Any) -> Settings:
    """A scope with an active linear model, promoted by a person."""
    settings = Settings(logs_dir=str(logs), bootstrap_resamples=100, **changes)
    write_ledger(settings.ledger_paths[0], trades(60))
    model_id = run_cycle(settings, NIGHT).details["model_id"]
    promote(settings, NIGHT, PromotionRequest(model_id, "by a person", anyway=True))
    return settings


@pytest.fixture(scope="module")
def templates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Settings]:
    folder = tmp_path_factory.mktemp("attacked")
    return {key: traded_scope(folder / (key or "open"), signing_key=key) for key in ("", "secret")}


@pytest.fixture
def scope(templates: dict[str, Settings], tmp_path: Path) -> Settings:
    return copied(templates[""], tmp_path / "logs")


@pytest.fixture
def signed(templates: dict[str, Settings], tmp_path: Path) -> Settings:
    return copied(templates["secret"], tmp_path / "logs")


def copied(settings: Settings, logs: Path) -> Settings:
    shutil.copytree(settings.logs_dir, logs)
    return replace(settings, logs_dir=str(logs))


def scores(settings: Settings, now: datetime = MORNING) -> list[float | None]:
    """The scores of two entries; None where the rules decide alone, which allow both."""
    with RiskFilter.load(settings, now, lock=False, log=False) as risk:
        verdicts = [risk.check(features, about=LONG) for features in (CALM, WILD)]
        assert risk.mode == "ml" or all(verdict.allowed for verdict in verdicts)
        return [verdict.risk_score for verdict in verdicts]


RULES = [None, None]
LONG = Subject(side="long")
"""The model was trained on both sides: without one it abstains."""


def active_folder(settings: Settings) -> Path:
    active = ModelRegistry.from_settings(settings).get_active_model()
    assert active is not None
    return settings.model_dir / active


class Bomb:
    """A pickle that writes a file when it is opened."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return (exec, (f"open({str(self.mark)!r}, 'w').close()",))


def test_the_bomb_of_these_tests_goes_off(tmp_path: Path) -> None:
    pickle.loads(pickle.dumps(Bomb(tmp_path / "mark")))  # noqa: S301 - the attack itself
    assert (tmp_path / "mark").exists()


# --- the ledger ----------------------------------------------------------------------------------


def test_whoever_writes_the_ledger_bends_a_candidate_and_makes_nothing_active(
    scope: Settings,
) -> None:
    before = scores(scope)
    active = active_folder(scope).name
    records = trades(90)
    for record in records[60:]:  # the opposite of what the market does
        record["rule_features"]["trend"] *= -1
    append_ledger(scope.ledger_paths[0], records[60:])
    night = run_cycle(scope, NEXT_NIGHT)
    assert night.details["model_id"] not in (None, active), "a candidate can be bent"
    assert (active_folder(scope).name, scores(scope)) == (active, before)
    path = scope.ledger_paths[0]
    path.write_bytes(path.read_bytes().replace(b'"AAPL"', b'"AAPX"', 1))
    assert f"{path.name}: its first" in verify_scope(scope, NEXT_NIGHT).text


def test_a_ledger_line_runs_nothing_and_reaches_no_path(scope: Settings, tmp_path: Path) -> None:
    words = f"$(touch {tmp_path}/mark); __import__('os').system('touch {tmp_path}/mark')"
    hostile = [
        record | {"trade_id": f"../../{number}{words}", "symbol": f"{tmp_path}/mark",
                  "source": words, "exit_type": words,
                  "rule_features": {"../../x": 1.0, words: 2.0, "rsi": 3.0}}
        for number, record in enumerate(trades(10))
    ]  # fmt: skip
    append_ledger(scope.ledger_paths[0], hostile)
    outside = set(tmp_path.rglob("*")) - set(scope.root.rglob("*"))
    run_cycle(scope, NEXT_NIGHT)
    assert set(tmp_path.rglob("*")) - set(scope.root.rglob("*")) == outside


# --- the dataset ---------------------------------------------------------------------------------


def forge_rows(settings: Settings) -> bytes:
    path = settings.root / "ml_training_dataset.jsonl"
    forged = path.read_bytes().replace(b'"long"', b'"shor"')
    path.write_bytes(forged)
    return forged


def test_forged_rows_are_not_trained_on(scope: Settings) -> None:
    before = scores(scope)
    forge_rows(scope)
    with pytest.raises(IntegrityError):
        run_cycle(scope, NEXT_NIGHT)
    assert scores(scope) == before
    repaired = verify_scope(scope, NEXT_NIGHT, repair=True)
    assert repaired.exit_code == 0
    assert b'"shor"' not in (scope.root / "ml_training_dataset.jsonl").read_bytes()


def test_rows_metadata_and_seal_forged_together_are_the_ledgers_power_and_no_more(
    scope: Settings,
) -> None:
    before, active = scores(scope), active_folder(scope).name
    path = scope.root / "ml_training_dataset.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    for row in rows:
        row["realized_pnl_pct"] = -row["realized_pnl_pct"]
    data = b"".join(msgspec.json.encode(row) + b"\n" for row in rows)
    path.write_bytes(data)
    said = json.loads((scope.root / "ml_dataset_metadata.json").read_bytes())
    said.pop("crc32")
    version = f"v{len(rows):08d}-{sha256_bytes(data)[:12]}"
    new = {"version": version, "bytes": len(data), "sha256": sha256_bytes(data)}
    said |= new
    said["versions"] = [said["versions"][-1] | new]
    (scope.root / "ml_dataset_metadata.json").write_bytes(seal(json.dumps(said).encode()) + b"\n")
    OfflineMLOrchestrator.from_settings(scope).train(NEXT_NIGHT, force=True)
    assert (active_folder(scope).name, scores(scope)) == (active, before)


# --- a model's folder ----------------------------------------------------------------------------


def every_use(settings: Settings, model_id: str) -> None:
    """All that opens a model's files, refused or not."""
    night = OfflineMLOrchestrator.from_settings(settings)
    for use in (
        lambda: night.trainer.load_model(model_id),
        lambda: night.evaluate(NEXT_NIGHT, model_id),
        lambda: night.register(NEXT_NIGHT, model_id),
        lambda: promote(settings, NEXT_NIGHT, PromotionRequest(model_id, anyway=True)),
        night.maybe_load_active_model,
        lambda: scores(settings),
        lambda: verify_scope(settings, NEXT_NIGHT),
    ):
        try:
            use()
        except AftercloseError:
            continue


@pytest.mark.parametrize("model", ["logistic", "hist_gradient_boosting"])
def test_a_pickle_put_into_a_registered_model_never_runs(
    scope: Settings, tmp_path: Path, model: str
) -> None:
    chosen = replace(scope, model=model)
    model_id = run_cycle(chosen, NEXT_NIGHT, force=True).details["model_id"]
    folder = scope.model_dir / (model_id or active_folder(scope).name)
    (folder / "model.joblib").write_bytes(pickle.dumps(Bomb(tmp_path / "mark")))
    every_use(chosen, folder.name)
    assert not (tmp_path / "mark").exists()


def test_with_a_key_a_pickle_forged_with_its_digests_never_runs(
    signed: Settings, tmp_path: Path
) -> None:
    """Between training and registration: files, digests and seal, but no signature."""
    boosted = replace(signed, model="hist_gradient_boosting")
    OfflineMLOrchestrator.from_settings(boosted).train(NEXT_NIGHT)
    (folder,) = {path for path in signed.model_dir.iterdir() if path.is_dir()} - {
        active_folder(signed)
    }
    bomb = pickle.dumps(Bomb(tmp_path / "mark"))
    (folder / "model.joblib").write_bytes(bomb)
    said = json.loads((folder / "metadata.json").read_bytes())
    said.pop("crc32")
    said["artifacts"]["model.joblib"] = sha256_bytes(bomb)
    (folder / "metadata.json").write_bytes(seal(json.dumps(said).encode()))
    before = scores(signed)
    every_use(boosted, folder.name)
    assert not (tmp_path / "mark").exists()
    assert scores(signed) == before


# --- the registry --------------------------------------------------------------------------------


def test_with_a_key_a_promotion_by_whoever_has_none_is_not_traded(signed: Settings) -> None:
    """The events are well chained, the pointer agrees, only the signature is not theirs to give."""
    keyless = replace(signed, signing_key="", seed=7, test_fraction=0.3)
    forged = run_cycle(keyless, NEXT_NIGHT, force=True).details["model_id"]
    promote(keyless, NEXT_NIGHT, PromotionRequest(forged, anyway=True))
    assert ModelRegistry.from_settings(keyless).get_active_model() == forged
    assert scores(signed) == RULES
    assert ModelRegistry.from_settings(signed).get_active_model() is None
    with pytest.raises(AftercloseError):
        promote(signed, NEXT_NIGHT, PromotionRequest(forged, anyway=True))


def test_with_a_key_an_older_state_put_back_is_what_was_signed_then(
    signed: Settings, tmp_path: Path
) -> None:
    older = scores(signed)
    shutil.copytree(signed.model_dir, tmp_path / "older")
    other = replace(signed, seed=7, test_fraction=0.3)
    newer = run_cycle(other, NEXT_NIGHT, force=True).details["model_id"]
    promote(other, NEXT_NIGHT, PromotionRequest(newer, anyway=True))
    assert scores(signed) != older
    shutil.rmtree(signed.model_dir)
    shutil.copytree(tmp_path / "older", signed.model_dir)
    assert scores(signed) == older


# --- all other files -----------------------------------------------------------------------------

OTHERS = (
    "paper_positions.json", "paper_replay.json", "shadow_ledger.jsonl", "ml_status.json",
    "ml_runs.jsonl", "ml_decisions.jsonl", "ml_dataset_rejects.jsonl", "index.html",
    ".cron_heartbeat", ".cron_lines.json", "ml_sessions.json", "ml_monitor.json",
    "ml_metrics.prom",
)  # fmt: skip


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize("content", [b"", b"{}", b"[" * 100_000, b'{"mode":"off"}', b"\xff\x00"])
def test_no_other_file_changes_a_score_or_blocks_more(
    scope: Settings, name: str, content: bytes
) -> None:
    before = scores(scope)
    (scope.root / name).write_bytes(content)
    assert scores(scope) in (before, RULES)


def test_a_forged_calendar_ends_a_filter_and_cannot_extend_its_session(scope: Settings) -> None:
    """It is believed like the exchange's own: the worst that it does is the rules alone."""
    before = scores(scope)
    path = scope.root / "ml_sessions.json"
    said = json.loads(path.read_bytes())
    said.pop("crc32")
    said["sessions"] = []
    path.write_bytes(seal(json.dumps(said).encode()))
    assert scores(scope) in (before, RULES)


def test_the_switch_is_for_the_rules_alone(scope: Settings) -> None:
    with RiskFilter.load(scope, MORNING, lock=False, log=False) as risk:
        assert risk.check(WILD, about=LONG).reason in {"high_risk", "low_risk"}
        (scope.root / "ml_switched_off.json").write_bytes(b"\xff not even JSON")
        verdict = risk.check(WILD, about=LONG)
        assert (verdict.allowed, verdict.reason) == (True, "switched_off")
        (scope.root / "ml_switched_off.json").unlink()
        assert risk.check(WILD, about=LONG).reason in {"high_risk", "low_risk"}


# --- imports -------------------------------------------------------------------------------------

BILLION_LAUGHS = """<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">
<!ENTITY secret SYSTEM "file:///etc/passwd">]><FlexQueryResponse><Trades>
<Trade symbol="&secret;" tradeID="&b;"/></Trades></FlexQueryResponse>"""


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("flex.xml", BILLION_LAUGHS.encode()),
        ("trades.json", b"[" * 1_000_000),
        ("trades.pkl", pickle.dumps({"symbol": "AAPL"})),
        ("trades.csv", b"symbol,side\n=HYPERLINK(x),@SUM(A1)\n"),
        ("trades.xlsx", b"PK\x03\x04 no workbook"),
        ("trades.db", b"SQLite format 3\x00 no database"),
    ],
)
def test_an_imported_file_reads_no_other_file_and_runs_nothing(
    scope: Settings, tmp_path: Path, name: str, content: bytes
) -> None:
    from argparse import Namespace

    from jobs.import_ledger import parser, run

    before = scope.ledger_paths[0].read_bytes()
    (tmp_path / name).write_bytes(content)
    options = parser().parse_args([str(tmp_path / name)])
    assert isinstance(options, Namespace)
    with pytest.raises(AftercloseError) as refused:
        run(scope, NEXT_NIGHT, options)
    assert "root:" not in str(refused.value)
    assert scope.ledger_paths[0].read_bytes() == before
    assert re.search(r"\w{3,} ", str(refused.value)), "a sentence"
