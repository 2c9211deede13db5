"""The pages on loopback: pages and nothing else, to this machine and nobody else."""

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest

from afterclose.errors import InputError
from afterclose.operating.page_server import LOOPBACK, open_pages, page_server
from afterclose.settings import Settings

MODEL = "20260127_214500"
SERVED = [
    "index.html",
    "us/paper/index.html",
    f"us/paper/ml_models/{MODEL}/report.html",
    f"us/paper/compare_{MODEL}_20260128_214500.html",
]
HIDDEN = [
    "us/paper/trade_ledger.jsonl", "us/paper/ml_models/model_registry.json", "secret.html",
    f"us/paper/ml_models/{MODEL}/notes.html", ".env", "us/paper/ml_status.json",
]  # fmt: skip


@pytest.fixture
def volume(tmp_path: Path) -> Path:
    for name in (*SERVED, *HIDDEN):
        path = tmp_path / "logs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"<!doctype html>{name}")
    return tmp_path / "logs"


@contextmanager
def serving(volume: Path) -> Iterator[ThreadingHTTPServer]:
    with page_server(volume) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def ask(
    server: ThreadingHTTPServer, path: str, method: str = "GET", host: str | None = None
) -> tuple[int, bytes, dict[str, str]]:
    connection = http.client.HTTPConnection(LOOPBACK, server.server_port, timeout=5)
    headers = {"Host": host} if host else {}
    connection.request(method, path, headers=headers)
    answer = connection.getresponse()
    found = answer.status, answer.read(), dict(answer.getheaders())
    connection.close()
    return found


def test_pages_are_answered_as_they_are_with_headers_that_keep_them_to_themselves(
    volume: Path,
) -> None:
    with serving(volume) as server:
        assert server.server_address[0] == "127.0.0.1"
        for name in SERVED:
            status, body, headers = ask(server, f"/{name}")
            assert (status, body) == (200, f"<!doctype html>{name}".encode())
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert headers["Cache-Control"] == "no-store"
        assert ask(server, "/")[1] == ask(server, "/index.html")[1]
        status, body, headers = ask(server, "/index.html", "HEAD")
        assert (status, body, headers["Content-Length"]) == (200, b"", "25")


def test_no_other_path_is_answered_and_nothing_is_listed(volume: Path) -> None:
    outside = volume.parent / "outside.html"
    outside.write_text("outside")
    link = volume / "us" / "link"
    link.mkdir()
    (link / "index.html").symlink_to(outside)
    inside = volume / "us" / "inner"
    inside.mkdir()
    (inside / "index.html").symlink_to(volume / "us" / "paper" / "trade_ledger.jsonl")
    tried = [
        *(f"/{name}" for name in HIDDEN), "/us/", "/us/paper/", "/us/paper",
        "/us/link/index.html", "/us/inner/index.html", "/../outside.html", "/us/../../outside.html",
        "/%2e%2e/outside.html", "/us/paper/../../../outside.html", "/index.html/", "/index.html%00",
        f"/us/paper/ml_models/{MODEL}/", "/index.html?x=1", "/us/paper/%69ndex.html",
    ]  # fmt: skip
    with serving(volume) as server:
        for path in tried:
            status, body, _ = ask(server, path)
            assert (path, status, body) == (path, 404, b"There is no such page.\n")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_nothing_can_be_changed(volume: Path, method: str) -> None:
    with serving(volume) as server:
        assert ask(server, "/index.html", method)[0] == 501


def test_a_name_that_another_site_leads_here_gets_nothing(volume: Path) -> None:
    with serving(volume) as server:
        assert ask(server, "/", host="evil.example")[0] == 404
        assert ask(server, "/", host=f"evil.example:{server.server_port}")[0] == 404
        assert ask(server, "/", host=f"localhost:{server.server_port}")[0] == 200


def test_it_opens_the_page_of_all_scopes_and_ends_with_ctrl_c(
    volume: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    opened: list[str] = []

    def interrupted(_: ThreadingHTTPServer) -> None:
        raise KeyboardInterrupt

    settings = Settings(logs_dir=str(volume))
    outcome = open_pages(settings, browse=opened.append, serve=interrupted)
    assert outcome.exit_code == 0
    assert opened[0].startswith("http://127.0.0.1:")
    assert opened[0].endswith("/index.html")
    assert opened[0] in capsys.readouterr().out
    (volume / "index.html").unlink()
    open_pages(settings, browse=opened.append, serve=interrupted)
    assert opened[1].endswith("/us/paper/index.html")


def test_a_volume_without_pages_and_a_port_that_is_taken_are_said(volume: Path) -> None:
    with pytest.raises(InputError, match="make report"):
        open_pages(Settings(logs_dir=str(volume / "nowhere")), browse=None)
    with serving(volume) as server, pytest.raises(InputError, match="leave PORT out"):
        page_server(volume, server.server_port)
    with pytest.raises(InputError, match="70000"):
        page_server(volume, 70000)
