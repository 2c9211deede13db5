"""The ways back to the rules: no model any more, and the switch.

Both are the safe direction, so no session lock stands in their way. The switch takes no lock
at all: it must work while a night's job holds the scope, and at a broken registry.
"""

from datetime import datetime

from afterclose.model_registry import ModelRegistry
from afterclose.nightly.work import Workplace
from afterclose.operating.redrawn import redraws
from afterclose.records import Outcome
from afterclose.registry.writer import whoami
from afterclose.settings import Settings
from afterclose.trading.switch import Switch
from afterclose.wording.cycle import make_command, promote_command


@redraws
def deactivate(settings: Settings, now: datetime, reason: str, by: str | None = None) -> Outcome:
    """Leave the scope without an active model; ``by`` names who asks, as for a promotion.

    Raises ScopeBusy while another job writes, IntegrityError for a broken registry; the
    switch works all the same.
    """
    registry = ModelRegistry.from_settings(settings, by=by)
    with Workplace.from_settings(settings).run("deactivate", now) as end:
        left = registry.deactivate(reason=reason, now=now)
        if left is None:
            return end(_unchanged("deactivate", "no model is active"))
        outcome = Outcome(
            job="deactivate",
            status="done",
            reason=reason,
            details={"model_id": left},
            text=f"No model is active any more; {left} was.\n"
            "A filter that is running keeps it until its session is over; `make off` stops it at "
            f"its next check.\nThe way back: {promote_command(left, settings)}",
        )
        return end(outcome)


@redraws
def switch_off(settings: Settings, now: datetime, reason: str, by: str | None = None) -> Outcome:
    """Put the scope's filters, running ones too, on the rules alone. Raises StorageError.

    ``by`` is as for `rollback`.
    """
    switch = Switch(settings)
    off = switch.read()
    if off is not None:
        return _unchanged("off", f"switched off already, by {off.by}")
    switch.turn_off(now, by or whoami(), reason)
    text = "Switched off: from their next check on, filters leave every entry to the rules.\n"
    back = make_command("on", settings)
    return Outcome(job="off", status="done", reason=reason, text=f"{text}The way back: {back}")


def switch_on(settings: Settings) -> Outcome:
    """Let the scope's filters answer again. Raises StorageError."""
    switch = Switch(settings)
    off = switch.read()
    if off is None:
        return _unchanged("on", "the filter is switched on")
    switch.turn_on()
    since = f" since {off.at:%Y-%m-%d %H:%M} UTC" if off.at else ""
    return Outcome(job="on", status="done", reason=f"it was switched off{since} by {off.by}")


def _unchanged(job: str, reason: str) -> Outcome:
    return Outcome(job=job, status="unchanged", reason=reason)
