"""What every model's scorecard has: its features, their training ranges, and its threshold.

A scorecard is a model as plain numbers: all that the trading process needs of it.
Unpickling scikit-learn to multiply ten numbers, or to walk some trees, would cost that
process two seconds of imports and let a tampered file run code. Audited JSON can do nothing
but arithmetic.

Loading is: size, JSON, types, then `Card.validate`; whoever loads checks the digest first.
To raise CARD_VERSION, let `from_bytes` read the old number: published models stay.
"""

import math
from collections.abc import Iterator
from operator import ge
from typing import Annotated, Final, Literal, Self, TypeVar

import msgspec
from msgspec import Meta

from afterclose.errors import UNREADABLE, IntegrityError
from afterclose.scope_files import SCORECARD_FILE

CARD_VERSION: Final = 2

MAX_BYTES: Final = 4 << 20
"""Of a scorecard file; ten thousand features fit, or a thousand small trees."""

REMEDY: Final = "Roll back to an earlier model, or train anew; do not edit the file."

Decoded = TypeVar("Decoded")

_RANGES: Final = ("train_min", "train_max", "train_mean", "train_std")


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """The head of a scorecard. All sequences are parallel to ``feature_names``, which is sorted.

    ``threshold`` is the risk score to block above; in ``threshold_mode`` "share" and "tuned"
    it was found for this model, in "fixed" it is the setting's. Where one of ``needed`` is
    missing, the model is not asked. There is neither an id nor a time
    inside, so equal training gives equal bytes.
    """

    schema_version: Annotated[int, Meta(ge=1, le=CARD_VERSION)] = CARD_VERSION
    feature_names: tuple[str, ...]
    threshold: float
    threshold_mode: Literal["fixed", "tuned", "share"] = "fixed"
    train_min: tuple[float, ...]
    train_max: tuple[float, ...]
    train_mean: tuple[float, ...]
    train_std: tuple[float, ...]
    needed: tuple[str, ...] = ()

    @classmethod
    def from_bytes(cls, data: bytes, path: object = SCORECARD_FILE) -> Self:
        """The validated scorecard in ``data``; ``path`` is for the message only.

        Raises IntegrityError naming the field, for anything `to_bytes` cannot have written.
        """
        card = decode(data, cls, path)
        card.validate(path)
        return card

    def to_bytes(self) -> bytes:
        """The file's content: indented JSON that decodes to an equal scorecard."""
        return msgspec.json.format(msgspec.json.encode(self), indent=1) + b"\n"

    def validate(self, path: object = SCORECARD_FILE) -> None:
        """Raise IntegrityError naming the first field that cannot be."""
        for field, holds, problem in self._checks():
            if not holds:
                raise IntegrityError(path, f"{field} {problem}", REMEDY)

    def _checks(self) -> Iterator[tuple[str, bool, str]]:
        """Field, whether it holds, what is wrong if not; each may rely on those before."""
        names = self.feature_names
        yield "feature_names", len(names) > 0, "is empty"
        yield "feature_names", list(names) == sorted(set(names)), "is not unique and sorted"
        yield "threshold", 0 <= self.threshold <= 1, "is not in 0 to 1"
        for field in _RANGES:
            yield from self._checks_per_feature(field)
        yield "train_std", min(self.train_std) > 0, "is not above 0"
        yield "train_max", all(map(ge, self.train_max, self.train_min)), "is below train_min"

        known = set(self.needed) <= set(names)
        yield "needed", known, "names a feature that the model does not have"

    def _checks_per_feature(self, field: str) -> Iterator[tuple[str, bool, str]]:
        values, features = getattr(self, field), len(self.feature_names)
        yield field, len(values) == features, f"has {len(values)} values, not {features}"
        yield field, all(map(math.isfinite, values)), "is not finite"


def decode(data: bytes, kind: type[Decoded], path: object) -> Decoded:
    """The JSON in ``data`` as a struct. Raises IntegrityError when it is too large or not one."""
    if len(data) > MAX_BYTES:
        raise IntegrityError(path, f"{len(data):,} bytes, allowed {MAX_BYTES:,}", REMEDY)
    try:
        return msgspec.json.decode(data, type=kind)
    except UNREADABLE as error:
        raise IntegrityError(path, f"is not a scorecard: {error}", REMEDY) from None
