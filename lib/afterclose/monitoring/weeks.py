"""What is kept of decisions: sums for each week, so that no night reads the log from its start.

Weeks and not days or trades: decisions of one week share its market, and what moves together is
counted once. A week of UTC begins on Monday. Its outcomes count once all of them are known, for
the first trades to close are those that hit their stops.
"""

from datetime import UTC, date, datetime, timedelta

import msgspec

WEEK = timedelta(days=7)

UNKNOWN_AFTER = timedelta(days=45)
"""After its week, a decision of which no ledger knows anything was never traded or followed."""

OPEN_AFTER = timedelta(days=180)
"""After its week, a trade that is still open no longer keeps the others waiting."""


class Moments(msgspec.Struct, array_like=True):
    """Sums of one feature over a week's decisions; missing values are not among them."""

    number: int = 0
    total: float = 0.0
    squares: float = 0.0


class Settled(msgspec.Struct):
    """What came of a week's decisions. Outcomes are in units of risk (`outcomes.units_of`).

    ``scored`` have a probability, whose sum is ``expected_bad``, and ``bad`` of them were;
    ``differing`` is how many the newest candidate would have sized otherwise than the active
    model, and ``gain`` what that would have gained.
    """

    kept: int = 0
    kept_total: float = 0.0
    blocked: int = 0
    blocked_total: float = 0.0
    scored: int = 0
    expected_bad: float = 0.0
    bad: int = 0
    compared: int = 0
    differing: int = 0
    gain: float = 0.0
    without_outcome: int = 0


class Week(msgspec.Struct, kw_only=True):
    """One week's decisions: how many, each feature's sums, and, once known, what came of them."""

    monday: date
    decisions: int = 0
    features: list[Moments]
    settled: Settled | None = None

    @property
    def ends(self) -> datetime:
        """The first moment behind the week, in UTC."""
        return datetime(self.monday.year, self.monday.month, self.monday.day, tzinfo=UTC) + WEEK


def monday_of(moment: datetime) -> date:
    """The day that begins the week of an aware moment, in UTC."""
    day = moment.astimezone(UTC).date()
    return day - timedelta(days=day.weekday())
