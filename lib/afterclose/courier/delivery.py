"""One thing sent to one receiver, within a time limit, whatever the receiver does.

A socket's own timeout is not enough: it begins again with each byte, and a receiver that sends
one a second is never late. So a send runs in a thread that is waited for so long and no longer.
What went wrong is told in a word without the URL, which is a secret.
"""

import logging
import re
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final
from urllib.parse import urlsplit

from afterclose import __version__
from afterclose.disk.files import sha256_bytes
from afterclose.errors import ConfigError

SOCKET_TIMEOUT_S: Final = 10.0
SEND_LIMIT_S: Final = 20.0
"""For one send as a whole."""

MAX_BODY_BYTES: Final = 10_000

_NEXT_URL: Final = re.compile(r"[\s,]+(?=[A-Za-z][\w+.-]*://)")


@contextmanager
def only_own_words() -> Iterator[None]:
    """Inside, nothing is logged but by this project: the libraries that send name URLs.

    They do so at every level, warnings too, and in loggers of other libraries.
    """
    handlers = [*logging.getLogger().handlers, *filter(None, [logging.lastResort])]
    for handler in handlers:
        handler.addFilter(_is_own)
    try:
        yield
    finally:
        for handler in handlers:
            handler.removeFilter(_is_own)


def _is_own(record: logging.LogRecord) -> bool:
    return record.name.partition(".")[0] == "afterclose"


def receiver_id(url: str) -> str:
    """What names a receiver in the state: not its URL, which is a secret."""
    return sha256_bytes(url.encode())[:12]


def split_urls(text: str) -> list[str]:
    """The URLs in a setting, with spaces or commas between."""
    return [url.strip(" ,") for url in _NEXT_URL.split(text.strip()) if url.strip(" ,")]


def check_ping_url(url: str) -> None:
    """Raise ConfigError for a URL that cannot be pinged."""
    if url and urlsplit(url).scheme not in {"http", "https"}:
        raise ConfigError("ML_PING_URL", "********", "allowed: a URL of http or https")


def ping(url: str, body: str) -> str:
    """POST ``body`` to a health-check URL; why it failed, empty when the receiver took it."""
    return _within_limit(lambda: _post(url, body))


def notify(url: str, title: str, body: str) -> str:
    """Send a message by Apprise; why it failed, empty when the receiver took it."""
    with suppress(ModuleNotFoundError):  # said below; loading it is not the receiver's time
        import apprise  # noqa: F401 - imported for its effect
    return _within_limit(lambda: _apprise(url, title, body))


def _post(url: str, body: str) -> str:
    data = body.encode(errors="replace")[-MAX_BODY_BYTES:]
    request = urllib.request.Request(  # noqa: S310 - the scheme was checked
        url, data=data, headers={"User-Agent": f"afterclose/{__version__}"}
    )
    try:
        with urllib.request.urlopen(request, timeout=SOCKET_TIMEOUT_S) as answer:  # noqa: S310
            answer.read(1)
    except urllib.error.HTTPError as error:
        return f"it answered {error.code}"
    return ""


def _apprise(url: str, title: str, body: str) -> str:
    import apprise

    sender = apprise.Apprise(asset=apprise.AppriseAsset(app_id="afterclose"))
    if not sender.add(url):
        return "Apprise does not know such a URL"
    return "" if sender.notify(title=title, body=body) else "it was not taken"


def _within_limit(send: Callable[[], str]) -> str:
    answer: list[str] = []

    def run() -> None:
        try:
            answer.append(send())
        except ModuleNotFoundError:
            answer.append("Apprise is not installed: pip install 'afterclose[notify]'")
        except Exception as error:  # noqa: BLE001 - a receiver may answer anything
            answer.append(type(error).__name__)

    thread = threading.Thread(target=run, name="courier-send", daemon=True)
    thread.start()
    thread.join(SEND_LIMIT_S)
    return answer[0] if answer else f"no answer within {SEND_LIMIT_S:.0f} s"
