"""Copies of scopes: whole under running jobs, only new bytes, checked, never over newer ones."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from afterclose.backup.copies import back_up, restore
from afterclose.backup.snapshot import Piece, SavedFile, Snapshot, read_snapshot, write_snapshot
from afterclose.backup.store import FolderStore, open_store
from afterclose.dataset_builder import DatasetBuilder
from afterclose.disk.scope_lock import scope_lock
from afterclose.errors import InputError, IntegrityError, UsageError
from afterclose.operating.verification import verify_scope
from afterclose.records import Outcome
from afterclose.settings import Settings
from builders import append_ledger, make_trade, synthetic_records
from fleets import NOW, scope
from repository import REPOSITORY

pytestmark = pytest.mark.slow


def built(volume: Path, name: str, trades: int = 80) -> Path:
    """A scope with a ledger and its dataset."""
    root = scope(volume, name, trades)
    market, env = name.split("/")
    DatasetBuilder.from_settings(Settings(logs_dir=str(volume), market=market, env=env)).build(NOW)
    return root


def save(volume: Path, to: object, *, scopes: str = "*", wait_s: float = 0) -> Outcome:
    settings = Settings(logs_dir=str(volume))
    return back_up(settings, NOW, to=str(to), scopes=scopes, wait_s=wait_s)


def back(volume: Path, source: object, *, scopes: str = "*", snapshot: str = "") -> Outcome:
    settings = Settings(logs_dir=str(volume))
    return restore(settings, NOW, source=str(source), scopes=scopes, snapshot=snapshot, wait_s=0)


def files(root: Path) -> dict[str, bytes]:
    """What is visible in a scope."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and not path.name.startswith(".")
    }


def reasons(outcome: Outcome) -> str:
    return " ".join(row["reason"] for row in outcome.details["results"])


def test_where_no_scope_is_meant_what_there_is_or_is_to_be_named_is_said(tmp_path: Path) -> None:
    scope(tmp_path / "logs", "us/paper", 1)
    with pytest.raises(InputError, match=r"no scope matches 'india/.*': there is us/paper$"):
        save(tmp_path / "logs", tmp_path / "copy", scopes="india/*")
    done = save(tmp_path / "logs", tmp_path / "copy")
    assert done.reason == "1 scope: 1 done"
    with pytest.raises(InputError, match=r"no scope matches 'india/.*': there is us/paper$"):
        back(tmp_path / "new", tmp_path / "copy", scopes="india/*")
    with pytest.raises(InputError, match=r"there is none at all; FROM= .* what `make backup TO=`"):
        back(tmp_path / "new", tmp_path / "absent")


def test_a_copy_comes_back_byte_for_byte_and_sound(tmp_path: Path) -> None:
    roots = [built(tmp_path / "logs", name) for name in ("us/paper", "india/paper")]
    assert save(tmp_path / "logs", tmp_path / "copy").exit_code == 0
    done = back(tmp_path / "new", tmp_path / "copy")
    assert (done.exit_code, done.details["counts"]) == (0, {"done": 2})
    for root in roots:
        other = tmp_path / "new" / root.relative_to(tmp_path / "logs")
        assert files(other) == files(root)
        assert other.joinpath("trade_ledger.jsonl").stat().st_mtime_ns == (
            root.joinpath("trade_ledger.jsonl").stat().st_mtime_ns
        )
    again = back(tmp_path / "new", tmp_path / "copy")
    assert again.status == "unchanged"


def test_only_new_bytes_are_sent_and_nothing_when_there_are_none(tmp_path: Path) -> None:
    ledger = built(tmp_path / "logs", "us/paper") / "trade_ledger.jsonl"
    save(tmp_path / "logs", tmp_path / "copy")
    assert save(tmp_path / "logs", tmp_path / "copy").status == "unchanged"
    before = ledger.stat().st_size
    append_ledger(ledger, [make_trade(trade_id="NEW")])
    new = ledger.stat().st_size - before
    assert f"{new} bytes sent" in reasons(save(tmp_path / "logs", tmp_path / "copy"))
    pieces = sorted((tmp_path / "copy/us/paper/pieces").iterdir(), key=lambda p: p.stat().st_size)
    assert new in {piece.stat().st_size for piece in pieces}
    first = back(tmp_path / "first", tmp_path / "copy", snapshot="000001-20260127T220000Z")
    assert first.exit_code == 0
    assert (tmp_path / "first/us/paper/trade_ledger.jsonl").stat().st_size == before


