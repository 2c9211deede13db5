"""A filter for bots that run for weeks: loaded anew for each session, by itself.

A `RiskFilter` is frozen for one session, and then says session_over. A bot that is started
once a day loads one itself; a bot that never stops asks this, which loads the next one at the
first entry after the open. A thread with a timer would do it a little sooner, and could fail
where nobody looks.
"""

from afterclose.records import Decision, Subject
from afterclose.risk_filter import RiskFilter
from afterclose.settings import Settings


class SessionFilter:
    """Asks the filter of the session that runs; ``settings`` say of which scope.

    With ``dry`` it takes neither lock nor log: for backtests.
    """

    def __init__(self, settings: Settings, *, dry: bool = False) -> None:
        self._settings, self._dry = settings, dry
        self._risk: RiskFilter | None = None

    def check(self, features: object, about: Subject | None = None) -> Decision:
        """The verdict, as of `RiskFilter.check`. Never raises."""
        if self._risk is not None and self._risk.is_over():
            self.close()
        if self._risk is None:
            self._risk = RiskFilter.load(self._settings, lock=not self._dry, log=not self._dry)
        return self._risk.check(features, about)

    def close(self) -> None:
        """Let go of the session's filter."""
        if self._risk is not None:
            self._risk.close()
        self._risk = None
