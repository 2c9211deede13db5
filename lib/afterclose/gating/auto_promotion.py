"""The promotion that nobody looks at: what happens to a candidate when ML_AUTO_PROMOTE is set.

The gates' answer is read from the candidate's evaluation and never computed anew here: what
was printed, recorded and acted on is the same. The registry's own checks (files, signature,
session lock) come on top, as for a promotion by hand.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from afterclose.errors import SessionLocked
from afterclose.gating.promotion import AutoPromotion
from afterclose.model_registry import ModelRegistry

REASON = "all gates passed"


def promote_if_passed(
    registry: ModelRegistry, model_id: str, verdict: Mapping[str, Any] | None, now: datetime
) -> AutoPromotion:
    """Make a registered candidate active if its ``verdict`` (JSON form) says so.

    Refusals are an answer; an IntegrityError, when files are not those on record, is raised.
    """
    if verdict is None:
        return AutoPromotion(False, "it was evaluated without gates")
    if refused := [gate["name"] for gate in verdict["gates"] if not gate["passed"]]:
        names = ", ".join(refused).replace("_", " ")
        return AutoPromotion(
            False, f"{len(refused)} of {len(verdict['gates'])} gates refuse: {names}"
        )
    if not verdict["passed"] or verdict["against"] != registry.get_active_model():
        return AutoPromotion(False, "it was not compared with the model that is active now")
    try:
        changed = registry.promote_candidate(model_id, REASON, verdict=verdict, now=now)
    except SessionLocked as error:
        return AutoPromotion(False, str(error))
    return AutoPromotion(changed, REASON if changed else "it is active already")
