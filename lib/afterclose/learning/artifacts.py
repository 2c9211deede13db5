"""The model folders: written once, published whole, read only after their digests matched.

A model is `{model_dir}/{model_id}/` with model.joblib, scorecard.json and metadata.json,
and later its evaluation and report. It is made in a hidden folder and renamed into place,
so a listing never shows half a model. What may run code on load (joblib is pickle) is
hashed first and then loaded from the very bytes that were hashed: checking the file and
opening it a second time would leave a moment to swap it.

Light to import: joblib is only loaded for those who unpickle, and trading does not.
"""

import re
import sys
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from afterclose.disk.files import (
    make_folder,
    publish_folder,
    remove_folder,
    sha256_bytes,
    write_atomic,
)
from afterclose.disk.sealed_json import decode_sealed, encode_sealed
from afterclose.disk.signature import is_signature, scope_of, signature_of
from afterclose.errors import UNREADABLE, InputError, IntegrityError, StorageError
from afterclose.learning.scorecard import Scorecard
from afterclose.learning.scorer import Scorer
from afterclose.learning.tree_card import read_card
from afterclose.learning.tree_scorer import scorer_of
from afterclose.scope_files import METADATA_FILE, MODEL_FILE, SCORECARD_FILE

METADATA_VERSION: Final = 1
"""Of metadata.json. To raise it, let `_metadata` read the old number: published models stay."""

ARTIFACTS: Final = (MODEL_FILE, SCORECARD_FILE, METADATA_FILE)
"""The files of training: never changed once published."""

REMEDY: Final = "Restore the model folder from a backup, or roll back to an earlier model."

MODULES_OF_0_1_0: Final = {
    "lib.learning.calibration": "afterclose.learning.calibration",
    "lib.learning.curves": "afterclose.learning.curves",
}
"""What a pickle of 0.1.0 calls the modules of the classes in it, and where they are now."""

UNSIGNED: Final = ("signature", "crc32")
"""Fields of metadata.json that a signature is not over."""

_HIDDEN: Final = ".tmp-"
_MODEL_ID: Final = re.compile(r"([0-9]{8}_[0-9]{6})(?:_([1-9][0-9]*))?")


def check_model_id(text: str) -> str:
    """``text`` itself when it can be a model's id, so that it is safe as a folder's name.

    Raises InputError otherwise.
    """
    if not _MODEL_ID.fullmatch(text):
        raise InputError(f"{text!r} is not a model id; write it as listed, like 20260127_153000")
    return text


class ModelStore:
    """The models in ``model_dir``."""

    def __init__(self, model_dir: Path) -> None:
        self.model_dir = model_dir

    def model_ids(self) -> list[str]:
        """All published models, newest first."""
        if not self.model_dir.is_dir():
            return []
        found = [match for path in self.model_dir.iterdir() if (match := _match(path))]
        return [match[0] for match in sorted(found, key=_age, reverse=True)]

    def __contains__(self, model_id: str) -> bool:
        return _match(self.model_dir / model_id) is not None

    def folder(self, model_id: str) -> Path:
        """The folder of a published model. Raises InputError when there is none."""
        folder = self.model_dir / check_model_id(model_id)
        if not folder.is_dir():
            raise InputError(f"there is no model {model_id} in {self.model_dir}")
        return folder

    def free_id(self, now: datetime) -> str:
        """The id of a model made at ``now``: its second in UTC, with `_2` and on when taken."""
        stamp = now.astimezone(UTC).strftime("%Y%m%d_%H%M%S")
        model_id, number = stamp, 1
        while (self.model_dir / model_id).exists():
            number += 1
            model_id = f"{stamp}_{number}"
        return model_id

    def create(
        self,
        model_id: str,
        files: Mapping[str, bytes],
        description: Mapping[str, Any],
        signing_key: str = "",
    ) -> None:
        """Publish a new model; metadata.json is its description with the files' digests.

        It is sealed, and signed for this scope where there is a key (`verify_published`).
        """
        metadata = {
            "schema_version": METADATA_VERSION,
            "model_id": model_id,
            **description,
            "artifacts": {name: sha256_bytes(data) for name, data in files.items()},
        }
        if signing_key:
            metadata["signature"] = signature_of(self._signed(metadata), signing_key)
        self.publish(model_id, {**files, METADATA_FILE: encode_sealed(metadata, indent=1)})

    def publish(self, model_id: str, files: Mapping[str, bytes]) -> None:
        """Write a model's folder under the scope's lock: all of its files at once.

        Raises StorageError; then the model is not there, or whole.
        """
        temporary = self.model_dir / f"{_HIDDEN}{model_id}"
        self._sweep()
        make_folder(temporary)
        try:
            for name, data in files.items():
                write_atomic(temporary / name, data)
            publish_folder(temporary, self.model_dir / model_id)
        except BaseException:  # whatever it is: no half folder stays, then raised
            with suppress(StorageError):
                remove_folder(temporary)
            raise

    def read_metadata(self, model_id: str) -> dict[str, Any]:
        """The model's metadata.json. Raises IntegrityError when it is missing or damaged."""
        path = self.folder(model_id) / METADATA_FILE
        return _metadata(_read(path), path, model_id)

    def verify_published(self, model_id: str, signing_key: str) -> dict[str, str]:
        """The digests of a model that nobody registered yet, if it is as the trainer left it.

        Raises IntegrityError when a file is not the one whose digest its metadata.json has, the
        seal of that file is broken, or ``signing_key``, if any, has not signed it for this scope.
        """
        metadata = self.read_metadata(model_id)
        path = self.folder(model_id) / METADATA_FILE
        if signing_key:
            claimed = metadata.get("signature")
            if not is_signature(str(claimed), self._signed(metadata), signing_key):
                problem = "the trainer did not sign it with ML_SIGNING_KEY for this scope"
                remedy = "Train again with the key: `make train FORCE=1`."
                raise IntegrityError(path, problem, remedy)
        digests: dict[str, str] = metadata["artifacts"]
        self.verify(model_id, digests)
        return {METADATA_FILE: sha256_bytes(_read(path)), **digests}

    def _signed(self, metadata: Mapping[str, Any]) -> bytes:
        """What a signature of ``metadata`` is over: all that it says, and this scope."""
        said = {name: value for name, value in metadata.items() if name not in UNSIGNED}
        content = msgspec.json.encode([scope_of(self.model_dir), said], order="deterministic")
        plain = msgspec.json.decode(content)  # as it will be read again: structs are objects
        return msgspec.json.encode(plain, order="deterministic")

    def digests(self, model_id: str) -> dict[str, str]:
        """SHA-256 of each of the model's `ARTIFACTS`, as they are on disk now."""
        folder = self.folder(model_id)
        return {
            name: sha256_bytes(_read(folder / name))
            for name in ARTIFACTS
            if (folder / name).is_file()
        }

    def verify(self, model_id: str, digests: Mapping[str, str]) -> None:
        """Raise IntegrityError unless every file of ``digests`` is there and matches."""
        self.read_checked(model_id, digests)

    def read_checked(self, model_id: str, digests: Mapping[str, str]) -> dict[str, bytes]:
        """The bytes of the files of ``digests``, which all match. Raises IntegrityError."""
        folder = self.folder(model_id)
        return {name: _read_checked(folder / name, digest) for name, digest in digests.items()}

    def load_scorer(self, model_id: str, digests: Mapping[str, str], *, max_abs_z: float) -> Scorer:
        """The model ready to score, from files that match the trusted ``digests``.

        Its scorecard is enough, so nothing is unpickled; but that of trees was taken out of
        model.joblib, and is not believed when that file is not the one recorded. Raises
        IntegrityError for a file that is missing, damaged or has no digest.
        """
        folder = self.folder(model_id)
        path = folder / SCORECARD_FILE
        card = read_card(_read_checked(path, digests.get(SCORECARD_FILE)), path)
        if not isinstance(card, Scorecard):
            _read_checked(folder / MODEL_FILE, digests.get(MODEL_FILE))
        return scorer_of(card, max_abs_z)

    def prune(self, keep: int, protected: Collection[str]) -> list[str]:
        """Remove all but the newest ``keep`` models and the ``protected``; return their ids."""
        self._sweep()
        doomed = [m for m in self.model_ids()[keep:] if m not in protected]
        for model_id in doomed:
            remove_folder(self.model_dir / model_id)
        return doomed

    def _sweep(self) -> None:
        """Remove what interrupted runs left behind."""
        for leftover in self.model_dir.glob(f"{_HIDDEN}*"):
            remove_folder(leftover)


