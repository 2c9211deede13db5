"""Model folders appear whole, never change, and are only read when their digests match."""

import errno
import io
import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import joblib
import numpy as np
import pytest

from afterclose.disk import files
from afterclose.disk.disk_layer import DiskLayer
from afterclose.disk.files import sha256_bytes
from afterclose.errors import InputError, IntegrityError, StorageError
from afterclose.learning.artifacts import ModelStore, check_model_id, load_estimator
from afterclose.learning.card_fit import make_card
from afterclose.learning.features import describe_features
from afterclose.learning.models import fit_model
from afterclose.learning.scorecard import Scorecard
from afterclose.learning.scorer import LinearScorer
from afterclose.learning.tree_scorer import TreeScorer
from repository import REPOSITORY

NOW = datetime(2026, 1, 27, 15, 30, tzinfo=UTC)
CARD = Scorecard(
    feature_names=("a",),
    imputation_values=(0.0,),
    weights=(1.0,),
    intercept=0.0,
    log_odds_at_mean=0.0,
    threshold=0.5,
    train_min=(-1.0,),
    train_max=(1.0,),
    train_mean=(0.0,),
    train_std=(1.0,),
)
FILES = {"model.joblib": b"pickled", "scorecard.json": CARD.to_bytes()}


def add(store: ModelStore, now: datetime = NOW) -> str:
    model_id = store.free_id(now)
    store.create(model_id, FILES, {"note": "a test"})
    return model_id


