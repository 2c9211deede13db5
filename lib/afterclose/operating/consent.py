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


def gates_consent(settings: Settings, model_dir: Path, model_id: str) -> Consent:
    """What refuses a promotion that the gates of ``settings`` are against.

    ``model_dir`` is where the model and its evaluation lie.
    """
    return partial(_refuse_against_gates, settings=settings, model_dir=model_dir, model_id=model_id)


def overruled(consent: Consent, told: list[str]) -> Consent:
    """A consent that refuses nothing, and says in ``told`` what the gates refuse."""

    def note(view: RegistryView) -> None:
        try:
            consent(view)
        except PromotionRefused as refused:
            told.extend(refused.reason.removesuffix(REMEDY).rstrip().splitlines())
        except ImportError:  # where only trading is installed, gates cannot be asked
            pass

    return note


def _refuse_against_gates(
    view: RegistryView, *, settings: Settings, model_dir: Path, model_id: str
) -> None:
    """Raise PromotionRefused with two lines where the gates refuse."""
    from afterclose.gating.promotion import GateOptions, ask_gates  # NumPy stands behind them
    from afterclose.gating.stored import read_evaluation
    from afterclose.wording.money import refusal

    if any((event.subject, event.event) == (model_id, "promoted") for event in view.chain.events):
        return
    try:
        evaluation = read_evaluation(model_dir / model_id)
    except AftercloseError as error:
        raise PromotionRefused(model_id, f"the gates cannot judge it: {error} {REMEDY}") from None
    answer = ask_gates(evaluation, GateOptions.from_settings(settings))
    which, in_money = refusal(answer, evaluation.walk_forward.account)
    if evaluation.is_old:
        in_money = "It was evaluated before money was counted: train a new candidate to see it."
    if which:
        raise PromotionRefused(model_id, f"{which}\n{in_money} {REMEDY}")
