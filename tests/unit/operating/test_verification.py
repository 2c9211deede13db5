"""`verify` looks at every file of a scope, and a repair mends what can be derived."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from afterclose.dataset_builder import DatasetBuilder
from afterclose.ledger import TradeLedger
from afterclose.market.clock import MarketClock
from afterclose.nightly.journal import Journal
from afterclose.nightly.status import write_status
from afterclose.operating.verification import verify_scope
from afterclose.paper_trading_executor import PaperTradingExecutor
from afterclose.risk_filter import RiskFilter
from afterclose.settings import Settings
from afterclose.trading.decision_log import read_decisions
from builders import append_ledger, make_trade, synthetic_records, write_ledger
from registry_builders import registry_of
from trading_builders import BEFORE_THE_OPEN, FixedFilter, make_signal, promote_model

NOW = BEFORE_THE_OPEN


@pytest.fixture
def scope(settings: Settings) -> Settings:
    """A small scope with a dataset, a model, a book, and logs."""
    write_ledger(settings.ledger_paths[0], synthetic_records(5))
    DatasetBuilder.from_settings(settings).build(NOW)
    promote_model(settings, NOW)
    MarketClock.from_settings(settings, may_build=True).ensure(NOW)
    ledger = TradeLedger(settings.ledger_paths[0])
    PaperTradingExecutor(settings, FixedFilter(), ledger).execute_signal(make_signal())
    with RiskFilter.load(settings, NOW) as risk:
        risk.check({"atr_pct": 0.0, "rsi": 0.0})
    journal = Journal(settings.root / "ml_runs.jsonl")
    journal.completed(journal.start("build", NOW))
    write_status(settings, NOW)
    return settings


def problems(settings: Settings) -> dict[str, str]:
    return {
        problem["file"]: problem["what"]
        for problem in verify_scope(settings, NOW).details["problems"]
    }


def change(path: Path, old: bytes, new: bytes) -> None:
    data = path.read_bytes()
    assert old in data
    path.write_bytes(data.replace(old, new, 1))


def test_a_sound_scope_is_exit_0(scope: Settings) -> None:
    outcome = verify_scope(scope, NOW)
    assert (outcome.exit_code, outcome.text) == (0, "Every file of the scope is sound.")


def test_an_empty_scope_is_sound(settings: Settings) -> None:
    assert verify_scope(settings, NOW).exit_code == 0


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("ml_status.json", b"us/paper", b"us/papir"),
        ("ml_sessions.json", b"XNYS", b"XNYZ"),
        ("paper_positions.json", b'"quantity":10', b'"quantity":90'),
        ("ml_runs.jsonl", b"2026-01-27", b"2026-01-28"),
        ("ml_decisions.jsonl", b"low_risk", b"low_rist"),
        ("trade_ledger.jsonl", b"AAPL", b"AAPM"),
        ("ml_training_dataset.jsonl", b"AAPL", b"AAPM"),
        ("ml_dataset_metadata.json", b'"conflicts": 0', b'"conflicts": 1'),
        ("ml_models/model_registry.json", b'"test"', b'"tEst"'),
        ("ml_models/registry_events.jsonl", b'"test"', b'"tEst"'),
    ],
)
def test_a_changed_letter_is_named_with_its_file(
    scope: Settings, name: str, old: bytes, new: bytes
) -> None:
    change(scope.root / name, old, new)
    assert name in problems(scope)
    assert verify_scope(scope, NOW).exit_code == 3


def test_an_unregistered_model_is_held_to_its_own_metadata(scope: Settings) -> None:
    from afterclose.learning.artifacts import ModelStore

    ModelStore(scope.model_dir).create("20260126_000000", {"model.joblib": b"x"}, {})
    assert problems(scope) == {}
    (scope.model_dir / "20260126_000000" / "model.joblib").write_bytes(b"y")
    assert list(problems(scope)) == ["ml_models/20260126_000000/model.joblib"]


def test_a_ledger_that_grew_is_sound_and_one_that_is_gone_is_not(scope: Settings) -> None:
    append_ledger(scope.ledger_paths[0], [make_trade()])
    assert problems(scope) == {}
    scope.ledger_paths[0].unlink()
    assert "is gone" in problems(scope)["trade_ledger.jsonl"]


def test_a_repair_makes_derived_files_anew_and_keeps_the_damaged_ones(scope: Settings) -> None:
    for name in ("ml_status.json", "ml_sessions.json"):
        (scope.root / name).write_bytes(b"{")
    outcome = verify_scope(scope, NOW, repair=True)
    assert outcome.exit_code == 0
    assert len(outcome.details["repairs"]) == 2
    assert {p.read_bytes() for p in scope.root.glob("*.damaged-*")} == {b"{"}


def test_a_repair_puts_damaged_lines_aside_and_leaves_the_others(scope: Settings) -> None:
    log = scope.root / "ml_decisions.jsonl"
    with RiskFilter.load(scope, NOW) as risk:
        risk.check({"atr_pct": 1.0, "rsi": 1.0})
        change(log, b"low_risk", b"low_rist")
        outcome = verify_scope(scope, NOW, repair=True)
        risk.check({"atr_pct": 2.0, "rsi": 2.0})  # into the same open file
    assert outcome.exit_code == 0
    assert "1 lines of ml_decisions.jsonl are put aside, and kept in" in outcome.text
    (kept,) = scope.root.glob("ml_decisions.jsonl.damaged-*")
    assert b"low_rist" in kept.read_bytes()
    assert len(list(read_decisions(log))) == 2


@pytest.mark.parametrize("damage", [b"", b"{", b"[]"])
def test_what_cannot_be_derived_is_still_named_after_a_repair(
    scope: Settings, damage: bytes
) -> None:
    (scope.root / "paper_positions.json").write_bytes(damage)
    outcome = verify_scope(scope, NOW, repair=True)
    assert outcome.exit_code == 3
    assert "restore it from a backup" in outcome.text


def test_without_a_ledger_a_damaged_dataset_stays_and_the_rest_is_mended(
    scope: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    change(scope.root / "ml_training_dataset.jsonl", b"AAPL", b"AAPM")
    (scope.root / "ml_status.json").write_bytes(b"{")
    scope.ledger_paths[0].unlink()
    outcome = verify_scope(scope, NOW, repair=True)
    assert outcome.exit_code == 3
    assert "no ledger to rebuild from" in outcome.text
    assert any("ml_status.json" in words for words in outcome.details["repairs"])


def lose(path: Path) -> None:
    path.unlink()


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-7])


@pytest.mark.parametrize("harm", [lose, cut])
@pytest.mark.parametrize("name", ["ml_training_dataset.jsonl", "ml_dataset_metadata.json"])
def test_a_lost_or_cut_dataset_is_rebuilt_row_for_row(
    scope: Settings, name: str, harm: Callable[[Path], None]
) -> None:
    rows = (scope.root / "ml_training_dataset.jsonl").read_bytes()
    harm(scope.root / name)
    outcome = verify_scope(scope, NOW, repair=True)
    assert outcome.exit_code == 0, outcome.text
    assert (scope.root / "ml_training_dataset.jsonl").read_bytes() == rows


def test_verify_takes_work_in_proportion_to_the_models(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four times as many models: four times the bytes, where 0.1.0 read sixteen times as many."""
    read_bytes = Path.read_bytes
    read, seconds = [0], []

    def counted(path: Path) -> bytes:
        data = read_bytes(path)
        read[0] += len(data)
        return data

    totals = []
    for models, env in ((6, "few"), (24, "many")):
        scope = replace(settings, env=env)
        names = [f"202601{1 + number // 24:02d}_{number % 24:02d}0000" for number in range(models)]
        registry_of(scope.model_dir, *names)
        read[0] = 0
        with monkeypatch.context() as patched:
            patched.setattr(Path, "read_bytes", counted)
            started_s = time.process_time()
            found = verify_scope(scope, NOW).details["problems"]
            seconds.append(time.process_time() - started_s)
        assert {problem["what"] for problem in found} == {"changed since it was drawn"}
        totals.append(read[0])
    assert totals[1] <= 5 * totals[0]
    assert seconds[1] <= 8 * seconds[0] + 0.05
