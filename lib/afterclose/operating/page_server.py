"""Shows the pages of a volume to the browser on this machine, and nothing else to anybody.

Only this machine can connect (127.0.0.1), only pages are answered (names that this project
gives them), nothing is listed and nothing can be changed. A page that is opened from disk works
as well; a server is for volumes that a browser may not read, and for links between scopes.
"""

import re
import webbrowser
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

from afterclose.errors import InputError
from afterclose.records import Outcome
from afterclose.scope_files import INDEX_FILE
from afterclose.settings import Settings

LOOPBACK: Final = "127.0.0.1"

NAME: Final = r"[A-Za-z0-9][A-Za-z0-9_-]*"

PAGES: Final = re.compile(
    rf"/(?:index\.html|{NAME}/{NAME}/(?:index\.html|compare_\d{{8}}_\d{{6}}_\d{{8}}_\d{{6}}\.html"
    rf"|ml_models/\d{{8}}_\d{{6}}/report\.html))"
)
"""The only paths that are answered, besides `/`."""

HEADERS: Final = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}


def open_pages(
    settings: Settings,
    *,
    port: int = 0,
    browse: Callable[[str], object] | None = webbrowser.open,
    serve: Callable[[ThreadingHTTPServer], None] = ThreadingHTTPServer.serve_forever,
) -> Outcome:
    """Serve the pages until Ctrl-C, and open the first of them in a browser.

    ``port`` 0 is any free one; ``browse`` None opens nothing. Raises InputError when there is
    no page, or the port cannot be had.
    """
    volume = Path(settings.logs_dir).resolve()
    first = next((path for path in _first(settings) if (volume / path).is_file()), None)
    if first is None:
        raise InputError(f"{volume} has no page yet: `make report` draws them")
    with page_server(volume, port) as server:
        url = f"http://{LOOPBACK}:{server.server_port}/{first}"
        print(f"Open {url}\nCtrl-C ends it.", flush=True)
        if browse:
            browse(url)
        with suppress(KeyboardInterrupt):
            serve(server)
    return Outcome(job="open", status="done", reason=f"served {volume}", details={"url": url})


def page_server(volume: Path, port: int = 0) -> ThreadingHTTPServer:
    """A server of the pages in ``volume``, on loopback alone, not started yet."""
    try:
        return ThreadingHTTPServer((LOOPBACK, port), partial(_Pages, volume.resolve()))
    except (OSError, OverflowError) as error:
        raise InputError(
            f"port {port} cannot be used: {error}; leave PORT out for any that is free"
        ) from None


def _first(settings: Settings) -> list[str]:
    """Where to begin: at all scopes, or at this one."""
    return [INDEX_FILE, f"{settings.market}/{settings.env}/{INDEX_FILE}"]


class _Pages(BaseHTTPRequestHandler):
    """Answers GET and HEAD of a page; everything else is not found, or not allowed."""

    server_version, sys_version = "afterclose", ""

    def __init__(self, volume: Path, *given: Any) -> None:
        self._volume = volume
        super().__init__(*given)

    def do_GET(self) -> None:
        """Answer with the page."""
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        """Answer as GET does, without the page."""
        self._answer(with_body=False)

    def log_message(self, *_: Any) -> None:
        """Say nothing: the terminal belongs to whoever waits there."""

    def _answer(self, *, with_body: bool) -> None:
        data = self._page()
        found = data is not None
        self.send_response(HTTPStatus.OK if found else HTTPStatus.NOT_FOUND)
        body = data if data is not None else b"There is no such page.\n"
        headers = HEADERS if found else HEADERS | {"Content-Type": "text/plain; charset=utf-8"}
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if with_body:
            self.wfile.write(body)

    def _page(self) -> bytes | None:
        """The page asked for; None for any other path, and where there is none.

        A name in the Host header that is not this machine's is another site's, which made
        its name lead here (DNS rebinding).
        """
        port = self.connection.getsockname()[1]
        if self.headers.get("Host") not in {f"{LOOPBACK}:{port}", f"localhost:{port}"}:
            return None
        asked = "/index.html" if self.path == "/" else self.path.partition("#")[0]
        if not PAGES.fullmatch(asked):
            return None
        path = (self._volume / asked[1:]).resolve()
        if not path.is_relative_to(self._volume) or not PAGES.fullmatch(
            f"/{path.relative_to(self._volume)}"
        ):
            return None  # a link that leads elsewhere
        try:
            return path.read_bytes()
        except OSError:
            return None
