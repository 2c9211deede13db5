"""Which recipes were ever evaluated in a scope, in order: what the next try has to pay for.

The registry's events know of every model that was registered, pruned ones too. A model that
was evaluated and never registered counts as well: whoever evaluates fifty settings by hand
and registers the best has tried fifty.
"""

from collections.abc import Iterator

import msgspec

from afterclose.learning.artifacts import ModelStore
from afterclose.registry.evaluated import Tried
from afterclose.registry.events import NO_FIGURES
from afterclose.registry.reader import RegistryView
from afterclose.scope_files import EVALUATION_FILE

_DECODER = msgspec.json.Decoder(Tried)


def tried_recipes(view: RegistryView, store: ModelStore) -> list[str]:
    """Ids of recipes (`alpha_spending.recipe_id`), repeated ones too, oldest first."""
    found = [_decoded(data) for data in _evaluations(view, store)]
    return [evaluation.recipe.id for evaluation in found if evaluation.recipe]


def _evaluations(view: RegistryView, store: ModelStore) -> Iterator[bytes | msgspec.Raw]:
    for event in view.chain.events:
        if event.evaluation != NO_FIGURES:
            yield event.evaluation
    for model_id in reversed(store.model_ids()):
        path = store.folder(model_id) / EVALUATION_FILE
        if model_id not in view.state.models and path.is_file():
            yield path.read_bytes()


def _decoded(data: bytes | msgspec.Raw) -> Tried:
    try:
        return _DECODER.decode(data)
    except ValueError:  # no evaluation, or none of this version
        return Tried()
