"""Marked secrets in every place that takes one, and a search of everything that can show one."""

import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from builders import append_ledger, synthetic_records, write_ledger
from repository import REPOSITORY

MARK = "s3cr3t"
KEY, PING, USER, PASSWORD, TOKEN = (
    f"{MARK}-key", f"{MARK}-ping", f"{MARK}-user", f"{MARK}-password", f"{MARK}-token",
)  # fmt: skip

NIGHT = "2026-01-27T21:45:00+00:00"
LATER = "2026-01-28T21:45:00+00:00"


class Heard:
    """What receivers on loopback got, without the addresses, which are theirs to know."""

    def __init__(self) -> None:
        self.bodies: list[str] = []
        heard = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                heard.bodies.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


class Watch:
    """The command lines of all processes while the jobs ran."""

    def __init__(self) -> None:
        self.seen: set[str] = set()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        while not self._over.wait(0.02):
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    self.seen.add(path.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
                except OSError:
                    continue

    def end(self) -> set[str]:
        self._over.set()
        self._thread.join()
        return self.seen


@pytest.mark.slow
@pytest.mark.parametrize("form", ["text", "json"])
def test_no_secret_is_in_any_file_log_page_process_metric_or_message(
    tmp_path: Path, form: str
) -> None:
    pytest.importorskip("apprise", reason="the extra `notify` is not installed")
    heard = Heard()
    logs, state = tmp_path / "logs", tmp_path / "state"
    names = {
        "PATH": "/usr/bin:/bin",
        "PYTHONWARNINGS": "ignore",
        "ML_LOGS_DIR": str(logs),
        "ML_LOG_FORMAT": form,
        "ML_SIGNING_KEY": KEY,
        "ML_BOOTSTRAP_RESAMPLES": "100",
        "ML_PING_URL": f"http://{USER}:{PASSWORD}@127.0.0.1:1/{PING}",
        "ML_NOTIFY_URLS": f"json://{USER}:{PASSWORD}@127.0.0.1:{heard.port}/{TOKEN} "
        f"json://127.0.0.1:1/{TOKEN} nonsense://{TOKEN} mailto://{USER}:{PASSWORD}@127.0.0.1:1",
    }
    said: list[str] = []

    def job(name: str, *options: str, **more: str) -> int:
        done = subprocess.run(
            [sys.executable, "-m", f"jobs.{name}", *options],
            cwd=REPOSITORY, env=names | more, capture_output=True, text=True, check=False,
        )  # fmt: skip
        said.append(done.stdout + done.stderr)
        return done.returncode

    ledger = logs / "us" / "paper" / "trade_ledger.jsonl"
    write_ledger(ledger, synthetic_records(60))
    watch = Watch()
    assert job("cycle", "--now", NIGHT, "-v") == 0
    append_ledger(ledger, synthetic_records(65)[60:])
    assert job("cycle", "--now", LATER) == 0
    assert job("off", "--now", LATER) == 0
    for options in (["-v"], ["--json"]):
        assert job("courier", "--once", "--state-dir", str(state), "--now", LATER, *options) == 0
    job("monitor", "--now", LATER, "-v")
    job("status", "--now", LATER, "--health", "-v")
    job("verify", "--now", LATER, "--repair", "--json")
    job("status", ML_PING_URX=PING)
    job("status", ML_NOTIFY_URL=TOKEN)
    job("courier", "--once", "--state-dir", str(state), ML_PING_URL=f"ftp://{PING}")
    time.sleep(0.1)
    processes = watch.end()
    heard.server.shutdown()
    heard.server.server_close()

    assert any("switched off" in body for body in heard.bodies), "no message was sent"
    assert any("jobs.courier" in line for line in processes), "no process was seen"
    assert [body for body in heard.bodies if MARK in body] == []
    assert [text for text in said if MARK in text] == []
    assert [line for line in processes if MARK in line and "jobs." in line] == []
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {"ml_metrics.prom", "index.html", "ml_runs.jsonl", "courier.json"} <= {
        path.name for path in files
    }
    assert [path for path in files if MARK.encode() in path.read_bytes()] == []
