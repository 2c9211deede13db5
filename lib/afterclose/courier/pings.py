"""What a health-check service is to hear of a scope's journal: start, success, fail.

Of each run of the night's job (the cycle; where a scope has none, the monitor) its START line
pings `/start`, its good end the URL itself, a failure or a refusal (damaged data, exit 3)
`/fail`, with the tail of the journal.
Services that know run ids (healthchecks does) get them, so a ping that comes twice counts once.
"""

from typing import Final, NamedTuple
from uuid import NAMESPACE_URL, uuid5

from afterclose.nightly.journal import GOOD_ENDS, JournalLine

JOBS: Final = ("cycle", "monitor")
TAIL_LINES: Final = 20

_SUFFIX: Final = {"START": "/start", "COMPLETED": "", "SKIPPED": "", "FAILED": "/fail"}


class Ping(NamedTuple):
    """One ping: the journal line it is of, what is added to the URL, and its body."""

    place: str
    suffix: str
    body: str


def due_pings(lines: list[JournalLine], pinged: str | None) -> list[Ping]:
    """The pings behind ``pinged``, oldest first; the first time, and after a rotation, only the
    newest run's.
    """  # noqa: D205 - one sentence
    job = next((name for name in JOBS if any(line.job == name for line in lines)), None)
    asked = [
        (number, line)
        for number, line in enumerate(lines)
        if line.job == job and line.event in _SUFFIX
    ]
    places = [_place(line) for _, line in asked]
    if pinged in places:
        asked = asked[places.index(pinged) + 1 :]
    elif asked:
        newest = asked[-1][1].run_id
        asked = [(number, line) for number, line in asked if line.run_id == newest]
    return [Ping(_place(line), _suffix(line), _tail(lines[: number + 1])) for number, line in asked]


def ping_address(url: str, scope: str, suffix: str) -> str:
    """The URL to ping; ``{scope}`` in it is the scope's name, `us-paper`."""
    address, mark, query = url.replace("{scope}", scope.replace("/", "-")).partition("?")
    path, _, own = suffix.partition("?")
    return f"{address.rstrip('/')}{path}?{'&'.join(filter(None, (query if mark else '', own)))}"


def _place(line: JournalLine) -> str:
    return f"{line.run_id} {line.event}"


def _suffix(line: JournalLine) -> str:
    refused = line.event in GOOD_ENDS and line.code  # nothing was done, and it does not pass
    suffix = _SUFFIX["FAILED" if refused else line.event]
    return f"{suffix}?rid={uuid5(NAMESPACE_URL, line.run_id)}"


def _tail(lines: list[JournalLine]) -> str:
    return "\n".join(
        f"{line.at:%Y-%m-%d %H:%M:%S} {line.job} {line.event} {line.reason or line.error}".rstrip()
        for line in lines[-TAIL_LINES:]
    )
