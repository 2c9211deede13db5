"""The monitor's sentences for people: each alarm that sounds, with its remedy.

They are alerts of the status like all others, so health check, page, metrics and messages say
the same. Light: a status is made at every job's end.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple

from afterclose.monitoring.monitor_file import KINDS, Kind, read_judged


class Remedy(NamedTuple):
    """What an alarm means, and what to do."""

    meaning: str
    remedy: str


REMEDIES: Final[dict[Kind, Remedy]] = {
    "drift": Remedy(
        "the features have moved since the active model learned",
        "compare the named ones with the bot's and the market's; a candidate of the next nights "
        "has learned from these weeks, and its promotion ends this",
    ),
    "calibration": Remedy(
        "the active model's scores no longer mean what they say",
        "promote a newer candidate, or `make deactivate` until there is one",
    ),
    "harm": Remedy(
        "blocked decisions do better than kept ones",
        "`make off` leaves everything to the rules at once; then `make rollback`, "
        "`make deactivate`, or promote a newer candidate",
    ),
    "challenger": Remedy(
        "the newest candidate does better than the active model on the same decisions",
        "`make candidates` compares them, `make promote` brings it",
    ),
}
BLIND_AFTER: Final = timedelta(days=7)
"""Verdicts that the monitor has not seen for so long: it does not run."""


def monitor_alerts(
    root: Path, now: datetime, newest_verdict: datetime | None, since: datetime
) -> Iterator[str]:
    """What the last step found of the model active ``since``, and whether it saw the verdicts."""
    found = read_judged(root)
    if newest_verdict and min(newest_verdict, now) - (found.at if found else since) > BLIND_AFTER:
        seen = f"since {found.at:%Y-%m-%d}" if found else "yet"
        yield (
            f"the monitor has not looked at the verdicts {seen}; the cycle does it, and in a live "
            "scope its line in crontab.live: `make monitor` does it now"
        )
    if found is None:
        return
    for kind in KINDS:
        alarm = found.alarm_of(kind)
        if alarm.alarm and alarm.since == since:
            meaning, remedy = REMEDIES[kind]
            yield f"{kind} alarm: {meaning} ({alarm.words}); {remedy}"
