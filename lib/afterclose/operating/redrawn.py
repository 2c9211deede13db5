"""What changes a scope by hand changes its page: nobody should read yesterday's in the morning."""

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Concatenate, ParamSpec

from afterclose.records import Outcome
from afterclose.report.drawn import scope_page
from afterclose.settings import Settings

Rest = ParamSpec("Rest")
Operation = Callable[Concatenate[Settings, datetime, Rest], Outcome]


def redraws(operation: Operation[Rest]) -> Operation[Rest]:
    """Draw the scope's page once ``operation`` has done something; a page that fails is said."""

    @wraps(operation)
    def done(
        settings: Settings, now: datetime, /, *rest: Rest.args, **named: Rest.kwargs
    ) -> Outcome:
        outcome = operation(settings, now, *rest, **named)
        if outcome.status == "done":
            scope_page(settings, now)
        return outcome

    return done
