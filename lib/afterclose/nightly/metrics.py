"""`ml_metrics.prom`: the status as numbers, in the text format that Prometheus reads.

A file for the node exporter's textfile collector, and no port: the jobs have no network. It is
as old as the last job that wrote the status, so rules compare its timestamps with the present
(deploy/prometheus). Light, like the status.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from afterclose.disk.files import write_atomic
from afterclose.disk.seal import seal_text
from afterclose.errors import CannotTell, ConfigError
from afterclose.market.clock import MarketClock
from afterclose.monitoring.monitor_file import KINDS, Judged, read_judged
from afterclose.nightly.due import training_is_refused, what_is_due
from afterclose.nightly.filter_health import OF_ITS_MODEL, newest_verdicts
from afterclose.nightly.journal import Journal, JournalLine
from afterclose.nightly.status import Status
from afterclose.scope_files import DECISIONS_FILE, JOURNAL_FILE, METRICS_FILE
from afterclose.settings import Settings
from afterclose.trading.switch import Switch

MODES: Final = ("ml", "rules-only", "switched-off")

Labels = Mapping[str, str]


class Family(NamedTuple):
    """One metric: its name without the prefix, what it is, and its samples."""

    name: str
    kind: str
    help: str
    samples: list[tuple[Labels, float]]


def write_metrics(settings: Settings, status: Status, now: datetime) -> None:
    """Replace the file. Raises StorageError."""
    text = metrics_text(settings, status, now)
    write_atomic(settings.root / METRICS_FILE, seal_text(text.encode()))


def metrics_text(settings: Settings, status: Status, now: datetime) -> str:
    """All metrics of the scope, each with its market and env."""
    scope = {"market": settings.market, "env": settings.env}
    lines = []
    for family in _families(settings, status, now):
        if not family.samples:
            continue
        name = f"afterclose_{family.name}"
        lines += [f"# HELP {name} {family.help}", f"# TYPE {name} {family.kind}"]
        lines += [
            f"{name}{_text({**scope, **labels})} {value!r}" for labels, value in family.samples
        ]
    return "\n".join([*lines, ""])


def _families(settings: Settings, status: Status, now: datetime) -> Iterator[Family]:
    ends = _last_ends(settings)
    yield Family(
        "step_last_success_timestamp_seconds",
        "gauge",
        "When a step last ended well, or had nothing to do.",
        [({"step": job}, line.at.timestamp()) for job, (_, line) in ends.items() if line],
    )
    yield Family(
        "step_last_exit_code",
        "gauge",
        "How a step last ended: 0 done or nothing to do, 1 failed, 2 unusable, 3 refused.",
        [({"step": job}, code) for job, (code, _) in ends.items()],
    )
    yield _gauge("status_timestamp_seconds", "When this file was written.", now.timestamp())
    yield _gauge("alerts", "Sentences of the health check; 0 is healthy.", len(status.alerts))
    overdue = _overdue_s(settings, now)
    yield _gauge("session_overdue_seconds", "How long a session has waited for its work.", overdue)
    mode = _mode(settings)
    yield Family(
        "filter_mode",
        "gauge",
        "1 for what the newest verdict came from.",
        [({"mode": name}, float(name == mode)) for name in MODES] if mode else [],
    )
    active = status.active_model
    yield Family(
        "model_info",
        "gauge",
        "The active model.",
        [({"model_id": active.id}, 1.0)] if active else [],
    )
    if found := read_judged(settings.root):
        yield from _watched(found)


def _watched(found: Judged) -> Iterator[Family]:
    facts = found.facts
    yield Family(
        "verdicts_total",
        "counter",
        "Verdicts in the log, by reason.",
        [({"reason": reason}, number) for reason, number in facts.verdicts.items()],
    )
    shares = {"block_share": facts.block_share, "abstain_share": facts.abstain_share}
    for name, share in shares.items():
        yield _gauge(name, f"Of the verdicts of the last {facts.sessions} sessions.", share)
    yield _gauge("model_age_sessions", "Since the model was trained.", facts.model_age_sessions)
    yield Family(
        "monitor_log_stake",
        "gauge",
        "Natural logarithm of an alarm's stake; an alarm begins at 3.",
        [({"kind": kind}, found.alarm_of(kind).log_stake) for kind in KINDS],
    )
    yield Family(
        "monitor_alarm",
        "gauge",
        "1 while an alarm of the monitor sounds.",
        [({"kind": kind}, float(found.alarm_of(kind).alarm)) for kind in KINDS],
    )
    yield _gauge("monitor_timestamp_seconds", "When the monitor last ran.", found.at.timestamp())


def _gauge(name: str, words: str, value: float | None) -> Family:
    return Family(name, "gauge", words, [] if value is None else [({}, value)])


def _last_ends(settings: Settings) -> dict[str, tuple[int, JournalLine | None]]:
    """The exit code of each job's last run, and the line of its last good end."""
    ends = Journal(settings.root / JOURNAL_FILE).last_ends()
    return {job: (last.code, good) for job, (last, good) in sorted(ends.items())}


def _overdue_s(settings: Settings, now: datetime) -> float | None:
    """None where no session is ever due (a live scope), or nobody can tell."""
    if training_is_refused(settings):
        return None
    clock = MarketClock.from_settings(settings)
    try:
        if what_is_due(settings, clock, now).session is None:
            return 0.0
        delay = timedelta(minutes=settings.after_close_delay_minutes)
        return max(0.0, (now - clock.last_completed(now).close - delay).total_seconds())
    except (CannotTell, ConfigError):
        return None


def _mode(settings: Settings) -> str | None:
    """None before the first verdict."""
    if Switch(settings).is_off():
        return "switched-off"
    verdicts = newest_verdicts(settings.root / DECISIONS_FILE)
    if not verdicts:
        return None
    has_model = any(v.reason in OF_ITS_MODEL - {"no_active_model"} for v in verdicts)
    return "ml" if has_model else "rules-only"


def _text(labels: Labels) -> str:
    inside = ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())
    return f"{{{inside}}}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
