"""What an operator asks: what is active, what waits, what is wrong, is it alive.

Answers are derived from the files as they stand, not read from `ml_status.json`: whoever asks
after a crash wants the truth and not the last thing that was written. Nothing is written.
"""

from datetime import datetime

import msgspec

from afterclose.model_registry import ModelRegistry
from afterclose.nightly.status import current_status
from afterclose.records import Outcome
from afterclose.settings import Settings
from afterclose.wording.registry import candidates_text, status_text


def show_status(settings: Settings, now: datetime, *, health: bool = False) -> Outcome:
    """The scope's status; with ``health`` one line, and exit code 1 when something is wrong."""
    if health:
        return _health(settings, now)
    status = msgspec.to_builtins(current_status(settings, now))
    return Outcome(job="status", status="done", details=status, text=status_text(status))


def show_candidates(settings: Settings, now: datetime) -> Outcome:
    """The models that wait for a promotion, the newest first."""
    models = ModelRegistry.from_settings(settings).list_candidates()
    return Outcome(
        job="candidates",
        status="done",
        reason=f"{len(models)} candidates at {now.isoformat(timespec='minutes')}",
        details={"models": models, "risk_threshold": settings.risk_threshold},
        text=candidates_text(models, settings.risk_threshold),
    )


def _health(settings: Settings, now: datetime) -> Outcome:
    """Healthy while `afterclose.nightly.health` has nothing to say."""
    alerts = current_status(settings, now).alerts
    return Outcome(
        job="status",
        status="unhealthy" if alerts else "healthy",
        reason="; ".join(alerts) or "healthy",
        details={"healthy": not alerts, "alerts": list(alerts)},
        exit_code=1 if alerts else 0,
    )
