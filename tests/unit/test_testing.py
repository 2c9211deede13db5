"""`testing`: what is shipped for the tests of a bot."""

from datetime import UTC, datetime

from afterclose import RiskFilter, Subject
from afterclose.settings import Settings
from afterclose.testing import AllowsAll, BlocksAll, FixedFilter, Question, frozen_clock
from afterclose.trading.decision_log import read_decisions


def test_filters_with_one_answer_remember_what_they_were_asked() -> None:
    allows, blocks = AllowsAll(size_multiplier=0.5), BlocksAll()
    verdict = allows.check({"rsi": 1.0}, about=Subject("T-1"))
    assert (verdict.allowed, verdict.size_multiplier) == (True, 0.5)
    assert allows.questions == [Question({"rsi": 1.0}, Subject("T-1"))]
    assert (blocks.check({}).allowed, blocks.check(None).reason) == (False, "high_risk")
    assert isinstance(blocks, FixedFilter)
    blocks.close()


def test_a_frozen_clock_is_the_time_of_a_verdict(settings: Settings) -> None:
    moment = datetime(2026, 1, 27, 15, tzinfo=UTC)
    with frozen_clock(moment), RiskFilter.load(settings) as risk:
        risk.check({})
    (line,) = read_decisions(settings.root / "ml_decisions.jsonl")
    assert (line.at, line.session) == ("2026-01-27T15:00:00+00:00", "2026-01-27")
