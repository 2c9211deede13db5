"""The chance of ever promoting noise, and how the recipes that are tried share it.

Looking at one recipe night after night costs nothing (`afterclose.evaluating.evidence`). Changing
the recipe does: whoever tries fifty settings finds one that was lucky. So the whole chance, say 5
%, is spent on the recipes in the order of their first evaluation: the first may use 1/2 of it, the
second 1/6, the k-th 1/(k (k + 1)). The shares add up to 1 however many follow, which is the union
bound (Foster & Stine, *Alpha-investing*, 2008, spend in the same spirit), and the first recipe,
which nobody chose by its results, keeps the largest.
"""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from afterclose.learning.training_options import TrainingOptions

DIGEST_CHARACTERS: Final = 16

_ENCODER = msgspec.json.Encoder()


def alpha_of_recipe(alpha: float, number: int) -> float:
    """The share of ``alpha`` that the recipe of this ``number`` (from 1) may use."""
    return alpha / (number * (number + 1))


def recipe_id(
    options: TrainingOptions,
    max_abs_z: float,
    feature_names: Sequence[str],
    sizing: tuple[str, float] = ("off", 0.0),
) -> str:
    """A digest of all that a person can choose: two digests are two tries.

    ``max_abs_z`` is where the filter abstains; which features there are counts as well, and
    so does ``sizing`` (`verdicts.Sizing`) where it changes a size. What does not change a
    verdict, such as the size from which training starts at all, does not.
    """
    sized = [] if sizing[0] == "off" else [sizing]
    chosen = options.decisive()
    encoded = _ENCODER.encode([chosen, max_abs_z, sorted(feature_names), *sized])
    return hashlib.sha256(encoded).hexdigest()[:DIGEST_CHARACTERS]


def recipe_number(recipe: str, tried: Iterable[str]) -> int:
    """The place, from 1, of ``recipe`` among the different ones ``tried`` so far, in order."""
    different = list(dict.fromkeys([*tried, recipe]))
    return different.index(recipe) + 1
