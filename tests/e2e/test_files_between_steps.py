"""Every file that one step leaves for the next, changed in between: refused, never traded."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from afterclose.errors import AftercloseError
from afterclose.ml_orchestrator import OfflineMLOrchestrator
from afterclose.registry.events import is_signed
from afterclose.registry.reader import read_registry
from afterclose.risk_filter import RiskFilter
from afterclose.settings import Settings
from builders import synthetic_records, write_ledger

AFTER_CLOSE = datetime(2026, 1, 27, 21, 45, tzinfo=UTC)
NEXT_MORNING = datetime(2026, 1, 28, 14, 0, tzinfo=UTC)
STEPS = ("build", "train", "evaluate", "register", "promote", "load")

Change = Callable[[Path], None]


def weaken(path: Path) -> None:
    """Another model, told by whoever can write the file."""
    card = json.loads(path.read_bytes())
    card["intercept"] -= 9
    path.write_text(json.dumps(card))


def append(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b" ")


def pretend(path: Path) -> None:
    """Metadata that a forger sealed over a scorecard of his own: only a key tells them apart."""
    from afterclose.disk.files import sha256_bytes
    from afterclose.disk.seal import seal

    weaken(path.with_name("scorecard.json"))
    said = json.loads(path.read_bytes())
    said.pop("crc32")
    card = path.with_name("scorecard.json").read_bytes()
    said["artifacts"]["scorecard.json"] = sha256_bytes(card)
    path.write_bytes(seal(json.dumps(said).encode()))


def passed(path: Path) -> None:
    evaluation = json.loads(path.read_bytes())
    evaluation["gates"]["passed"] = True
    for gate in evaluation["gates"]["gates"]:
        gate["passed"] = True
    path.write_text(json.dumps(evaluation))


CHANGES: dict[str, tuple[str, Change]] = {
    "scorecard": ("scorecard.json", weaken),
    "model": ("model.joblib", append),
    "metadata": ("metadata.json", append),
    "evaluation": ("evaluation.json", append),
    "forged metadata": ("metadata.json", pretend),
}

HARMLESS = {("evaluation.json", "evaluate"), ("evaluation.json", "register")} | {
    (name, "load") for name in ("model.joblib", "metadata.json", "evaluation.json")
}
"""Changes before these steps that may leave the model in use: it scores as it was measured."""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    write_ledger(tmp_path / "us/paper/trade_ledger.jsonl", synthetic_records(300))
    return Settings(
        logs_dir=str(tmp_path), signing_key="secret", bootstrap_resamples=100, shadow_blocked=False
    )


def do(step: str, settings: Settings) -> Any:
    night = OfflineMLOrchestrator.from_settings(settings)
    if step == "promote":
        model_id = next(iter(night.registry.list_candidates()))
        return night.registry.promote_candidate(model_id, now=AFTER_CLOSE)
    if step == "load":
        return RiskFilter.load(settings, NEXT_MORNING)
    return getattr(night, step)(AFTER_CLOSE)


def changed(settings: Settings, name: str, change: Change) -> bool:
    paths = list(settings.model_dir.glob(f"*/{name}"))
    for path in paths:
        change(path)
    return bool(paths)


@pytest.mark.parametrize("before", ["evaluate", "register", "promote", "load"])
@pytest.mark.parametrize("what", CHANGES)
def test_a_file_changed_between_two_steps_is_never_traded(
    settings: Settings, what: str, before: str
) -> None:
    name, change = CHANGES[what]
    original: dict[Path, bytes] = {}
    for step in STEPS:
        if step == before:
            cards = settings.model_dir.glob("*/scorecard.json")
            original = {path: path.read_bytes() for path in cards}
            if not changed(settings, name, change):
                assert (name, before) == ("evaluation.json", "evaluate")  # made in that step
        try:
            done = do(step, settings)
        except (AftercloseError, StopIteration):
            break
    done = RiskFilter.load(settings, NEXT_MORNING)
    (card,) = original
    if done.mode == "ml":  # a change in a file that a linear model's verdict is not made of
        assert card.read_bytes() == original[card]
        assert (name, before) in HARMLESS
    else:
        assert done.check({"atr_pct": 0.02}).allowed


def test_a_forged_evaluation_does_not_promote_by_itself(settings: Settings) -> None:
    automatic = msgspec.structs.replace(settings, auto_promote=True)
    for step in ("build", "train", "evaluate"):
        do(step, automatic)
    assert changed(automatic, "evaluation.json", passed)
    registered = do("register", automatic)
    assert not registered.details["auto_promotion"]["promoted"]
    assert read_registry(automatic.model_dir, "secret").active is None


def test_a_signed_scope_copied_beside_is_not_traded_there(settings: Settings) -> None:
    import shutil

    for step in STEPS[:-1]:
        do(step, settings)
    assert RiskFilter.load(settings, NEXT_MORNING).mode == "ml"
    live = msgspec.structs.replace(settings, env="live")
    shutil.copytree(settings.model_dir, live.model_dir)
    loaded = RiskFilter.load(live, NEXT_MORNING)
    assert loaded.mode_reason.startswith("model_load_failed")
    events = read_registry(live.model_dir, "secret").chain.events
    assert not any(is_signed(event, "secret", "us/live") for event in events)


def without_its_scorecard(models: Path) -> None:
    (card,) = models.glob("*/scorecard.json")
    card.unlink()


def without_its_folder(models: Path) -> None:
    (folder,) = (path for path in models.iterdir() if path.is_dir())
    folder.rename(models.parent / "moved")


def with_events_that_are_a_folder(models: Path) -> None:
    events = models / "registry_events.jsonl"
    events.unlink()
    events.mkdir()


def with_a_file_in_its_place(models: Path) -> None:
    models.rename(models.parent / "moved")
    models.write_bytes(b"")


def with_another_model(models: Path) -> None:
    (card,) = models.glob("*/scorecard.json")
    card.write_bytes(b"{}")


@pytest.mark.parametrize(
    "damage",
    [
        without_its_scorecard,
        without_its_folder,
        with_events_that_are_a_folder,
        with_a_file_in_its_place,
        with_another_model,
    ],
)
def test_an_active_model_that_cannot_be_loaded_is_none_and_never_raises(
    settings: Settings, damage: Change
) -> None:
    for step in STEPS[:-1]:
        do(step, settings)
    night = OfflineMLOrchestrator.from_settings(settings)
    assert night.maybe_load_active_model() is not None
    damage(settings.model_dir)
    assert night.maybe_load_active_model() is None
