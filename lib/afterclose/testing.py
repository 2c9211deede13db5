"""For the tests of a bot: filters with a fixed answer, and a clock that stands still.

risk = BlocksAll()
bot = MyBot(risk)
bot.on_signal("AAPL", {"rsi_14": 71.0})
assert risk.questions[0].features == {"rsi_14": 71.0}
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import NamedTuple
from unittest import mock

from afterclose.records import Decision, Subject

__all__ = ["AllowsAll", "BlocksAll", "FixedFilter", "Question", "frozen_clock"]


class Question(NamedTuple):
    """What a filter was asked: as `RiskFilter.check` was called."""

    features: object
    about: Subject | None


class FixedFilter:
    """Gives the same verdict on every entry, and remembers what it was asked."""

    mode = "ml"
    mode_reason = "a filter of a test"

    def __init__(self, verdict: Decision) -> None:
        self.verdict = verdict
        self.questions: list[Question] = []

    def check(self, features: object, about: Subject | None = None) -> Decision:
        """The verdict it was made with."""
        self.questions.append(Question(features, about))
        return self.verdict

    def close(self) -> None:
        """Nothing is open."""


class AllowsAll(FixedFilter):
    """Allows every entry; ``size_multiplier`` may make it smaller."""

    def __init__(self, size_multiplier: float = 1.0) -> None:
        super().__init__(
            Decision(
                allowed=True,
                risk_score=0.1,
                size_multiplier=size_multiplier,
                reason="low_risk",
                model_id="20260101_000000",
            )
        )


class BlocksAll(FixedFilter):
    """Blocks every entry."""

    def __init__(self) -> None:
        super().__init__(
            Decision(
                allowed=False,
                risk_score=0.9,
                size_multiplier=0.0,
                reason="high_risk",
                model_id="20260101_000000",
            )
        )


@contextmanager
def frozen_clock(moment: datetime) -> Iterator[None]:
    """Inside, every filter that is loaded or asked sees ``moment``, an aware datetime."""
    with mock.patch("afterclose.risk_filter.utc_now", return_value=moment):
        yield