def load_estimator(path: Path, expected_sha256: str | None) -> Any:
    """Unpickle a scikit-learn estimator from the bytes that matched the digest, never others.

    Raises IntegrityError when the file is missing or differs, no digest is known, or it needs
    a class that is not installed.
    """
    data = _read_checked(path, expected_sha256)
    import io

    import joblib

    try:
        with _modules_by_their_old_names():
            return joblib.load(io.BytesIO(data))
    except (ImportError, AttributeError) as error:  # a library that went, or a class that moved
        raise IntegrityError(path, f"cannot be unpickled here: {error}", REMEDY) from error


@contextmanager
def _modules_by_their_old_names() -> Iterator[None]:
    """Let a pickle of 0.1.0 find its classes: it names them by the modules that they were in.

    Only while it is read, and put back after: a bot may have a package `lib` of its own.
    """
    before = {name: sys.modules.get(name) for name in MODULES_OF_0_1_0}
    try:
        for name, now in MODULES_OF_0_1_0.items():
            sys.modules[name] = import_module(now)
        yield
    finally:
        for name, module in before.items():
            if module is None:
                sys.modules.pop(name, None)
            else:
                sys.modules[name] = module


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise IntegrityError(path, "is missing", REMEDY) from None
    except OSError as error:
        raise StorageError(
            path, error.strerror or str(error), "Make the volume readable, then try again."
        ) from error


def _read_checked(path: Path, expected_sha256: str | None) -> bytes:
    if expected_sha256 is None:
        raise IntegrityError(path, "no SHA-256 is recorded to trust it by", REMEDY)
    data = _read(path)
    if sha256_bytes(data) != expected_sha256:
        raise IntegrityError(path, "its SHA-256 is not the recorded one", REMEDY)
    return data


class _Known(msgspec.Struct, frozen=True):
    """What is relied on in metadata.json, whatever else it says."""

    schema_version: Annotated[int, Meta(ge=1, le=METADATA_VERSION)]
    model_id: str
    artifacts: dict[str, str]


def _metadata(data: bytes, path: Path, model_id: str) -> dict[str, Any]:
    try:
        metadata = decode_sealed(data, dict[str, Any])
        known = msgspec.convert(metadata, _Known)
    except UNREADABLE as error:
        raise IntegrityError(path, f"is not metadata: {error}", REMEDY) from None
    if known.model_id != model_id or MODEL_FILE not in known.artifacts:
        raise IntegrityError(path, f"does not describe model {model_id}", REMEDY)
    return metadata


def _match(path: Path) -> re.Match[str] | None:
    """The parts of a model's id; None for what is no folder of its own, such as a link to one."""
    own_folder = path.is_dir() and not path.is_symlink()
    return _MODEL_ID.fullmatch(path.name) if own_folder else None


def _age(match: re.Match[str]) -> tuple[str, int]:
    return match[1], int(match[2] or 1)
