"""The job import_ledger: what it writes, what it refuses, and that it may be run again."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec.structs import replace

from afterclose.dataset_builder import DatasetBuilder
from afterclose.disk import files
from afterclose.disk.scope_lock import scope_lock
from afterclose.errors import InputError, RefusedError, ScopeBusy, StorageError
from afterclose.importing import source_file
from afterclose.ledger import TradeLedger
from bar_builders import wandering
from builders import make_trade, write_ledger
from jobs.import_ledger import parser
from jobs.import_ledger import run as job

NOW = datetime(2024, 6, 3, 21, tzinfo=UTC)

HEAD = "trade_id,symbol,side,entry_timestamp,exit_timestamp,entry_price,exit_price,quantity,rsi\n"
ONE = "1,AAPL,long,2024-01-02T10:00:00,2024-01-03T10:00:00,100,110,10,55\n"
TWO = "2,AAPL,long,2024-01-03T10:00:00,2024-01-04T10:00:00,100,90,10,45\n"


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "trades.csv"
    path.write_text(HEAD + ONE + TWO)
    return path


def run(settings, path, *options):
    if path.is_file() and "rsi" in path.read_bytes()[:200].decode("latin-1"):
        options = ("--features", "rsi", *options)
    return job(settings, NOW, parser().parse_args([str(path), *options]))


def ledger(settings):
    return TradeLedger(settings.root / "trade_ledger.jsonl")


def test_the_trades_of_a_file_reach_the_ledger_and_then_the_dataset(settings, source):
    outcome = run(settings, source)
    assert (outcome.status, outcome.reason) == ("done", "2 trades written")
    assert [trade.trade_id for trade in ledger(settings)] == ["csv-1-4c097517", "csv-2-64d17603"]
    assert DatasetBuilder.from_settings(settings).build_from_ledger() == (2, 2)
    assert "Added to" in outcome.text
    events = [
        json.loads(line) for line in (settings.root / "ml_runs.jsonl").read_text().splitlines()
    ]
    assert [(each["job"], each["event"]) for each in events] == [
        ("import_ledger", "START"),
        ("import_ledger", "COMPLETED"),
    ]


def test_the_same_file_again_adds_nothing(settings, source):
    run(settings, source)
    before = ledger(settings).path.read_bytes()
    outcome = run(settings, source)
    assert outcome.status == "unchanged"
    assert outcome.details["unchanged"] == 2
    assert ledger(settings).path.read_bytes() == before


def test_a_record_that_changed_is_appended_and_reported(settings, source):
    run(settings, source)
    source.write_text(HEAD + ONE.replace("110", "111") + TWO)
    outcome = run(settings, source)
    assert outcome.details["changed_ids"] == ["csv-1-4c097517"]
    assert [trade.exit_price for trade in ledger(settings)] == [110, 90, 111]
    assert run(settings, source).status == "unchanged"


def test_of_two_rows_with_one_id_the_last_counts_and_the_other_is_named(settings, source):
    source.write_text(HEAD + ONE + ONE.replace("110", "111"))
    outcome = run(settings, source)
    assert [trade.exit_price for trade in ledger(settings)] == [111]
    assert [(each["place"], each["reason"]) for each in outcome.details["unused"]] == [
        ("line 2", "repeated id")
    ]


def test_without_bars_nothing_is_taken_away_from_an_import_with_bars(settings, tmp_path):
    prices = tmp_path / "prices.csv"
    wandering(symbols=1, days=60, start="2023-11-01").to_csv(prices, index=False)
    source = tmp_path / "plain.csv"
    source.write_text(HEAD.replace(",rsi", "") + ONE.replace("AAPL", "S0").replace(",55", ""))
    bare = run(settings, source)
    assert bare.details["without_features"] == 1
    assert "--bars prices.csv" in bare.text
    with_bars = run(settings, source, "--bars", str(prices))
    assert (with_bars.details["changed"], with_bars.details["without_features"]) == (1, 0)
    assert "--bars" not in with_bars.text
    assert run(settings, source).status == "unchanged"
    assert DatasetBuilder.from_settings(settings).build_from_ledger() == (1, 1)


def test_what_the_dataset_would_reject_is_counted_and_not_written(settings, source):
    future = ONE.replace("1,", "3,", 1).replace("2024-01-03", "2025-01-03")
    backwards = ONE.replace("1,", "4,", 1).replace("2024-01-03", "2023-01-03")
    source.write_text(HEAD + ONE + future + backwards)
    outcome = run(settings, source)
    assert [(u["place"], u["reason"]) for u in outcome.details["unused"]] == [
        ("line 3", "future timestamp"),
        ("line 4", "exit before entry"),
    ]
    assert len(ledger(settings)) == 1
    assert "exit before entry: 1 (first: line 4" in outcome.text


def test_a_dry_run_writes_nothing_at_all(settings, source):
    outcome = run(settings, source, "--dry-run")
    assert outcome.details["added"] == 2
    assert "nothing was written" in outcome.text
    assert not Path(settings.logs_dir).exists()


def test_a_ledger_outside_the_scope_is_read_but_never_appended_to(settings, source, tmp_path):
    foreign = write_ledger(tmp_path / "theirs.jsonl", [make_trade(trade_id="csv-1")])
    before = foreign.read_bytes()
    named = replace(settings, ledger_file=str(foreign))
    with pytest.raises(RefusedError, match="outside the scope"):
        run(named, source)
    assert run(named, source, "--dry-run").details["changed"] == 1
    assert foreign.read_bytes() == before
    assert not ledger(settings).path.exists()


def test_a_link_in_the_scope_to_a_ledger_outside_is_outside(settings, source, tmp_path):
    foreign = write_ledger(tmp_path / "theirs.jsonl", [])
    settings.root.mkdir(parents=True)
    ledger(settings).path.symlink_to(foreign)
    with pytest.raises(RefusedError):
        run(settings, source)
    assert foreign.read_bytes() == b""


def test_of_several_ledgers_the_scopes_own_is_appended_to(settings, source, tmp_path):
    foreign = write_ledger(tmp_path / "theirs.jsonl", [])
    own = ledger(settings).path
    run(replace(settings, ledger_file=f"{foreign}:{own}"), source)
    assert len(ledger(settings)) == 2
    assert foreign.read_bytes() == b""


def test_a_live_scope_is_imported_into_like_any_other(settings, source):
    live = replace(settings, env="live")
    run(live, source)
    assert len(ledger(live)) == 2


def test_what_was_torn_by_a_kill_is_made_up_for_by_the_next_import(settings, source):
    run(settings, source)
    whole = ledger(settings).path.read_bytes()
    for cut in range(len(whole)):
        ledger(settings).path.write_bytes(whole[:cut])
        run(settings, source)
        assert sorted(t.trade_id for t in ledger(settings)) == ["csv-1-4c097517", "csv-2-64d17603"]


def test_a_disk_that_fails_leaves_the_ledger_as_it_was(settings, source, monkeypatch):
    write_ledger(ledger(settings).path, [make_trade()])
    before = ledger(settings).path.read_bytes()
    path = ledger(settings).path

    def full(*_, **__):
        raise StorageError(path, "No space left on device", "Free space.")

    monkeypatch.setattr("afterclose.ledger.append_durable", full)
    with pytest.raises(StorageError):
        run(settings, source)
    assert path.read_bytes() == before


def test_the_trades_of_a_file_are_one_write(settings, source, monkeypatch):
    writes = []
    write = files.LAYER.write
    monkeypatch.setattr(
        files.LAYER, "write", lambda fd, data: writes.append(bytes(data)) or write(fd, data)
    )
    run(settings, source)
    assert len([data for data in writes if b"csv-1" in data]) == 1
    assert len([data for data in writes if b"csv-1" in data and b"csv-2" in data]) == 1


def test_another_job_at_work_is_not_disturbed(settings, source):
    with scope_lock(settings.root):
        import threading

        caught = []

        def other():
            try:
                run(settings, source)
            except ScopeBusy as error:
                caught.append(error)

        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    assert len(caught) == 1
    assert not ledger(settings).path.exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--timezone", "Mars/Olympus"], "Mars/Olympus"),
        (["--timezone", "../../etc/passwd"], "no zone"),
        (["--format", "ib-flex"], r"trades.csv: not XML"),
        (["--bars", "missing.csv"], "missing.csv"),
    ],
)
def test_unusable_options_and_files_are_refused_before_anything_is_written(
    settings, source, options, words
):
    with pytest.raises(InputError, match=words):
        run(settings, source, *options)
    assert not Path(settings.logs_dir).exists()


def test_files_that_cannot_be_read_are_named(settings, tmp_path, monkeypatch):
    with pytest.raises(InputError, match="no such file"):
        run(settings, tmp_path / "none.csv")
    with pytest.raises(InputError, match="is a folder"):
        run(settings, tmp_path)
    torn = tmp_path / "torn.csv.gz"
    torn.write_bytes(b"\x1f\x8b\x08\x00rubbish")
    with pytest.raises(InputError, match=r"torn.csv.gz: cannot be read"):
        run(settings, torn)
    monkeypatch.setattr(source_file, "LARGEST_BYTES", 1 << 20)
    import gzip

    bomb = tmp_path / "bomb.csv.gz"
    bomb.write_bytes(gzip.compress(b"\0" * (4 << 20)))
    with pytest.raises(InputError, match="more than 1 MiB"):
        run(settings, bomb)


def test_a_packed_file_is_unpacked(settings, source):
    import gzip

    packed = source.with_suffix(".csv.gz")
    packed.write_bytes(gzip.compress(source.read_bytes()))
    run(settings, packed, "--features", "rsi")
    assert run(settings, source).status == "unchanged"


def test_the_screen_shows_no_control_codes_of_the_file(settings, source):
    source.write_text(HEAD + ONE.replace("100", "\x1b[31mred"))
    outcome = run(settings, source)
    assert (outcome.status, outcome.exit_code) == ("refused", 2)
    assert "\x1b" not in outcome.text
    assert "not a number: 1" in outcome.text