def test_a_copy_made_while_jobs_and_trading_write_is_a_whole_scope(tmp_path: Path) -> None:
    root = built(tmp_path / "logs", "us/paper")
    copies_made = threading.Event()
    trades = iter(synthetic_records(20_000))

    def trade_and_build() -> None:
        """Writes until the copies are made: what is tried does not hang on how fast they are."""
        builder = DatasetBuilder.from_settings(Settings(logs_dir=str(tmp_path / "logs")))
        for number, record in enumerate(trades):
            append_ledger(root / "trade_ledger.jsonl", [record | {"trade_id": f"X{number}"}])
            if number % 10 == 0:
                with scope_lock(root, wait_s=30):
                    builder.build(NOW)
            if copies_made.is_set():
                return

    writer = threading.Thread(target=trade_and_build)
    writer.start()
    try:
        for number in range(3):
            outcome = save(tmp_path / "logs", tmp_path / "copy", wait_s=30)
            assert outcome.exit_code == 0, reasons(outcome)
            volume = tmp_path / f"back{number}"
            assert back(volume, tmp_path / "copy").exit_code == 0
            assert verify_scope(Settings(logs_dir=str(volume)), NOW).exit_code == 0
        assert writer.is_alive(), "the copies outlived what was to be written beside them"
    finally:
        copies_made.set()
        writer.join()


def test_nothing_newer_is_overwritten(tmp_path: Path) -> None:
    root = built(tmp_path / "logs", "us/paper")
    save(tmp_path / "logs", tmp_path / "copy")
    append_ledger(root / "trade_ledger.jsonl", [make_trade(trade_id="LATER")])
    (root / "paper_positions.json").write_text("{}")
    before = files(root)
    refused = back(tmp_path / "logs", tmp_path / "copy")
    assert refused.exit_code == 3
    assert "paper_positions.json is not in it" in reasons(refused)
    assert "trade_ledger.jsonl is newer" in reasons(refused)
    assert files(root) == before
    assert not list(root.glob(".tmp-*"))


def test_a_scope_that_lost_its_end_gets_it_back(tmp_path: Path) -> None:
    root = built(tmp_path / "logs", "us/paper")
    save(tmp_path / "logs", tmp_path / "copy")
    whole = files(root)
    ledger = root / "trade_ledger.jsonl"
    ledger.write_bytes(ledger.read_bytes()[:-700])
    (root / "ml_dataset_metadata.json").unlink()
    assert back(tmp_path / "logs", tmp_path / "copy").exit_code == 0
    assert files(root) == whole


def test_a_busy_scope_is_named_and_the_others_are_copied(tmp_path: Path) -> None:
    locked, _ = built(tmp_path / "logs", "us/a"), built(tmp_path / "logs", "us/b")
    held, let_go = threading.Event(), threading.Event()

    def hold() -> None:
        with scope_lock(locked):
            held.set()
            let_go.wait(60)

    job = threading.Thread(target=hold)
    job.start()
    held.wait(60)
    outcome = save(tmp_path / "logs", tmp_path / "copy")
    let_go.set()
    job.join()
    assert (outcome.exit_code, outcome.details["counts"]) == (4, {"busy": 1, "done": 1})
    assert outcome.status == "busy"


def test_a_damaged_copy_is_named_mended_by_the_next_backup_and_never_restored(
    tmp_path: Path,
) -> None:
    built(tmp_path / "logs", "us/paper")
    save(tmp_path / "logs", tmp_path / "copy")
    pieces = tmp_path / "copy/us/paper/pieces"
    piece = max(pieces.iterdir(), key=lambda path: path.stat().st_size)
    piece.write_bytes(piece.read_bytes().replace(b"AAPL", b"AAPX", 1))
    refused = back(tmp_path / "new", tmp_path / "copy")
    assert refused.exit_code == 3
    assert "is not what was saved" in reasons(refused)
    assert files(tmp_path / "new/us/paper") == {}
    piece.write_bytes(b"cut")
    assert save(tmp_path / "logs", tmp_path / "copy").status == "done"
    assert back(tmp_path / "new", tmp_path / "copy").exit_code == 0


