"""The courier against receivers on loopback: closed, hanging, slow, failing, talking nonsense."""

import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from afterclose.courier import delivery
from afterclose.courier.letterbox import STATE_FILE
from afterclose.courier.news import by_key, changes
from afterclose.courier.rounds import Courier, run_courier
from afterclose.disk import files
from afterclose.disk.disk_layer import DiskLayer
from afterclose.errors import ConfigError, IntegrityError
from afterclose.nightly.work import Workplace
from afterclose.records import Outcome
from afterclose.settings import Settings
from afterclose.trading.switch import Switch
from trading_builders import write_sessions

pytest.importorskip("apprise", reason="the extra `notify` is not installed")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of plugins of Apprise

NIGHT = datetime(2026, 1, 27, 21, 45, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class Receiver:
    """A receiver of loopback that keeps what it took; ``manner`` is how it answers."""

    def __init__(self, manner: str = "well") -> None:
        self.manner = manner
        self.paths: list[str] = []
        self.bodies: list[str] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
                receiver.answer(self, body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = int(self.server.server_address[1])
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, handler: BaseHTTPRequestHandler, body: str) -> None:
        if self.manner == "hanging":
            time.sleep(8)
            return
        if self.manner == "500":
            handler.send_error(500)
            return
        if self.manner == "garbage":
            handler.wfile.write(b"\x00\xff nonsense, not HTTP\r\n\r\n" * 10)
            return
        if self.manner == "dripping":
            for byte in b"HTTP/1.1 200 OK\r\n" * 10:
                with suppress(OSError):
                    handler.wfile.write(bytes([byte]))
                time.sleep(0.1)
            return
        self.paths.append(handler.path)
        self.bodies.append(body)
        handler.send_response(200)
        handler.end_headers()

    @property
    def messages(self) -> list[str]:
        return [str(msgspec.json.decode(body)["message"]) for body in self.bodies]

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@contextmanager
def receiver(manner: str = "well") -> Iterator[Receiver]:
    one = Receiver(manner)
    try:
        yield one
    finally:
        one.close()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only for tests of receivers that hang: on a busy machine a sound one takes seconds too."""
    monkeypatch.setattr(delivery, "SEND_LIMIT_S", 3.0)
    monkeypatch.setattr(delivery, "SOCKET_TIMEOUT_S", 2.0)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


def messages_to(settings: Settings, *ports: int) -> Settings:
    urls = " ".join(f"json://127.0.0.1:{port}/s3cret-token" for port in ports)
    return replace(settings, notify_urls=urls)


def pings_to(settings: Settings, port: int) -> Settings:
    return replace(settings, ping_url=f"http://127.0.0.1:{port}/s3cret-token")


def switch_off(settings: Settings, reason: str = "a test") -> None:
    write_sessions(settings)
    Switch(settings).turn_off(NIGHT, "tester", reason)
    with Workplace.from_settings(settings).run("build", NIGHT) as end:
        end(Outcome(job="build", status="done"))


# --- messages ---------------------------------------------------------------------------------


def test_an_alert_is_said_once_and_its_end_too(settings: Settings, state: Path) -> None:
    switch_off(settings)
    with receiver() as one:
        told = messages_to(settings, one.port)
        for minutes in (0, 2, 4):
            run_courier(told, NIGHT + minutes * MINUTE, str(state), once=True)
        (message,) = one.messages
        assert "us/paper: the filter is switched off" in message
        Switch(settings).turn_on()
        for minutes in (6, 8):
            run_courier(told, NIGHT + minutes * MINUTE, str(state), once=True)
        assert len(one.messages) == 2
        assert "us/paper: resolved: the filter is switched off" in one.messages[1]


def test_at_most_one_digest_a_minute_has_all_scopes(settings: Settings, state: Path) -> None:
    switch_off(settings)
    with receiver() as one:
        told = messages_to(settings, one.port)
        run_courier(told, NIGHT, str(state), once=True)
        switch_off(replace(settings, env="second"))
        switch_off(replace(settings, env="third"))
        run_courier(told, NIGHT + 0.5 * MINUTE, str(state), once=True)
        assert len(one.messages) == 1
        run_courier(told, NIGHT + 1.1 * MINUTE, str(state), once=True)
        assert len(one.messages) == 2
        assert "us/second: " in one.messages[1]
        assert "us/third: " in one.messages[1]


def test_figures_that_move_by_themselves_are_no_change() -> None:
    before = by_key(["cron has not fired for 183 s; restart", "line 3 exited with 2"])
    after = by_key(["cron has not fired for 1,240 s; restart", "line 3 exited with 1"])
    assert changes("us/paper", before, after) == []
    two = by_key(["line 3 exited with 2", "line 5 exited with 2"])
    assert changes("us/paper", before, two) == [
        "us/paper: line 5 exited with 2",
        "us/paper: resolved: cron has not fired for 183 s; restart",
    ]


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("manner", ["hanging", "dripping", "500", "garbage"])
def test_a_bad_receiver_costs_seconds_and_loses_nothing(
    settings: Settings, state: Path, manner: str, caplog: pytest.LogCaptureFixture
) -> None:
    switch_off(settings)
    with receiver(manner) as bad, receiver() as good:
        told = messages_to(settings, bad.port, good.port)
        started = time.monotonic()
        outcome = run_courier(told, NIGHT, str(state), once=True)
        assert time.monotonic() - started < 4 * delivery.SEND_LIMIT_S
        assert outcome.exit_code == 0
        assert len(good.messages) == 1  # the other receiver has it all the same
        run_courier(told, NIGHT + 0.1 * MINUTE, str(state), once=True)  # not tried yet
        bad.manner = "well"
        for minutes in (2, 4):
            run_courier(told, NIGHT + minutes * MINUTE, str(state), once=True)
        assert len(bad.messages) == 1
        assert len(good.messages) == 1
    said = caplog.text
    assert said.count("failed: ") == 1
    assert "s3cret-token" not in said


def test_a_closed_receiver_gets_one_digest_when_it_is_back(settings: Settings, state: Path) -> None:
    with receiver() as gone:
        port = gone.port
    told = messages_to(settings, port)
    switch_off(settings)
    for minutes in range(4):
        run_courier(told, NIGHT + 2 * minutes * MINUTE, str(state), once=True)
        switch_off(replace(settings, env=f"scope-{minutes}"))
    back = Receiver.__new__(Receiver)
    socketserver.TCPServer.allow_reuse_address = True
    with _receiver_at(back, port):
        for minutes in range(40, 80, 10):
            run_courier(told, NIGHT + minutes * MINUTE, str(state), once=True)
        said = "\n".join(back.messages)
        assert len(back.messages) <= 2
        assert said.count("us/paper: the filter") == 1
        for number in range(4):
            assert said.count(f"us/scope-{number}: the filter") == 1


# --- pings ------------------------------------------------------------------------------------


def test_a_cycle_pings_start_success_and_failure_with_the_journals_tail(
    settings: Settings, state: Path
) -> None:
    write_sessions(settings)
    with receiver() as one:
        told = pings_to(settings, one.port)
        with Workplace.from_settings(settings).run("cycle", NIGHT, session="2026-01-27") as end:
            run_courier(told, NIGHT, str(state), once=True)
            end(Outcome(job="cycle", status="done"))
        run_courier(told, NIGHT + MINUTE, str(state), once=True)
        run_courier(told, NIGHT + 2 * MINUTE, str(state), once=True)
        assert [path.partition("?")[0] for path in one.paths] == [
            "/s3cret-token/start",
            "/s3cret-token",
        ]
        assert len({path.partition("?rid=")[2] for path in one.paths}) == 1
        with (
            pytest.raises(OSError, match="disk full"),
            Workplace.from_settings(settings).run("cycle", NIGHT, session="2026-01-28"),
        ):
            raise OSError("disk full")
        run_courier(told, NIGHT + 3 * MINUTE, str(state), once=True)
        assert one.paths[-1].startswith("/s3cret-token/fail?rid=")
        assert "cycle FAILED disk full" in one.bodies[-1]
        with (
            pytest.raises(IntegrityError),
            Workplace.from_settings(settings).run("cycle", NIGHT, session="2026-01-29"),
        ):
            raise IntegrityError("ml_training_dataset.jsonl", "damaged", "Mend it.")
        run_courier(told, NIGHT + 4 * MINUTE, str(state), once=True)
        assert one.paths[-1].startswith("/s3cret-token/fail?rid=")
        assert "cycle SKIPPED ml_training_dataset.jsonl: damaged" in one.bodies[-1]


def test_one_url_is_of_one_scope_and_a_template_of_all(settings: Settings, state: Path) -> None:
    for env in ("paper", "second"):
        scope = replace(settings, env=env)
        write_sessions(scope)
        with Workplace.from_settings(scope).run("cycle", NIGHT) as end:
            end(Outcome(job="cycle", status="done"))
    with receiver() as one:
        run_courier(pings_to(settings, one.port), NIGHT, str(state), once=True)
        assert len(one.paths) == 2
        every = replace(settings, ping_url=f"http://127.0.0.1:{one.port}/key/{{scope}}")
        run_courier(every, NIGHT, str(state / "other"), once=True)
        pinged = {path.partition("?")[0] for path in one.paths[2:]}
        assert pinged == {
            f"/key/us-{env}{end}" for env in ("paper", "second") for end in ("", "/start")
        }


def test_a_ping_waits_for_its_receiver(settings: Settings, state: Path) -> None:
    write_sessions(settings)
    with Workplace.from_settings(settings).run("cycle", NIGHT) as end:
        end(Outcome(job="cycle", status="done"))
    with receiver("500") as one:
        told = pings_to(settings, one.port)
        run_courier(told, NIGHT, str(state), once=True)
        one.manner = "well"
        run_courier(told, NIGHT + MINUTE, str(state), once=True)
        assert len(one.paths) == 2


# --- kills ------------------------------------------------------------------------------------


class Killed(BaseException):
    """The end of the process, as far as it can be told in one."""


class KilledAt(DiskLayer):
    """Lets ``calls`` disk calls happen, then kills."""

    def __init__(self, calls: int) -> None:
        self.left = calls

    def _count(self) -> None:
        if self.left == 0:
            raise Killed
        self.left -= 1

    def fsync(self, *args: Any) -> None:
        self._count()
        super().fsync(*args)

    def replace(self, *args: Any) -> None:
        self._count()
        super().replace(*args)


@pytest.mark.parametrize("calls", range(16))
def test_killed_at_any_disk_call_nothing_is_lost_and_what_repeats_says_so(
    settings: Settings, state: Path, monkeypatch: pytest.MonkeyPatch, calls: int
) -> None:
    switch_off(settings)
    with Workplace.from_settings(settings).run("cycle", NIGHT) as end:
        end(Outcome(job="cycle", status="done"))
    with receiver() as one, receiver() as pinged:
        told = replace(
            messages_to(settings, one.port), ping_url=f"http://127.0.0.1:{pinged.port}/p"
        )
        with monkeypatch.context() as broken, suppress(Killed):
            broken.setattr(files, "LAYER", KilledAt(calls))
            Courier(told, state).look(NIGHT)
        for minutes in (2, 4):
            run_courier(told, NIGHT + minutes * MINUTE, str(state), once=True)
        ids = {message.rpartition("[")[2] for message in one.messages}
        first = [message for message in one.messages if "may be a repeat" not in message]
        assert len(ids) == 1
        assert len(first) <= 1
        assert len(one.messages) in {1, 2}
        assert len(one.messages) == 1 or "may be a repeat" in one.messages[1]
        rids = [path.partition("?rid=")[2] for path in pinged.paths]
        assert len(set(rids)) == 1
        assert len(set(pinged.paths)) == 2


def test_a_damaged_state_says_all_again(settings: Settings, state: Path) -> None:
    switch_off(settings)
    with receiver() as one:
        told = messages_to(settings, one.port)
        run_courier(told, NIGHT, str(state), once=True)
        (state / STATE_FILE).write_bytes(b"{")
        run_courier(told, NIGHT + 2 * MINUTE, str(state), once=True)
        assert len(one.messages) == 2


# --- settings and secrets ---------------------------------------------------------------------


def test_nowhere_to_send_to_is_said(settings: Settings, state: Path) -> None:
    settings.root.mkdir(parents=True)
    with pytest.raises(ConfigError, match="nowhere to send"):
        run_courier(settings, NIGHT, str(state), once=True)
    with pytest.raises(ConfigError, match="http or https") as refused:
        run_courier(replace(settings, ping_url="ftp://s3cret-token"), NIGHT, str(state), once=True)
    assert "s3cret-token" not in str(refused.value)


def test_the_urls_are_in_no_file_of_the_courier_and_in_no_repr(
    settings: Settings, state: Path
) -> None:
    switch_off(settings)
    with receiver("500") as one:
        told = replace(messages_to(settings, one.port), ping_url="http://127.0.0.1:1/s3cret-token")
        run_courier(told, NIGHT, str(state), once=True)
    assert "s3cret-token" not in repr(told)
    for path in [*state.rglob("*"), *Path(settings.logs_dir).rglob("*")]:
        assert not path.is_file() or b"s3cret-token" not in path.read_bytes(), path


def test_the_volume_is_only_read(settings: Settings, state: Path) -> None:
    switch_off(settings)
    before = {path: path.stat().st_mtime_ns for path in Path(settings.logs_dir).rglob("*")}
    with receiver() as one:
        run_courier(messages_to(settings, one.port), NIGHT, str(state), once=True)
    assert {path: path.stat().st_mtime_ns for path in Path(settings.logs_dir).rglob("*")} == before


@contextmanager
def _receiver_at(one: Receiver, port: int) -> Iterator[None]:
    """The receiver, listening again where it was."""
    fresh = Receiver()
    fresh.close()
    one.__dict__.update(fresh.__dict__)
    one.manner, one.paths, one.bodies = "well", [], []
    handler = fresh.server.RequestHandlerClass
    one.server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    fresh.paths, fresh.bodies = one.paths, one.bodies
    threading.Thread(target=one.server.serve_forever, daemon=True).start()
    try:
        yield
    finally:
        one.close()
