"""One night's step of the monitor: what is new is added, then all four alarms are judged.

It may be run at any time and as often as one likes: whatever was read is not read again, and
nobody is alarmed by looking more often (`afterclose.monitoring.betting`).
"""

from collections import deque
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from afterclose.dataset.file import DatasetFile
from afterclose.errors import AftercloseError, CannotTell, IntegrityError, UsageError
from afterclose.learning.artifacts import ModelStore
from afterclose.learning.scorer import Scorer
from afterclose.market.clock import MarketClock, market_timezone
from afterclose.monitoring import judge
from afterclose.monitoring.auto_off import switch_off_if_harmful
from afterclose.monitoring.challenger import Candidates, made_at
from afterclose.monitoring.collect import Collector
from afterclose.monitoring.monitor_file import (
    KINDS,
    Judged,
    Monitor,
    State,
    read_monitor,
    write_monitor,
)
from afterclose.monitoring.reading import Position, still_holds
from afterclose.monitoring.verdict_lines import verdicts
from afterclose.records import Features, Outcome
from afterclose.registry.reader import read_registry
from afterclose.registry.state import ActiveModel
from afterclose.scope_files import DECISIONS_FILE
from afterclose.settings import Settings
from afterclose.wording.monitoring import monitor_text

MAX_DATASET_ROWS: Final = 50_000
"""The newest rows that drift is measured against where the log does not reach back."""


def watch(settings: Settings, now: datetime, clock: MarketClock) -> Outcome:
    """Bring `ml_monitor.json` up to date under the scope's lock. Raises StorageError.

    With ML_AUTO_OFF a harm alarm that begins switches the filter off.
    """
    view = read_registry(settings.model_dir, settings.signing_key)
    known = read_monitor(settings.root)
    active = view.active
    scorer = _scorer(settings, active)
    state = known.state if known and _goes_on(settings, known.state, active) else None
    is_new = state is None
    state = state or _begin(active, scorer)
    zone = ZoneInfo(market_timezone(settings))
    collector = Collector(settings, state, Candidates(settings, view), zone)
    if is_new and active:
        collector.add_before(_decisions_before_the_log(settings, state, zone))
    collector.read_log()
    collector.read_ledgers()
    collector.settle(now)
    found = Monitor(
        at=now,
        facts=judge.facts_of(state, _age(clock, active, now)),
        drift=judge.drift_of(state, now),
        calibration=judge.calibration_of(state, by_rank=_by_rank(settings, active)),
        harm=judge.harm_of(state),
        challenger=judge.challenger_of(state),
        state=state,
    )
    write_monitor(settings.root, found)
    switched_off = switch_off_if_harmful(settings, now, known, found)
    return _outcome(found, switched_off)


def _goes_on(settings: Settings, state: State, active: ActiveModel | None) -> bool:
    """Whether a state is of the model that is active, and of the files as they are."""
    same = (active.model_id, active.since) if active else (None, None)
    return (
        (state.model_id, state.since) == same
        and still_holds(settings.root / DECISIONS_FILE, state.log)
        and all(still_holds(Path(path), at) for path, at in state.ledgers.items())
    )


def _begin(active: ActiveModel | None, scorer: Scorer | None) -> State:
    if active is None:
        return State()
    names = scorer.feature_names if scorer else ()
    return State(model_id=active.model_id, since=active.since, feature_names=names)


def _scorer(settings: Settings, active: ActiveModel | None) -> Scorer | None:
    """The active model; None where it cannot be loaded, which the health check says."""
    if active is None:
        return None
    try:
        return ModelStore(settings.model_dir).load_scorer(
            active.model_id, active.artifacts, max_abs_z=settings.ood_max_z
        )
    except (AftercloseError, OSError):
        return None


def _by_rank(settings: Settings, active: ActiveModel | None) -> bool:
    if active is None:
        return False
    try:
        options = ModelStore(settings.model_dir).read_metadata(active.model_id).get("settings", {})
    except (AftercloseError, OSError):
        return False
    return bool(options.get("target") == "r" or options.get("model") == "volatility")


def _age(clock: MarketClock, active: ActiveModel | None, now: datetime) -> int | None:
    """Sessions since the active model was trained; None without one, or where none can tell."""
    try:
        return clock.sessions_between(made_at(active.model_id), now) if active else None
    except (CannotTell, UsageError, ValueError):
        return None


def _decisions_before_the_log(
    settings: Settings, state: State, zone: ZoneInfo
) -> Iterator[tuple[datetime, Features]]:
    """Decisions of the dataset that are older than the log and than the active model.

    Their trades had closed when the model became active: a later night finds no others.
    """
    first = next(verdicts(settings.root / DECISIONS_FILE, Position(), zone), None)
    since = state.since
    file = DatasetFile(settings.root)
    try:
        metadata = file.metadata()
    except IntegrityError:
        return  # the build says so
    if metadata is None or since is None:
        return
    before = min(first.at, since) if first else since
    moment = datetime.fromisoformat
    newest = deque(
        (
            (moment(row.decision_timestamp), row.rule_features)
            for row in file.rows(metadata)
            if moment(row.exit_timestamp) < since and moment(row.decision_timestamp) < before
        ),
        MAX_DATASET_ROWS,
    )
    yield from newest


def _outcome(found: Monitor, switched_off: str) -> Outcome:
    details = msgspec.to_builtins({name: getattr(found, name) for name in Judged.__struct_fields__})
    details["switched_off"] = switched_off
    sounding = [kind for kind in KINDS if found.alarm_of(kind).alarm]
    return Outcome(
        job="monitor",
        status="done",
        reason=f"alarms: {', '.join(sounding) or 'none'}",
        details=details,
        text=monitor_text(details),
    )