# --- ids --------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["20260127_153000", "20260127_153000_2", "20260127_153000_10"])
def test_an_id_is_a_second_and_perhaps_a_number(text: str) -> None:
    assert check_model_id(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "..",
        "../20260127_153000",
        "20260127_153000/",
        "20260127_153000\n",
        "20260127-153000",
        "20260127_1530",
        "20260127_153000_",
        "20260127_153000_0",
        "20260127_153000_02",
        "\uff12\uff10260127_153000",
        "latest",
    ],
)
def test_anything_else_is_no_id_and_reaches_no_path(text: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not a model id"):
        check_model_id(text)
    with pytest.raises(InputError, match="is not a model id"):
        ModelStore(tmp_path).folder(text)


def test_an_id_is_the_second_in_utc_wherever_now_was_written(tmp_path: Path) -> None:
    in_kolkata = NOW.astimezone(timezone(timedelta(hours=5, minutes=30)))
    assert ModelStore(tmp_path).free_id(in_kolkata) == "20260127_153000"


def test_models_of_one_second_get_different_ids_and_are_listed_newest_first(
    tmp_path: Path,
) -> None:
    store = ModelStore(tmp_path)
    made = [add(store) for _ in range(11)]
    assert made[:3] == ["20260127_153000", "20260127_153000_2", "20260127_153000_3"]
    later = add(store, NOW + timedelta(seconds=1))
    assert store.model_ids() == [later, *reversed(made)]


def test_a_folder_that_is_not_there_has_no_models(tmp_path: Path) -> None:
    assert ModelStore(tmp_path / "none").model_ids() == []


def test_other_files_and_folders_are_not_models(tmp_path: Path) -> None:
    (tmp_path / "model_registry.json").write_text("{}")
    (tmp_path / ".tmp-20260127_153000").mkdir()
    (tmp_path / "20260127_153000").write_text("a file, not a folder")
    assert ModelStore(tmp_path).model_ids() == []


# --- publishing -------------------------------------------------------------------------


def test_metadata_has_the_id_the_description_and_the_digest_of_every_file(tmp_path: Path) -> None:
    store = ModelStore(tmp_path)
    metadata = store.read_metadata(add(store))
    assert len(metadata.pop("crc32")) == 8
    assert metadata == {
        "schema_version": 1,
        "model_id": "20260127_153000",
        "note": "a test",
        "artifacts": {name: sha256_bytes(data) for name, data in FILES.items()},
    }


class FailingLayer(DiskLayer):
    """Fails at the nth call that changes the disk."""

    def __init__(self, nth: int) -> None:
        self.calls_left = nth

    def count(self) -> None:
        self.calls_left -= 1
        if self.calls_left < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def write(self, descriptor: int, data: bytes) -> int:
        self.count()
        return super().write(descriptor, data)

    def fsync(self, descriptor: int) -> None:
        self.count()
        super().fsync(descriptor)

    def replace(self, source: Path, target: Path) -> None:
        self.count()
        super().replace(source, target)


def test_a_disk_that_fails_at_any_step_leaves_no_model_or_a_whole_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for nth in range(40):
        store = ModelStore(tmp_path / str(nth))
        with monkeypatch.context() as patched:
            patched.setattr(files, "LAYER", FailingLayer(nth))
            try:
                add(store)
            except StorageError:
                finished = False
            else:
                finished = True
        for model_id in store.model_ids():
            store.verify(model_id, store.read_metadata(model_id)["artifacts"])
        if finished:
            assert nth > 10
            return
        assert add(store) in {"20260127_153000", "20260127_153000_2"}
    pytest.fail("publishing never finished")


def test_what_a_crash_left_is_swept_by_the_next_model(tmp_path: Path) -> None:
    leftover = tmp_path / ".tmp-20250101_000000"
    leftover.mkdir()
    (leftover / "model.joblib").write_bytes(b"half")
    add(ModelStore(tmp_path))
    assert not leftover.exists()


# --- reading ----------------------------------------------------------------------------


def test_matching_digests_verify(tmp_path: Path) -> None:
    store = ModelStore(tmp_path)
    model_id = add(store)
    digests = store.digests(model_id)
    assert set(digests) == {"model.joblib", "scorecard.json", "metadata.json"}
    store.verify(model_id, digests)


@pytest.mark.parametrize("name", ["model.joblib", "scorecard.json", "metadata.json"])
def test_a_changed_or_missing_file_is_named(tmp_path: Path, name: str) -> None:
    store = ModelStore(tmp_path)
    model_id = add(store)
    digests = store.digests(model_id)
    path = tmp_path / model_id / name
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(IntegrityError, match=f"{name}: its SHA-256 is not the recorded one"):
        store.verify(model_id, digests)
    path.unlink()
    with pytest.raises(IntegrityError, match=f"{name}: is missing"):
        store.verify(model_id, digests)


def test_an_unknown_model_is_the_callers_mistake(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no model 20260127_153000"):
        ModelStore(tmp_path).read_metadata("20260127_153000")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"\xff",
        b"{}",
        b'{"schema_version": 9, "model_id": "20260127_153000", "artifacts": {"model.joblib": "0"}}',
        b'{"schema_version": 1, "model_id": "20250101_000000", "artifacts": {"model.joblib": "0"}}',
        b'{"schema_version": 1, "model_id": "20260127_153000", "artifacts": {}}',
        b'{"schema_version": 1, "model_id": "20260127_153000", "artifacts": {"model.joblib": 0}}',
    ],
)
def test_metadata_that_does_not_describe_the_model_is_refused(
    tmp_path: Path, content: bytes
) -> None:
    store = ModelStore(tmp_path)
    model_id = add(store)
    (tmp_path / model_id / "metadata.json").write_bytes(content)
    with pytest.raises(IntegrityError, match=r"metadata\.json"):
        store.read_metadata(model_id)


# --- loading ----------------------------------------------------------------------------


def test_a_linear_model_is_its_scorecard_whatever_the_pickle_holds(tmp_path: Path) -> None:
    store = ModelStore(tmp_path)
    model_id = add(store)
    scorer = store.load_scorer(model_id, store.digests(model_id), max_abs_z=2.0)
    assert isinstance(scorer, LinearScorer)
    assert scorer.clean_risk({"a": 0.0}) == 0.5
    assert scorer.clean_risk({"a": 2.5}) is None


def test_a_tampered_scorecard_is_not_loaded(tmp_path: Path) -> None:
    store = ModelStore(tmp_path)
    model_id = add(store)
    digests = store.digests(model_id)
    (tmp_path / model_id / "scorecard.json").write_bytes(CARD.to_bytes().replace(b"0.5", b"0.9"))
    with pytest.raises(IntegrityError, match=r"scorecard\.json"):
        store.load_scorer(model_id, digests, max_abs_z=8.0)


