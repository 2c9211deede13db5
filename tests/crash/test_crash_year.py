"""A year of nights in which everything goes wrong: each night the health check tells the truth.

`Truth` is what should be said, kept beside the scope as a person would keep it: which faults were
made, and which of them were mended. After each night the alerts are held to it, both ways: each
fault has its sentence, and there is no sentence without a fault.
"""

import json
import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from afterclose.errors import AftercloseError, CannotTell
from afterclose.market.clock import MarketClock
from afterclose.ml_orchestrator import OfflineMLOrchestrator
from afterclose.model_registry import ModelRegistry
from afterclose.nightly.operator_view import show_status
from afterclose.operating.cycle import run_cycle
from afterclose.operating.operations import PromotionRequest, lock, promote
from afterclose.operating.verification import verify_scope
from breaking import NIGHT_1, Lab, settings_of
from builders import append_ledger, synthetic_records, write_ledger

TICK = timedelta(minutes=15)
A_WHILE = timedelta(hours=3)

SENTENCES = {
    "clock": "is recorded as handled but has not closed yet: a clock was ahead",
    "calendar": "`make cycle` renews it",
    "killed": "times and killed before its end",
    "late": "has not been handled; `make cycle` does it",
    "rejects": "of trade_ledger.jsonl were rejected",
    "ids": "have the id of another trade and are left out",
    "gone": "is gone; restore it",
    "model": "cannot be loaded",
    "dataset": "ml_training_dataset.jsonl",
}
"""What each fault's alert says; one alert, one fault."""


