"""The registry for any history and any harm: paper agrees, and damage is never believed."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afterclose.disk import files
from afterclose.disk.disk_layer import DiskLayer
from afterclose.errors import IntegrityError, RefusedError
from afterclose.model_registry import ModelRegistry
from afterclose.registry.reader import read_registry
from registry_builders import CLOSE, METRICS, NOW, A, B, C, events_file, pointer_file, registry_of


class UnsyncedDisk(DiskLayer):
    """No power fails in these tests, and hundreds of syncs would be most of their time."""

    def fsync(self, descriptor: int) -> None:
        pass


@pytest.fixture(autouse=True, scope="module")
def _unsynced() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "LAYER", UnsyncedDisk())
        yield


QUICK = settings(max_examples=40, deadline=None)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("promote"), st.sampled_from([A, B, C])),
        st.tuples(st.sampled_from(["rollback", "lock", "unlock", "later", "lose pointer"])),
    ),
    max_size=12,
)


@contextmanager
def registry_with_three_models() -> Iterator[ModelRegistry]:
    with tempfile.TemporaryDirectory() as folder:
        yield registry_of(Path(folder) / "ml_models", A, B, C)


class Expected:
    """What a person would keep on paper: a pile of active models and an end of the lock."""

    def __init__(self) -> None:
        self.pile: list[str] = []
        self.locked_until = NOW
        self.now = NOW

    def allows(self, step: str, model_id: str | None) -> bool:
        """Play one step; False when it must be refused."""
        if step == "later":
            self.now += timedelta(hours=15)
        elif step == "unlock":
            self.locked_until = self.now
        elif step == "lock":
            return True
        elif step in {"promote", "rollback"}:
            if self.now < self.locked_until or (step == "rollback" and len(self.pile) < 2):
                return False
            if step == "rollback":
                self.pile.pop()
            elif self.pile[-1:] != [model_id]:
                self.pile.append(str(model_id))
        return True


def play(registry: ModelRegistry, expected: Expected, step: str, model_id: str | None) -> None:
    now = expected.now
    if step == "promote":
        registry.promote_candidate(str(model_id), now=now)
    elif step == "rollback":
        registry.rollback(now=now)
    elif step == "unlock":
        registry.unlock(now=now)
    elif step == "lose pointer":
        pointer_file(registry.model_dir).unlink(missing_ok=True)
    elif step == "lock":
        until = max(CLOSE, now + timedelta(hours=20))
        running = registry.current_lock(now)
        lock = registry.lock("session", running.until if running else until,
                             registry.get_active_model(), now=now)  # fmt: skip
        expected.locked_until = lock.until


@QUICK
@given(STEPS)
def test_any_history_leaves_the_active_model_and_its_predecessor_as_on_paper(
    steps: list[tuple[str, ...]],
) -> None:
    with registry_with_three_models() as registry:
        expected = Expected()
        for step, *named in steps:
            model_id = named[0] if named else None
            allowed = expected.allows(step, model_id)
            try:
                play(registry, expected, step, model_id)
                refused = False
            except RefusedError:
                refused = True
            assert refused is not allowed
            pile = expected.pile
            assert registry.get_active_model() == (pile[-1] if pile else None)
            assert registry.previous_active() == (pile[-2] if len(pile) > 1 else None)
            active = [m for m, r in registry.list_models().items() if r["state"] == "active"]
            assert active == pile[-1:]


@contextmanager
def promoted_registry() -> Iterator[ModelRegistry]:
    with registry_with_three_models() as registry:
        registry.promote_candidate(A, now=NOW)
        registry.promote_candidate(B, now=NOW)
        yield registry


@QUICK
@given(st.data())
def test_any_changed_byte_of_the_events_is_noticed_and_only_b_or_none_is_ever_active(
    data: st.DataObject,
) -> None:
    with promoted_registry() as registry:
        path = events_file(registry.model_dir)
        content = bytearray(path.read_bytes())
        index = data.draw(st.integers(0, len(content) - 1))
        content[index] ^= data.draw(st.integers(1, 255))
        path.write_bytes(content)
        view = read_registry(registry.model_dir)
        assert view.problems
        if view.active is not None:  # only a torn newline at the end leaves a model active
            assert index == len(content) - 1
            assert view.active.model_id == A
        registry.repair(now=NOW)
        assert registry.verify() == []
        assert list(registry.list_models()) == [A, B, C]


@QUICK
@given(st.data())
def test_any_changed_byte_of_the_pointer_file_changes_no_answer(data: st.DataObject) -> None:
    with promoted_registry() as registry:
        path = pointer_file(registry.model_dir)
        content = bytearray(path.read_bytes())
        index = data.draw(st.integers(0, len(content) - 1))
        content[index] ^= data.draw(st.integers(1, 255))
        path.write_bytes(content)
        assert registry.get_active_model() == B
        assert registry.promote_candidate(C, now=NOW) is True


@QUICK
@given(st.data())
def test_wherever_the_events_are_cut_only_a_last_line_that_is_known_is_completed(
    data: st.DataObject,
) -> None:
    with promoted_registry() as registry:
        path = events_file(registry.model_dir)
        content = path.read_bytes()
        length = data.draw(st.integers(0, len(content) - 1))
        path.write_bytes(content[:length])
        last_line = content.rindex(b"\n", 0, -1) + 1
        try:
            registry.register_candidate("20260127_213000", METRICS, now=NOW)
            written = True
        except IntegrityError:
            written = False
        assert written is (length > last_line)
        assert registry.get_active_model() == (B if written else None)
        assert path.read_bytes().startswith(content if written else content[:length])
