"""One look at every scope of the volume, again and again, or once for cron.

State is written before and after each send (`letterbox`). A receiver that fails is left alone
for a while, twice as long each time; what it missed waits, in one digest.
"""

import logging
import os
from datetime import datetime, timedelta
from pathlib import Path
from time import sleep
from typing import Final

from msgspec.structs import replace

from afterclose.clock import utc_now
from afterclose.courier.delivery import (
    check_ping_url,
    notify,
    only_own_words,
    ping,
    receiver_id,
    split_urls,
)
from afterclose.courier.letterbox import (
    Digest,
    Letterbox,
    Wait,
    read_letterbox,
    write_letterbox,
)
from afterclose.courier.news import by_key, changes
from afterclose.courier.pings import due_pings, ping_address
from afterclose.disk.scope_lock import scope_lock
from afterclose.errors import AftercloseError, ConfigError
from afterclose.fleet.scopes import find_scopes
from afterclose.nightly.journal import Journal
from afterclose.nightly.status import current_status
from afterclose.records import Outcome
from afterclose.scope_files import JOURNAL_FILE
from afterclose.settings import Settings

LOOK_EVERY_S: Final = 15.0
ONE_DIGEST: Final = timedelta(minutes=1)
"""At most one digest in so long a time."""

FIRST_WAIT: Final = timedelta(seconds=15)
LONGEST_WAIT: Final = timedelta(minutes=15)
MAX_LINES: Final = 100

_logger = logging.getLogger(__name__)


def run_courier(settings: Settings, now: datetime, state_dir: str | None, *, once: bool) -> Outcome:
    """Look and send until a signal, or once.

    Raises ConfigError with nowhere to send to, ScopeBusy where another courier has the state.
    """
    check_ping_url(settings.ping_url)
    if not settings.ping_url and not settings.notify_urls:
        raise ConfigError("ML_NOTIFY_URLS", "", "set it, or ML_PING_URL: there is nowhere to send")
    courier = Courier(settings, Path(state_dir or settings.courier_state))
    with only_own_words(), scope_lock(courier.folder):
        sent = courier.look(now)
        while not once:
            sleep(LOOK_EVERY_S)
            courier.look(utc_now())
    failing = len(courier.box.waits)
    words = f"{sent} sent" + (f", {failing} receivers fail and are tried again" if failing else "")
    return Outcome(job="courier", status="done" if sent else "unchanged", reason=words)


class Courier:
    """The state in ``folder``, and the receivers of the settings."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self._settings = settings
        self.folder = folder
        self.box: Letterbox = read_letterbox(folder)
        self._receivers = {receiver_id(url): url for url in split_urls(settings.notify_urls)}

    def look(self, now: datetime) -> int:
        """Read every scope, say what has changed, ping what has run; how much was sent.

        A scope that cannot be read is said like an alert; only the courier's own state raises.
        """
        scopes = find_scopes(Path(self._settings.logs_dir))
        if self._receivers:
            self._collect(scopes, now)
        return self._deliver(now) + sum(self._ping(scope, now) for scope in self._pinged(scopes))

    def _collect(self, scopes: list[tuple[str, str]], now: datetime) -> None:
        """Put what has changed into the digest that waits, or begin one."""
        if self.box.digest_at and now - self.box.digest_at < ONE_DIGEST:
            return
        seen = {f"{market}/{env}": self._alerts(market, env, now) for market, env in scopes}
        lines = [
            line
            for scope in sorted({*seen, *self.box.known})
            for line in changes(scope, self.box.known.get(scope, {}), seen.get(scope, {}))
        ]
        if not lines:
            return
        self.box.known = {scope: alerts for scope, alerts in seen.items() if alerts}
        self.box.digest_at = now
        last = self.box.digests[-1] if self.box.digests else None
        if last and last.trying is None and set(last.to) == set(self._receivers):
            last.lines = (last.lines + lines)[-MAX_LINES:]
        else:
            name = os.urandom(6).hex()
            self.box.digests.append(
                Digest(id=name, at=now, lines=lines[-MAX_LINES:], to=list(self._receivers))
            )
        self._write()

    def _alerts(self, market: str, env: str, now: datetime) -> dict[str, str]:
        scope = replace(self._settings, market=market, env=env)
        try:
            return by_key(current_status(scope, now).alerts)
        except (AftercloseError, OSError, KeyError) as error:
            return by_key([f"the status cannot be read: {error}; `make verify` says more"])

    def _deliver(self, now: datetime) -> int:
        sent = 0
        for digest in list(self.box.digests):
            digest.to = [name for name in digest.to if name in self._receivers]
            for name in list(digest.to):
                if self._may_try(name, now):
                    sent += self._send(digest, name, now)
            if not digest.to:
                self.box.digests.remove(digest)
                self._write()
        return sent

    def _send(self, digest: Digest, name: str, now: datetime) -> bool:
        repeat = "\n(This may be a repeat.)" if digest.trying == name else ""
        digest.trying = name
        self._write()
        body = "\n".join(f"- {line}" for line in digest.lines) + f"{repeat}\n[{digest.id}]"
        title = f"afterclose: {len(digest.lines)} change{'s' * (len(digest.lines) > 1)}"
        problem = notify(self._receivers[name], title, body)
        digest.trying = None
        if not problem:
            digest.to.remove(name)
        self._note(name, problem, now)
        return not problem

    def _pinged(self, scopes: list[tuple[str, str]]) -> list[tuple[str, str]]:
        """One URL is of one scope; with ``{scope}`` in it, it is of all."""
        url = self._settings.ping_url
        own = (self._settings.market, self._settings.env)
        return [scope for scope in scopes if url and ("{scope}" in url or scope == own)]

    def _ping(self, scope: tuple[str, str], now: datetime) -> int:
        name, sent = "/".join(scope), 0
        place = f"ping {name}"
        lines = Journal(Path(self._settings.logs_dir, *scope, JOURNAL_FILE)).read()
        for due in due_pings(lines, self.box.pinged.get(name)):
            if not self._may_try(place, now):
                break
            problem = ping(ping_address(self._settings.ping_url, name, due.suffix), due.body)
            if not problem:
                self.box.pinged[name] = due.place
                sent += 1
            self._note(place, problem, now)
        return sent

    def _may_try(self, name: str, now: datetime) -> bool:
        wait = self.box.waits.get(name)
        return wait is None or now >= wait.until

    def _note(self, name: str, problem: str, now: datetime) -> None:
        """Keep how a send ended, and say it when that is new."""
        before = self.box.waits.pop(name, None)
        if problem:
            failures = before.failures + 1 if before else 1
            pause = min(FIRST_WAIT * 2 ** min(failures - 1, 10), LONGEST_WAIT)
            self.box.waits[name] = Wait(failures=failures, until=now + pause)
            if before is None:
                _logger.warning("courier: receiver %s failed: %s; it is tried again", name, problem)
        elif before:
            _logger.warning("courier: receiver %s works again", name)
        self._write()

    def _write(self) -> None:
        write_letterbox(self.folder, self.box)
