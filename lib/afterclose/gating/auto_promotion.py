"""The promotion that nobody looks at: what happens to a candidate when ML_AUTO_PROMOTE is set.

The gates' answer is what this process has just found out (`OfflineEvaluator.gates_answer`), never
what a file says: whoever can write evaluation.json must not promote by it. The registry's own
checks (files, signature, session lock) come on top, as for a promotion by hand.
"""

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from msgspec import to_builtins

from afterclose.errors import SessionLocked
from afterclose.model_registry import ModelRegistry

if TYPE_CHECKING:  # NumPy stands behind it, and a tick with nothing due loads this module
    from afterclose.evaluating.figures import GatesAnswer

REASON = "all gates passed"


class AutoPromotion(NamedTuple):
    """What came of an automatic promotion: whether the candidate is active, and why (not)."""

    promoted: bool
    reason: str


def promote_if_passed(
    registry: ModelRegistry, model_id: str, answer: "GatesAnswer", now: datetime
) -> AutoPromotion:
    """Make a registered candidate active if every gate lets it.

    Refusals are an answer; an IntegrityError, when files are not those on record, is raised.
    """
    if refusing := answer.refusing:
        names = ", ".join(gate.name for gate in refusing).replace("_", " ")
        return AutoPromotion(False, f"{len(refusing)} of {len(answer.gates)} gates refuse: {names}")
    if not answer.passed or answer.against != registry.get_active_model():
        return AutoPromotion(False, "it was not compared with the model that is active now")
    try:
        plain = to_builtins(answer)
        changed = registry.promote_candidate(model_id, REASON, gates_answer=plain, now=now)
    except SessionLocked as error:
        return AutoPromotion(False, str(error))
    return AutoPromotion(changed, REASON if changed else "it is active already")