def test_a_snapshot_that_leads_out_of_the_scope_is_refused(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    for path in ("../other/x", "/etc/x", ".lock", "a/../../x", ""):
        file = SavedFile(path, 0, (Piece("0" * 64, 1),))
        snapshot = Snapshot(scope="us/paper", at=NOW, files=(file,))
        with pytest.raises(IntegrityError, match="no file of a scope"):
            write_snapshot(store, "000001-x", snapshot)
    edited = tmp_path / "us/paper/snapshots/000001-x.json"
    edited.write_bytes(edited.read_bytes().replace(b'"us/paper"', b'"us/pbper"'))
    with pytest.raises(IntegrityError, match="changed since"):
        read_snapshot(store, "us/paper", "000001-x")


def test_killed_backups_and_restores_are_finished_by_the_next(tmp_path: Path) -> None:
    roots = [built(tmp_path / "logs", f"us/p{number}") for number in range(4)]
    for job, place, volume in (("backup", "--to", "logs"), ("restore", "--from", "new")):
        command = [sys.executable, "-m", f"jobs.{job}", "--logs-dir", str(tmp_path / volume),
                   place, str(tmp_path / "copy"), "--json", "--now", NOW.isoformat()]  # fmt: skip
        for delay_s in (0.3, 0.5, 0.7):
            killed = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.DEVNULL)
            time.sleep(delay_s)
            killed.send_signal(signal.SIGKILL)
            killed.wait()
        done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    assert [files(tmp_path / "new/us" / root.name) for root in roots] == [files(r) for r in roots]


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    """A bucket of an object store on loopback, in a process of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    with (tmp_path / "moto.log").open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
            stdout=log, stderr=log, env=os.environ,
        )  # fmt: skip
    try:
        deadline = time.monotonic() + 60
        while not _listens(port):
            assert time.monotonic() < deadline, (tmp_path / "moto.log").read_text()
            time.sleep(0.1)
        subprocess.run(
            [
                sys.executable,
                "-c",
                "import boto3; boto3.client('s3').create_bucket(Bucket='copies')",
            ],
            check=True,
        )
        yield "s3://copies/afterclose"
    finally:
        server.terminate()
        server.wait(10)


def _listens(port: int) -> bool:
    with socket.socket() as knocking:
        return knocking.connect_ex(("127.0.0.1", port)) == 0


def test_an_object_store_does_as_a_folder_does(bucket: str, tmp_path: Path) -> None:
    root = built(tmp_path / "logs", "us/paper")

    def job(*words: str) -> dict[str, object]:
        done = subprocess.run(
            [sys.executable, "-m", *words, "--json", "--now", NOW.isoformat()],
            cwd=REPOSITORY, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode in {0, 3}, done.stderr
        outcome: dict[str, object] = json.loads(done.stdout)
        return outcome

    logs, new = str(tmp_path / "logs"), str(tmp_path / "new")
    assert job("jobs.backup", "--logs-dir", logs, "--to", bucket)["status"] == "done"
    assert job("jobs.backup", "--logs-dir", logs, "--to", bucket)["status"] == "unchanged"
    append_ledger(root / "trade_ledger.jsonl", [make_trade(trade_id="NEW")])
    assert job("jobs.backup", "--logs-dir", logs, "--to", bucket)["status"] == "done"
    assert job("jobs.restore", "--logs-dir", new, "--from", bucket)["exit_code"] == 0
    assert files(tmp_path / "new/us/paper") == files(root)
    append_ledger(tmp_path / "new/us/paper/trade_ledger.jsonl", [make_trade(trade_id="LATER")])
    assert job("jobs.restore", "--logs-dir", new, "--from", bucket)["exit_code"] == 3


def test_addresses_that_cannot_be_used_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="s3://bucket/name"):
        open_store("nowhere://x")
    built(tmp_path / "logs", "us/paper")
    (tmp_path / "file").write_text("")
    outcome = save(tmp_path / "logs", tmp_path / "file")
    assert outcome.exit_code == 1
