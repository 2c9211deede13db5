"""What a registration and a cycle came to, with the line to copy for a promotion."""

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING

from afterclose.records import Outcome
from afterclose.settings import Settings
from afterclose.wording.tables import section

if TYPE_CHECKING:
    from afterclose.gating.auto_promotion import AutoPromotion

CONTAINER_LOGS_DIR = "/logs"
"""Where the image keeps its volume: a path that means nothing on the host."""


def cycle_text(
    model_id: str | None,
    *,
    reason: str,
    previous_active: str | None,
    command: str,
    threshold: str = "",
    page: str | None = None,
    promotion: "AutoPromotion | None" = None,
    advice: Sequence[str] = (),
) -> str:
    """The section OFFLINE ML CYCLE COMPLETE; without a ``model_id`` it says why there is none.

    ``threshold`` says where the candidate blocks, ``page`` is the path of its review page,
    ``command`` the line to promote it, ``promotion`` what came of the automatic one where it is
    set. ``advice`` is what the gates say against it, if anything: then the line to promote it is
    not offered without it.
    """
    lines = []
    if model_id is None:
        lines += ["New candidate: none", f"Reason: {reason}"]
    else:
        lines += [f"New candidate: {model_id}", *_status(promotion, refused=bool(advice))]
        lines += [f"Threshold: {threshold}"] if threshold else []
    lines.append(f"Previous active: {previous_active or 'none (rules only)'}")
    if model_id and page:
        lines += ["", "To look at it first, open in a browser:", f"  {page}"]
    if command and not (promotion and promotion.promoted):
        lines += ["", *offered(command, advice, indent="  ")]
    return section("OFFLINE ML CYCLE COMPLETE", lines)


def offered(command: str, advice: Sequence[str], indent: str = "") -> list[str]:
    """The line to promote a model, under what the gates say against it."""
    if not advice:
        return ["To promote it:", f"{indent}{command}"]
    return [*advice, "To promote it all the same:", f"{indent}{command} ANYWAY=1"]


def _status(promotion: "AutoPromotion | None", *, refused: bool = False) -> list[str]:
    if promotion and promotion.promoted:
        return [f"Status: Promoted automatically ({promotion.reason})"]
    waits = (
        "Status: Registered (the gates refuse it)"
        if refused
        else "Status: Registered (awaiting manual promotion)"
    )
    return [waits, f"Not promoted automatically: {promotion.reason}"] if promotion else [waits]


def registration(
    model_id: str,
    command: str,
    promotion: "AutoPromotion | None",
    advice: Sequence[str] = (),
    *,
    threshold: str,
    new: bool,
    evaluated: bool = True,
) -> Outcome:
    """What registering came to; ``command`` promotes the model, against ``advice`` if any.

    ``threshold`` says where the model blocks. Until it is ``evaluated`` nothing promotes it.
    """
    waits = "is registered, and the gates refuse it" if advice else "awaits a promotion"
    offer = offered(command, advice)
    if not evaluated:
        waits = "is registered, and has not been evaluated"
        offer = [
            "It has not been evaluated: `make evaluate` first.",
            "Then, to promote it:",
            command,
        ]
    reason = f"{model_id} {waits if new else 'was registered before'}"
    blocks = f"Threshold: {threshold}"
    lines = [f"Registered {model_id}.", blocks, *offer]
    text = "\n".join(lines) if new else ""
    if promotion and promotion.promoted:
        reason = f"{model_id} was promoted automatically ({promotion.reason})"
        done = f"Registered {model_id} and promoted it automatically ({promotion.reason})."
        text = f"{done}\n{blocks}"
    elif promotion:
        text = f"Not promoted automatically: {promotion.reason}.\n{text}"
    return Outcome(
        job="register",
        status="done" if new else "unchanged",
        reason=reason,
        details={
            "model_id": model_id,
            "promote": offer[-1],
            "auto_promotion": promotion and promotion._asdict(),
        },
        text=text,
    )


def promote_command(model_id: str, settings: Settings) -> str:
    """The exact make line that promotes a model of this scope."""
    return make_command(f"promote ID={model_id}", settings)


def make_command(target: str, settings: Settings) -> str:
    """The make line of ``target`` (with its own variables) for this scope."""
    if settings.logs_dir == CONTAINER_LOGS_DIR:
        service = f"{settings.market}-{settings.env}"
        named = [] if service == "us-paper" else [f"SERVICE={service}"]
        return " ".join([f"make {target}", "IN=container", *named])
    defaults = Settings()
    parts = [
        f"{name}={shlex.quote(value)}"
        for name, value, default in (
            ("LOGS_DIR", settings.logs_dir, defaults.logs_dir),
            ("MARKET", settings.market, defaults.market),
            ("ENV", settings.env, defaults.env),
        )
        if value != default
    ]
    return " ".join([f"make {target}", *parts])
