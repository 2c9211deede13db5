"""At any moment of a change to the scope a filter gives one model's verdict, or the rules'.

Each write of a promotion, a rollback, a deactivation or the switch is stopped half-way, and a
filter that was loaded before and one that is loaded now are asked, about any object.
"""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from afterclose.config import load_settings
from afterclose.disk import files
from afterclose.disk.disk_layer import DiskLayer
from afterclose.errors import RefusedError
from afterclose.model_registry import ModelRegistry
from afterclose.operating.rules_alone import deactivate, switch_off, switch_on
from afterclose.records import Decision
from afterclose.risk_filter import RiskFilter
from afterclose.settings import Settings
from property_values import abouts, features_of
from trading_builders import BEFORE_THE_OPEN, CLOSE, make_scorecard, promote_model, write_sessions

NAMES = ("atr_pct", "rsi")
RULES = frozenset(("no_active_model", "model_load_failed", "switched_off"))
"""Why a filter that is loaded in the middle of a change may leave an entry to the rules."""

CHANGES: dict[str, Callable[[Settings, str], object]] = {
    "promote": lambda scope, spare: ModelRegistry.from_settings(scope).promote_candidate(
        spare, now=CLOSE
    ),
    "rollback": lambda scope, spare: ModelRegistry.from_settings(scope).rollback(now=CLOSE),
    "deactivate": lambda scope, spare: deactivate(scope, CLOSE, "by a test"),
    "off": lambda scope, spare: switch_off(scope, CLOSE, "by a test"),
    "on": lambda scope, spare: switch_on(scope),
}


class Watched(DiskLayer):
    """Looks before and after each call that changes the disk, and in the middle of a write."""

    def __init__(self, look: Callable[[], None]) -> None:
        self._seen = look

    def write(self, descriptor: int, data: bytes) -> int:
        half = super().write(descriptor, data[: len(data) // 2])
        self._seen()
        return half + super().write(descriptor, data[half:])

    def replace(self, source: Path, target: Path) -> None:
        self._seen()
        super().replace(source, target)
        self._seen()

    def truncate(self, descriptor: int, length_bytes: int) -> None:
        super().truncate(descriptor, length_bytes)
        self._seen()

    def remove(self, path: Path) -> None:
        super().remove(path)
        self._seen()


@pytest.fixture(scope="module")
def scope(tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, str]:
    """A scope with two models, and the one of them that is active first."""
    chosen = load_settings({}, logs_dir=tmp_path_factory.mktemp("scope"))
    write_sessions(chosen)
    first = promote_model(chosen)
    promote_model(chosen, card=make_scorecard(weights=(-1.0, -1.0)))
    return chosen, first


def dry(scope: Settings) -> RiskFilter:
    return RiskFilter.load(scope, BEFORE_THE_OPEN, lock=False, log=False)


def is_the_rules_own(verdict: Decision) -> bool:
    return verdict.allowed and verdict.size_multiplier == 1 and verdict.risk_score is None


@hypothesis(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    names=st.lists(st.sampled_from(sorted(CHANGES)), min_size=1, max_size=4),
    features=features_of(NAMES),
    about=abouts,
)
def test_whatever_is_being_changed(
    scope: tuple[Settings, str],
    monkeypatch: pytest.MonkeyPatch,
    names: list[str],
    features: Any,
    about: Any,
) -> None:
    settings, first = scope
    running = dry(settings)
    for name in names:
        seen: list[tuple[Decision, Decision]] = []

        def look(seen: list[tuple[Decision, Decision]] = seen) -> None:
            seen.append((running.check(features, about), dry(settings).check(features, about)))

        look()
        spare = ModelRegistry.from_settings(settings).view().state.previous_id or first
        with monkeypatch.context() as patched:
            patched.setattr(files, "LAYER", Watched(look))
            with suppress(RefusedError):  # a rollback with nothing to return to
                CHANGES[name](settings, spare)
        look()
        whole = [fresh for _, fresh in (seen[0], seen[-1])]
        frozen = {verdict for verdict, _ in seen if verdict.reason != "switched_off"}
        assert len(frozen) <= 1  # a running filter keeps its model
        for verdict, fresh in seen:
            assert verdict in frozen or is_the_rules_own(verdict)
            assert fresh in whole or (is_the_rules_own(fresh) and fresh.reason in RULES)
    switch_on(settings)
