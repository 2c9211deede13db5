"""Whether a promotion by hand goes against the gates, and what that means in money.

The registry keeps out what cannot be traded (unknown, changed, unsigned, not evaluated); what
should not be traded is a judgement, and a person may overrule it with ANYWAY=1. The gates are
asked anew about the figures of the evaluation on record, so the bounds are those of today. A
model that was active before has been decided on already, here or in the scope that it is
copied from: returning to it asks nobody.
"""

from functools import partial
from pathlib import Path

from afterclose.errors import AftercloseError, PromotionRefused
from afterclose.model_registry import Consent
from afterclose.registry.reader import RegistryView
from afterclose.settings import Settings

REMEDY = "To promote it all the same: ANYWAY=1 (--anyway)."


def gates_consent(
    settings: Settings, model_dir: Path, model_id: str, overruled: list[str] | None = None
) -> Consent:
    """What refuses a promotion that the gates of ``settings`` are against.

    ``model_dir`` is where the model and its evaluation lie. With a list ``overruled`` nothing is
    refused: what the gates say against it is added there, for whoever overrules them to see.
    """
    return partial(
        _ask, settings=settings, model_dir=model_dir, model_id=model_id, overruled=overruled
    )


def _ask(
    view: RegistryView,
    *,
    settings: Settings,
    model_dir: Path,
    model_id: str,
    overruled: list[str] | None,
) -> None:
    """Raise PromotionRefused, or add to ``overruled``, where the gates refuse."""
    if any((event.subject, event.event) == (model_id, "promoted") for event in view.chain.events):
        return
    try:
        against = _against(settings, model_dir / model_id)
    except ImportError as error:  # only what trading imports is installed
        if overruled is None:
            raise
        against = [f"the gates cannot be asked here: {error}"]
    if overruled is not None:
        overruled += against
    elif against:
        words = "\n".join(against)
        raise PromotionRefused(model_id, f"{words} {REMEDY}")


def _against(settings: Settings, folder: Path) -> list[str]:
    """Which gates refuse, and what the candidate means in money; nothing where all pass."""
    from afterclose.gating.promotion import GateOptions, ask_gates  # NumPy stands behind them
    from afterclose.gating.stored import read_evaluation
    from afterclose.wording.money import refusal

    try:
        evaluation = read_evaluation(folder)
    except AftercloseError as error:
        return [f"the gates cannot judge it: {error}"]
    answer = ask_gates(evaluation, GateOptions.from_settings(settings))
    which, in_money = refusal(answer, evaluation.walk_forward.account)
    if evaluation.is_old:
        in_money = "It was evaluated before money was counted: train a new candidate to see it."
    return [which, in_money] if which else []