class Bomb:
    """Code that runs when it is unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return pytest.fail, ("the pickle was loaded before its digest was checked",)


def test_a_pickle_with_another_digest_is_not_even_opened(tmp_path: Path) -> None:
    path = tmp_path / "model.joblib"
    joblib.dump(Bomb(), path)
    with pytest.raises(IntegrityError, match="its SHA-256 is not the recorded one"):
        load_estimator(path, "0" * 64)
    with pytest.raises(IntegrityError, match="no SHA-256 is recorded"):
        load_estimator(path, None)


def boosted(store: ModelStore) -> tuple[str, np.ndarray, object]:
    random = np.random.default_rng(0)
    values, bad = random.normal(size=(60, 2)), random.random(60) < 0.5
    estimator = fit_model(values, bad, kind="hist_gradient_boosting")
    pickled = io.BytesIO()
    joblib.dump(estimator, pickled)
    card = make_card(estimator, describe_features(("a", "b"), values), threshold=0.4)
    model_id = store.free_id(NOW)
    files = {"model.joblib": pickled.getvalue(), "scorecard.json": card.to_bytes()}
    store.create(model_id, files, {})
    return model_id, values, estimator


def test_a_model_of_trees_is_scored_from_its_scorecard(tmp_path: Path) -> None:
    store = ModelStore(tmp_path)
    model_id, values, estimator = boosted(store)
    scorer = store.load_scorer(model_id, store.digests(model_id), max_abs_z=8.0)
    assert isinstance(scorer, TreeScorer)
    assert scorer.threshold == 0.4
    expected = estimator.predict_proba(values)[:, 1]
    scored = [scorer.predict_risk({"a": a, "b": b}) for a, b in values.tolist()]
    assert scored == pytest.approx(expected, abs=1e-12)
    assert scorer.clean_risk({"a": 12.0, "b": 0.0}) is None


def test_trees_are_not_loaded_when_the_model_they_came_from_is_another(tmp_path: Path) -> None:
    store = ModelStore(tmp_path)
    model_id, _, _ = boosted(store)
    digests = store.digests(model_id)
    for name in ("scorecard.json", "model.joblib"):
        others = {other: digest for other, digest in digests.items() if other != name}
        with pytest.raises(IntegrityError, match=f"{name}: no SHA-256"):
            store.load_scorer(model_id, others, max_abs_z=8.0)
    path = tmp_path / model_id / "model.joblib"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(IntegrityError, match=r"model\.joblib: its SHA-256"):
        store.load_scorer(model_id, digests, max_abs_z=8.0)


def test_loading_trees_imports_no_learning_library(tmp_path: Path) -> None:
    model_id, _, _ = boosted(ModelStore(tmp_path))
    code = (
        "import sys; from pathlib import Path\n"
        "from afterclose.learning.artifacts import ModelStore\n"
        f"store, model_id = ModelStore(Path({str(tmp_path)!r})), {model_id!r}\n"
        "scorer = store.load_scorer(model_id, store.digests(model_id), max_abs_z=8.0)\n"
        "assert 0 < scorer.predict_risk({'a': 0.0, 'b': 0.0}) < 1\n"
        "heavy = {'numpy', 'pandas', 'sklearn', 'joblib', 'scipy', 'xgboost'} & set(sys.modules)\n"
        "sys.exit(', '.join(heavy) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, check=False)
    assert done.returncode == 0


# --- pruning ----------------------------------------------------------------------------


def test_the_newest_are_kept_and_protected_ones_are_never_removed(tmp_path: Path) -> None:
    store = ModelStore(tmp_path)
    a, b, c, d = (add(store, NOW + timedelta(minutes=minute)) for minute in range(4))
    assert store.prune(2, protected={a}) == [b]
    assert store.model_ids() == [d, c, a]
    assert store.prune(2, protected={a}) == []
    assert not list(tmp_path.glob(".tmp-*"))


def test_importing_the_store_imports_no_learning_library() -> None:
    code = (
        "import sys, afterclose.learning.artifacts\n"
        "heavy = {'numpy', 'pandas', 'sklearn', 'joblib', 'scipy'} & set(sys.modules)\n"
        "sys.exit(', '.join(heavy) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, check=False)
    assert done.returncode == 0


def test_published_files_are_readable_json(tmp_path: Path) -> None:
    store = ModelStore(tmp_path)
    path = tmp_path / add(store) / "metadata.json"
    assert json.loads(path.read_text())["schema_version"] == 1
    assert path.read_text().count("\n") > 5