class Year:
    """A scope, its ledger as it should be, and the faults that are in it now."""

    def __init__(self, lab: Lab, seed: int) -> None:
        self.lab = lab
        self.scope = settings_of(lab.folder / "year", ML_KEEP_MODELS="5")
        self.random = random.Random(seed)  # noqa: S311 - a repeatable year
        self.records = synthetic_records(900)
        self.used = 80
        self.truth: set[str] = set()
        self.mend_tomorrow: list[Callable[[], None]] = []
        self.faults = 0
        write_ledger(self.ledger, self.records[: self.used])

    @property
    def ledger(self) -> Path:
        return self.scope.ledger_paths[0]

    def tick(self, now: datetime) -> bool:
        """What cron does each quarter of an hour; whether a session was due."""
        self.truth -= {"late", "calendar"}
        with suppress(AftercloseError):  # the job exits with its code; the health check says it
            return run_cycle(self.scope, now).status != "nothing_due"
        return True

    def hold_to_the_truth(self, now: datetime) -> None:
        """Compare what the health check says with what is true."""
        health = show_status(self.scope, now, health=True)
        alerts = health.details["alerts"]
        said = [[fault for fault, words in SENTENCES.items() if words in alert] for alert in alerts]
        assert sorted(fault for faults in said for fault in faults) == sorted(self.truth), (
            now, alerts, self.truth,
        )  # fmt: skip
        assert all(said), alerts
        assert health.exit_code == (1 if alerts else 0)

    # --- what goes wrong: each fault leaves its truth, and who mends it ------------------------

    def nothing(self, now: datetime) -> None:
        self.tick(now)

    def killed(self, now: datetime) -> None:
        """The cycle dies at some disk call, up to three times, by SIGKILL."""
        session = MarketClock.from_settings(self.scope, may_build=True).last_completed(now).date
        for attempt in range(self.random.choice((1, 2, 3))):
            fatal = self.random.randrange(1, 60)
            self.lab.processes.cycle(self.scope, now + attempt * TICK, fatal)
        if self.unfinished(session) < 3:
            self.tick(now + 3 * TICK)
        else:
            self.truth.add("killed")
            self.truth -= {"late"}

    def unfinished(self, session: str) -> int:
        """Cycles of the session whose start is in the journal and whose end is not."""
        starts: set[str] = set()
        for line in (self.scope.root / "ml_runs.jsonl").read_bytes().splitlines():
            try:
                said = json.loads(line)
            except ValueError:
                continue  # torn by a kill
            if (said["job"], said.get("session")) == ("cycle", session):
                (starts.add if said["event"] == "START" else starts.discard)(said["run_id"])
        return len(starts)

    def clock_ahead(self, now: datetime) -> None:
        """One tick with a clock that is weeks or months ahead, then the right time again."""
        if self.tick(now + timedelta(days=self.random.randrange(20, 200))):
            self.truth.add("clock")  # in winter it may have been in market hours
        if self.outside_of_the_table(now):
            self.truth.add("calendar")
        self.hold_to_the_truth(now + timedelta(minutes=1))
        self.tick(now + TICK)
        self.mend_tomorrow.append(self.put_the_record_aside)

    def outside_of_the_table(self, now: datetime) -> bool:
        try:
            MarketClock.from_settings(self.scope).last_completed(now)
        except CannotTell:
            return True
        return False

    def clock_behind(self, now: datetime) -> None:
        self.tick(now - timedelta(days=self.random.randrange(2, 100)))
        self.tick(now + TICK)

    def rejected_day(self, now: datetime) -> None:
        """A broken export: lines that are no records, more than one in twenty of them."""
        append_ledger(self.ledger, ["a,b,c"] * (self.used // 10))
        self.truth.add("rejects")
        self.tick(now)
        self.mend_tomorrow.append(self.restore_the_ledger)

    def slip(self, now: datetime) -> None:
        """A single line that is no record is no fault of the whole ledger."""
        append_ledger(self.ledger, ["{"])
        self.tick(now)
        self.mend_tomorrow.append(self.restore_the_ledger)

    def same_id(self, now: datetime) -> None:
        append_ledger(self.ledger, [self.records[3] | {"symbol": "OTHER"}])
        self.truth.add("ids")
        self.tick(now)
        self.mend_tomorrow.append(self.restore_the_ledger)

    def ledger_gone(self, now: datetime) -> None:
        self.ledger.unlink()
        self.truth.add("gone")
        self.tick(now)
        self.mend_tomorrow.append(self.restore_the_ledger)

    def down(self, now: datetime) -> None:
        """No tick this night: the machine is off, and comes back the next evening."""
        if not self.truth & {"killed", "dataset"}:  # what waits for a person is said first
            self.truth.add("late")

    def model_damaged(self, now: datetime) -> None:
        active = ModelRegistry.from_settings(self.scope).get_active_model()
        self.tick(now)
        if active is None:
            return
        card = self.scope.model_dir / active / "scorecard.json"
        sound = card.read_bytes()
        card.write_bytes(sound.replace(b"0", b"1", 1))
        self.truth.add("model")

        def restore() -> None:
            card.write_bytes(sound)
            self.truth.discard("model")

        self.mend_tomorrow.append(restore)

    def dataset_damaged(self, now: datetime) -> None:
        rows = self.scope.root / "ml_training_dataset.jsonl"
        rows.write_bytes(rows.read_bytes().replace(b"AAPL", b"AAPk", 1))
        self.truth.add("dataset")
        for attempt in range(3):
            self.tick(now + attempt * TICK)
        self.mend_tomorrow.append(self.repair)

    # --- and is mended -------------------------------------------------------------------------

    def restore_the_ledger(self) -> None:
        """As the alerts say: mend the ledger, then `make build`."""
        write_ledger(self.ledger, self.records[: self.used])
        OfflineMLOrchestrator.from_settings(self.scope).build(self.now)
        self.truth -= {"gone", "rejects", "ids"}

    def put_the_record_aside(self) -> None:
        verify_scope(self.scope, self.now, repair=True)
        self.truth.discard("clock")

    def repair(self) -> None:
        verify_scope(self.scope, self.now, repair=True)

    def mend(self, now: datetime) -> None:
        """What the operator does in the afternoon before the next night."""
        self.now = now
        for mending in self.mend_tomorrow:
            mending()
        self.mend_tomorrow.clear()


FAULTS = (
    Year.killed, Year.clock_ahead, Year.clock_behind, Year.rejected_day, Year.slip, Year.same_id,
    Year.ledger_gone, Year.down, Year.model_damaged, Year.dataset_damaged,
)  # fmt: skip

ENDED_BY_A_GOOD_NIGHT = {"killed", "dataset", "late"}


def nights(first: datetime, count: int) -> Iterator[datetime]:
    """When the work of each of ``count`` sessions is due, a quarter of an hour later."""
    from exchange_calendars import get_calendar

    calendar = get_calendar("XNYS")
    days = calendar.sessions_in_range(
        f"{first:%Y-%m-%d}", f"{first + timedelta(days=600):%Y-%m-%d}"
    )
    for day in days[:count]:
        yield calendar.session_close(day).to_pydatetime() + timedelta(minutes=45)


@pytest.mark.slow
@pytest.mark.parametrize("healthy", [True, False], ids=["a healthy year", "a year of faults"])
def test_after_each_night_the_health_check_tells_the_truth(lab: Lab, healthy: bool) -> None:
    year = Year(lab, seed=1)
    for number, now in enumerate(nights(NIGHT_1 - timedelta(days=420), lab.often(252, 9))):
        fault = Year.nothing
        if not healthy and number > 1 and year.random.random() < 0.6:
            fault = year.random.choice(FAULTS)
        year.mend(now - A_WHILE)
        if number % 3 == 0:
            year.used += 1
            append_ledger(year.ledger, [year.records[year.used - 1]])
        if fault is not Year.down:
            year.truth -= ENDED_BY_A_GOOD_NIGHT
        fault(year, now)
        year.faults += fault is not Year.nothing
        year.hold_to_the_truth(now + A_WHILE)
        if number % 20 == 1:
            newest = show_status(year.scope, now).details["candidates"]["newest"]
            if newest:
                promote(year.scope, now + A_WHILE, PromotionRequest(newest, anyway=True))
        if number % 4 == 0:
            morning = now + timedelta(hours=16)
            lock(year.scope, morning, 60)
        year.hold_to_the_truth(now + timedelta(hours=17))
    what = "a healthy night of a year" if healthy else "a night of a year of faults"
    lab.tally(f"{what}, after which health tells the truth", number + 1)
    if not healthy:
        lab.note(f"{year.faults} of {number + 1} nights of the year had a fault made on purpose")
