"""From ledgers to the dataset: rows once, rejects with reasons, and nothing when nothing is new."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from afterclose.dataset_builder import DatasetBuilder
from afterclose.errors import InputError, IntegrityError, ScopeBusy, StorageError
from afterclose.ledger import TradeLedger
from afterclose.scope_files import DATASET_FILE, REJECTS_FILE, ROWS_FILE
from builders import append_ledger, make_trade, synthetic_records, write_ledger
from repository import REPOSITORY

NOW = datetime(2026, 1, 27, 21, 30, tzinfo=UTC)
LATER = datetime(2026, 1, 28, 21, 30, tzinfo=UTC)


class Scope:
    """A scope's folder with one ledger, built as often as a test likes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ledger = folder / "trade_ledger.jsonl"
        self.builder = DatasetBuilder(folder, self.ledger)

    def write(self, *records) -> None:
        write_ledger(self.ledger, records)

    def append(self, *records) -> None:
        append_ledger(self.ledger, records)

    def build(self, now=NOW):
        return self.builder.build(now)

    def rows(self) -> list[dict]:
        path = self.folder / ROWS_FILE
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def ids(self) -> list[str]:
        return [row["trade_id"] for row in self.rows()]

    def rejects(self) -> list[dict]:
        path = self.folder / REJECTS_FILE
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def state(self) -> dict[str, tuple[bytes, int]]:
        return {
            path.name: (path.read_bytes(), path.stat().st_mtime_ns)
            for path in self.folder.iterdir()
            if path.is_file() and path.name != ".lock"
        }


@pytest.fixture
def scope(tmp_path):
    return Scope(tmp_path / "scope")


def trade(trade_id, **overrides):
    return make_trade(trade_id=trade_id, **overrides)


def opened(trade_id, **overrides):
    return trade(trade_id, exit_timestamp=None, exit_price=None, **overrides)


# --- rows -----------------------------------------------------------------------------------


def test_every_closed_trade_becomes_one_row_in_the_order_of_the_ledger(scope):
    scope.write(trade("B"), opened("C"), trade("A"))
    report = scope.build()
    assert (report.trades_in_ledger, report.closed, report.open) == (3, 2, 1)
    assert (report.rows_added, report.rows_total, report.mode) == (2, 2, "full")
    assert scope.ids() == ["B", "A"]
    assert report.version == f"v00000002-{scope.builder.metadata().sha256[:12]}"


def test_build_from_ledger_returns_rows_added_and_rows_in_all(scope):
    scope.write(trade("A"))
    rows_added, rows_total = scope.builder.build_from_ledger(NOW)
    assert (rows_added, rows_total) == (1, 1)
    scope.append(trade("B"))
    assert scope.builder.build_from_ledger(NOW) == (1, 2)


def test_now_is_the_wall_clock_unless_it_is_given(scope):
    scope.write(trade("A"))
    assert scope.builder.build_from_ledger() == (1, 1)


def test_restarts_add_nothing_twice(scope):
    scope.write(*synthetic_records(200))
    for _ in range(4):
        DatasetBuilder(scope.folder, scope.ledger).build(NOW)
    assert len(scope.ids()) == len(set(scope.ids())) == 200


def test_two_trades_of_one_symbol_and_time_are_two(scope):
    scope.write(trade("A"), trade("B"))
    scope.build()
    assert scope.ids() == ["A", "B"]


def test_one_trade_written_in_two_time_zones_is_one(scope):
    scope.write(trade("A"))
    scope.build()
    scope.append(trade("A", entry_timestamp="2024-01-02T15:00:00+00:00"))
    assert scope.build().rows_total == 1


def test_a_ledger_appended_to_itself_changes_no_row(scope):
    records = synthetic_records(50)
    scope.write(*records)
    scope.build()
    before = scope.rows()
    scope.append(*records)
    report = scope.build()
    assert (report.trades_in_ledger, report.closed, report.rows_added) == (50, 50, 0)
    assert report.conflicts == 0
    assert scope.rows() == before


def test_a_second_build_writes_nothing_at_all(scope):
    scope.write(*synthetic_records(30), opened("X"), "{broken", trade("N", side="up"))
    first = scope.build()
    before = scope.state()
    second = scope.build(LATER)
    assert scope.state() == before
    assert second.mode == "unchanged"
    unlike = ("mode", "rows_added")
    assert {k: v for k, v in second.as_dict().items() if k not in unlike} == {
        k: v for k, v in first.as_dict().items() if k not in unlike
    }


def test_equal_ledgers_give_equal_bytes_wherever_they_lie(scope, tmp_path):
    other = Scope(tmp_path / "another" / "place")
    for each in (scope, other):
        each.write(*synthetic_records(50), "{broken")
        each.build()
    for name in (ROWS_FILE, DATASET_FILE, REJECTS_FILE):
        assert (scope.folder / name).read_bytes() == (other.folder / name).read_bytes()


def test_many_small_builds_and_one_big_one_give_equal_rows(scope, tmp_path):
    records = synthetic_records(60)
    other = Scope(tmp_path / "other")
    other.write(*records)
    other.build()
    for start in range(0, 60, 7):
        scope.append(*records[start : start + 7]) if start else scope.write(*records[:7])
        scope.build()
    assert (scope.folder / ROWS_FILE).read_bytes() == (other.folder / ROWS_FILE).read_bytes()


# --- which record counts --------------------------------------------------------------------


def test_the_last_closed_record_of_a_trade_counts_at_its_own_place(scope):
    scope.write(trade("A", exit_price=90), trade("B"), trade("A", exit_price=120), opened("A"))
    report = scope.build()
    assert scope.ids() == ["B", "A"]
    assert scope.rows()[1]["exit_price"] == 120
    assert (report.trades_in_ledger, report.closed, report.open) == (2, 2, 0)


def test_a_later_record_that_cannot_be_used_still_counts(scope):
    scope.write(trade("A"), trade("A", exit_price=float("nan")))
    report = scope.build()
    assert scope.ids() == []
    assert report.closed == 1
    assert [reject["line"] for reject in scope.rejects()] == [2]


def test_a_record_mended_by_a_later_line_is_no_reject(scope):
    scope.write(trade("A", exit_price=float("nan")), trade("A"))
    report = scope.build()
    assert scope.ids() == ["A"]
    assert (report.rejected, scope.rejects()) == ({}, [])


def test_a_trade_that_is_opened_and_closed_by_two_lines_is_one(scope):
    scope.write(opened("A"), opened("B"), trade("A"))
    report = scope.build()
    assert (report.trades_in_ledger, report.closed, report.open) == (2, 1, 1)
    scope.append(trade("B"))
    report = scope.build()
    assert (report.trades_in_ledger, report.closed, report.open) == (2, 2, 0)
    assert scope.ids() == ["A", "B"]


def test_a_record_that_changed_after_its_row_was_written_is_a_conflict_and_the_row_stays(scope):
    scope.write(trade("A"), trade("B"))
    scope.build()
    before = scope.rows()
    scope.write(trade("A", exit_price=50), trade("B"))
    report = scope.build()
    assert (report.conflicts, report.rows_added) == (1, 0)
    assert scope.rows() == before
    assert scope.build().conflicts == 1, "the next build still says so"
    scope.write(trade("A"), trade("B"))
    assert scope.build().conflicts == 0


@pytest.mark.parametrize("appended", [trade("A", exit_price=50), trade("A", exit_price=None)])
def test_a_change_by_a_later_line_is_a_conflict_too(scope, appended):
    scope.write(trade("A"), trade("B"))
    scope.build()
    scope.append(appended)
    report = scope.build()
    assert (report.conflicts, report.rows_total, report.closed) == (1, 2, 2)


def test_the_same_record_written_otherwise_is_no_conflict(scope):
    scope.write(trade("A", rule_features={"a": 1, "b": 2}))
    scope.build()
    scope.write(trade("A", rule_features={"b": 2.0, "a": 1.0}, note="seen"))
    assert scope.build().conflicts == 0


def test_rows_of_trades_that_left_the_ledger_stay(scope):
    scope.write(trade("A"), trade("B"))
    scope.build()
    scope.write(trade("C"))
    report = scope.build()
    assert (report.trades_in_ledger, report.rows_added, report.rows_total) == (1, 1, 3)


@pytest.mark.parametrize(
    "name", ['q"uote', "back\\slash", '","symbol":', "ünï", "line\nbreak", "a\\"]
)
def test_ids_of_any_text_are_told_apart(scope, name):
    scope.write(trade(name), trade(name + "2"))
    assert scope.build().rows_total == 2
    scope.append(trade(name), trade("new"))
    report = scope.build()
    assert (report.rows_added, report.rows_total, report.conflicts) == (1, 3, 0)


# --- what is new ------------------------------------------------------------------------------


def test_a_day_with_new_trades_reads_only_those(scope):
    scope.write(*synthetic_records(20))
    scope.build()
    scope.append(trade("N1"), "{broken", trade("N2", side="up"))
    report = scope.build(LATER)
    assert (report.mode, report.rows_added, report.rows_total) == ("incremental", 1, 21)
    assert (report.trades_in_ledger, report.closed) == (22, 22)
    assert report.rejected == {"not JSON": 1, "unknown side": 1}
    assert [reject["line"] for reject in scope.rejects()] == [22, 23]


def test_a_trade_that_closes_in_place_is_found(scope):
    scope.write(trade("A"), opened("B"), trade("C"))
    scope.build()
    scope.write(trade("A"), trade("B"), trade("C"))
    report = scope.build()
    assert (report.mode, report.rows_added, report.open) == ("incremental", 1, 0)
    assert scope.ids() == ["A", "C", "B"]


def test_a_change_of_equal_length_deep_in_what_was_read_is_found(scope):
    scope.write(trade("A", exit_price=110.0), trade("B"), trade("C"))
    scope.build()
    scope.write(trade("A", exit_price=119.0), trade("B"), trade("C"))
    report = scope.build()
    assert (report.mode, report.conflicts) == ("full", 1)


def test_a_record_mended_in_place_gets_in_and_leaves_the_rejects(scope):
    scope.write(trade("A"), trade("B", rule_features={"rsi": "high"}), trade("C"))
    assert scope.build().rejected == {"wrong type": 1}
    scope.write(trade("A"), trade("B"), trade("C"))
    report = scope.build()
    assert (report.rows_added, report.rejected) == (1, {})
    assert scope.ids() == ["A", "C", "B"]
    assert (scope.folder / REJECTS_FILE).read_bytes() == b""


def test_a_record_mended_by_an_appended_line_gets_in_and_leaves_the_rejects(scope):
    scope.write(trade("A"), trade("B", exit_price=float("nan")))
    scope.build()
    scope.append(trade("B"))
    report = scope.build()
    assert (report.rows_added, report.rejected, report.closed) == (1, {}, 2)
    assert scope.rejects() == []


def test_a_future_exit_gets_in_once_it_has_passed(scope):
    scope.write(trade("A", exit_timestamp="2026-01-28T10:00:00+00:00"), trade("B"))
    assert scope.build(NOW).rejected == {"future timestamp": 1}
    report = scope.build(LATER)
    assert (report.rows_added, report.rejected) == (1, {})


def test_lost_or_damaged_rejects_are_written_again(scope):
    scope.write(trade("A", side="up"), trade("B"))
    scope.build()
    right = (scope.folder / REJECTS_FILE).read_bytes()
    (scope.folder / REJECTS_FILE).write_text("scribble")
    scope.build()
    assert (scope.folder / REJECTS_FILE).read_bytes() == right
    (scope.folder / REJECTS_FILE).unlink()
    scope.build()
    assert (scope.folder / REJECTS_FILE).read_bytes() == right


def test_other_rules_read_everything_again(scope):
    scope.write(trade("A", exit_type="MANUAL"), trade("B"))
    scope.build()
    strict = DatasetBuilder(scope.folder, scope.ledger, excluded_exit_types={"MANUAL"})
    report = strict.build(NOW)
    assert (report.rejected, report.conflicts) == ({"excluded exit type": 1}, 1)
    assert scope.build().conflicts == 0


def test_rejects_that_are_not_read_again_stay_in_the_file(scope):
    scope.write("{broken", *synthetic_records(5))
    scope.build()
    scope.append("{broken too")
    assert scope.build().rejected == {"not JSON": 2}
    assert [reject["line"] for reject in scope.rejects()] == [1, 7]


# --- the file itself --------------------------------------------------------------------------


def test_an_unfinished_last_line_waits_and_is_no_reject(scope):
    scope.write(trade("A"))
    whole = json.dumps(trade("B")).encode()
    with scope.ledger.open("ab") as file:
        file.write(whole[:50])
    report = scope.build()
    assert (report.rows_total, report.rejected) == (1, {})
    assert "unfinished" in report.notes[0]
    with scope.ledger.open("ab") as file:
        file.write(whole[50:] + b"\n")
    assert scope.build().rows_total == 2
    assert scope.build().notes == ()


def test_a_whole_record_without_a_line_end_is_taken_and_read_again_next_time(scope):
    scope.write(trade("A"))
    with scope.ledger.open("ab") as file:
        file.write(json.dumps(trade("B")).encode())
    assert scope.build().rows_total == 2
    assert scope.builder.metadata().ledgers[0].lines == 1
    with scope.ledger.open("ab") as file:
        file.write(b"\n")
    scope.append(trade("C"))
    report = scope.build()
    assert (report.rows_total, report.closed, report.mode) == (3, 3, "incremental")


def test_damage_in_the_middle_costs_only_its_own_lines(scope):
    scope.write(trade("A"), "{broken", "", b"\xff\xfe\x00", b"\x00" * 64, "[1]", trade("B"))
    report = scope.build()
    assert scope.ids() == ["A", "B"]
    assert report.rejected == {"not JSON": 2, "not JSON object": 1, "not UTF-8": 1}
    assert [reject["line"] for reject in scope.rejects()] == [2, 4, 5, 6]
    assert all(reject["ledger"] == "trade_ledger.jsonl" for reject in scope.rejects())


def test_windows_line_ends_a_byte_order_mark_and_blank_lines_do_no_harm(scope):
    lines = [json.dumps(trade(name)).encode() for name in "ABC"]
    scope.folder.mkdir()
    scope.ledger.write_bytes(b"\xef\xbb\xbf" + b"\r\n\r\n".join(lines) + b"\r\n")
    assert scope.build().rows_total == 3
    scope.append(trade("D"))
    report = scope.build()
    assert (report.mode, report.rows_total, report.rejected) == ("incremental", 4, {})


def test_a_line_of_ten_megabytes_is_read_and_a_rejected_one_is_cut_short(scope):
    huge = "x" * 10_000_000
    scope.write(trade("A", note=huge), trade("B", side=huge), huge)
    report = scope.build()
    assert report.rows_total == 1
    assert [len(reject["raw"]) for reject in scope.rejects()] == [2000, 2000]
    assert (scope.folder / REJECTS_FILE).stat().st_size < 10_000


def test_the_same_key_twice_in_one_record_has_its_last_value(scope):
    record = json.dumps(trade("A"))[:-1]
    scope.write(record + ', "exit_price": 90.0}')
    scope.build()
    assert scope.rows()[0]["realized_pnl_pct"] == pytest.approx(-0.1)


def test_a_reject_says_line_trade_reason_and_text(scope):
    scope.write(trade("A"), trade("B", exit_price=float("nan")))
    scope.build()
    (reject,) = scope.rejects()
    raw = reject.pop("raw")
    assert json.loads(raw)["trade_id"] == "B"
    assert reject == {
        "schema_version": 1,
        "line": 2,
        "ledger": "trade_ledger.jsonl",
        "trade_id": "B",
        "reason": "not finite and above 0: exit_price nan",
    }


def test_a_ledger_that_does_not_exist_has_no_trades_and_is_named(scope):
    report = scope.build()
    assert (report.trades_in_ledger, report.rows_total) == (0, 0)
    assert report.notes == ("trade_ledger.jsonl does not exist yet: no trades in it",)


def test_a_folder_in_place_of_the_ledger_is_an_input_error_and_changes_nothing(scope):
    scope.ledger.mkdir(parents=True)
    with pytest.raises(InputError, match="is a folder"):
        scope.build()
    assert scope.state() == {}


def test_a_scope_that_another_job_holds_is_busy(scope, tmp_path):
    import subprocess
    import sys

    scope.write(trade("A"))
    hold = (
        "import sys, pathlib; from afterclose.disk.scope_lock import scope_lock\n"
        f"with scope_lock(pathlib.Path({str(scope.folder)!r})):\n"
        "    print('held', flush=True); sys.stdin.read()"
    )
    root = REPOSITORY
    with subprocess.Popen(
        [sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=root
    ) as other:
        other.stdout.readline()
        with pytest.raises(ScopeBusy):
            scope.build()
        other.stdin.close()


def test_a_hundred_and_twenty_reconciled_positions_wait_aside_and_come_in_once_mended(scope):
    bare = [trade(f"R{number}", rule_features=None, rule_confidence=None) for number in range(120)]
    scope.write(*synthetic_records(30), *bare)
    assert scope.build().rejected == {"no features": 120}
    assert len(scope.builder.load()) == 30
    mended = [record | {"rule_features": {"rsi": 40.0}} for record in bare]
    scope.write(*synthetic_records(30), *mended)
    report = scope.build()
    assert (report.rows_added, report.rows_total, report.rejected) == (120, 150, {})


def test_a_disk_that_cannot_be_read_is_a_storage_error(scope, monkeypatch):
    scope.write(trade("A"))
    scope.build()
    rows = scope.folder / ROWS_FILE
    real = Path.open

    def failing(path, *arguments, **options):
        if path == rows:
            raise OSError(5, "Input/output error", str(path))
        return real(path, *arguments, **options)

    monkeypatch.setattr(Path, "open", failing)
    for use in (scope.build, scope.builder.load, scope.builder.verify):
        with pytest.raises(StorageError, match=f"{ROWS_FILE}: Input/output error"):
            use()


def test_bytes_do_not_depend_on_the_hash_seed_and_no_build_loads_numpy(tmp_path):
    import subprocess
    import sys

    records = [*synthetic_records(60), "{broken", opened("X"), opened("Y")]
    code = (
        "import sys; from afterclose.dataset_builder import DatasetBuilder\n"
        "DatasetBuilder(sys.argv[1], sys.argv[1] + '/ledger.jsonl').build()\n"
        "assert not {'numpy', 'pandas'} & set(sys.modules)"
    )
    found = set()
    for seed in ("1", "2"):
        folder = tmp_path / seed
        write_ledger(folder / "ledger.jsonl", records)
        subprocess.run(
            [sys.executable, "-c", code, str(folder)],
            check=True,
            cwd=REPOSITORY,
            env=os.environ | {"PYTHONHASHSEED": seed},
        )
        found.add((folder / ROWS_FILE).read_bytes() + (folder / REJECTS_FILE).read_bytes())
    assert len(found) == 1


# --- ids ----------------------------------------------------------------------------------------


def test_superseded_records_are_counted_and_a_correction_is_no_conflict(scope):
    scope.write(make_trade(), make_trade(trade_id="T2"), make_trade(exit_price=111.0, fees=2.0))
    report = scope.build()
    assert (report.superseded, report.id_conflicts, report.rejected) == (1, 0, {})
    assert scope.build().superseded == 1, "counted on, not again"
    scope.append(make_trade(trade_id="T3"))
    assert scope.build().superseded == 1


@pytest.mark.parametrize(
    "other",
    [{"symbol": "MSFT"}, {"side": "short"}, {"entry_timestamp": "2024-01-02T11:00:00-05:00"}],
)
def test_an_id_of_two_trades_is_a_conflict_counted_and_named(tmp_path, other):
    """Two accounts that number their trades alike: the last one counts, and it is said."""
    folder = tmp_path / "scope"
    one = write_ledger(tmp_path / "one.jsonl", [make_trade(), make_trade(trade_id="T2")])
    two = write_ledger(tmp_path / "two.jsonl", [make_trade(**other), make_trade(trade_id="T3")])
    builder = DatasetBuilder(folder, [one, two])
    for _ in range(2):
        report = builder.build(NOW)
        assert (report.superseded, report.id_conflicts) == (1, 1)
        assert report.rejected == {"id of another trade": 1}
        (reject,) = map(json.loads, (folder / REJECTS_FILE).read_text().splitlines())
        assert (reject["trade_id"], reject["line"], reject["ledger"]) == ("T1", 1, str(one))
        assert f"in {two}" in reject["reason"]
        assert report.rows_total == 3
    append_ledger(one, [make_trade(trade_id="T4")])  # only what is new is read
    assert builder.build(NOW).mode == "incremental"
    assert builder.build(NOW).id_conflicts == 1
    assert builder.verify() == []
    write_ledger(two, [make_trade(trade_id="other-T1", **other), make_trade(trade_id="T3")])
    report = builder.build(NOW)
    assert (report.superseded, report.id_conflicts, report.rejected) == (0, 0, {})


# --- several ledgers ----------------------------------------------------------------------------


def test_rows_of_several_ledgers_stand_in_their_order_and_the_last_record_counts(scope):
    first, second = scope.folder / "one.jsonl", scope.folder / "two.jsonl"
    write_ledger(first, [trade("A"), trade("B")])
    write_ledger(second, [trade("C"), trade("A", exit_price=120)])
    builder = DatasetBuilder(scope.folder, [first, TradeLedger(second, "UTC")])
    report = builder.build(NOW)
    assert scope.ids() == ["B", "C", "A"]
    assert (report.closed, report.conflicts) == (3, 0)
    append_ledger(first, [trade("D")])
    report = builder.build(NOW)
    assert (report.mode, report.rows_added, report.closed) == ("incremental", 1, 4)


def test_an_open_trade_in_one_ledger_may_be_closed_in_another(scope):
    first, second = scope.folder / "one.jsonl", scope.folder / "two.jsonl"
    write_ledger(first, [opened("A"), trade("B")])
    write_ledger(second, [trade("A")])
    report = DatasetBuilder(scope.folder, [first, second]).build(NOW)
    assert (report.trades_in_ledger, report.open, report.rows_total) == (2, 0, 2)


def test_a_shadow_ledger_is_read_once_there_is_one(scope):
    shadow = scope.folder / "shadow_ledger.jsonl"
    builder = DatasetBuilder(scope.folder, scope.ledger, shadow_ledger=shadow)
    scope.write(trade("A"))
    assert builder.build(NOW).notes == ()
    write_ledger(shadow, [trade("S", source="shadow")])
    assert builder.build(NOW).rows_total == 2
    assert [row["source"] for row in scope.rows()] == ["paper", "shadow"]


def test_settings_name_ledgers_zone_exit_types_and_the_shadow_ledger(settings, monkeypatch):
    write_ledger(
        settings.root / "trade_ledger.jsonl",
        [trade("A", entry_timestamp="2024-01-02T09:30:00"), trade("B", exit_type="LIQUIDATION")],
    )
    write_ledger(settings.shadow_ledger_path, [trade("S")])
    builder = DatasetBuilder.from_settings(settings)
    report = builder.build(NOW)
    assert (report.rows_total, report.rejected) == (2, {"excluded exit type": 1})
    assert builder.load().trade_id == ["A", "S"]
    first = json.loads((settings.root / ROWS_FILE).read_text().splitlines()[0])
    assert first["decision_timestamp"] == "2024-01-02T09:30:00-05:00"


# --- counts ------------------------------------------------------------------------------------


def test_what_was_changed_or_unknown_is_counted_and_stays_so_the_next_day(scope):
    scope.write(
        trade("A", rule_features={"a": float("nan"), "b": 1.0}),
        trade("B", mae_pct=0.01),
        trade("C", mae_pct=-0.01),
        trade("D"),
    )
    for _ in range(2):
        report = scope.build()
        counts = (report.nonfinite_features, report.mae_unknown, report.mae_sign_flipped)
        assert counts == (1, 2, 1)
        scope.append(trade("E", mae_pct=-0.02))


def test_a_trade_superseded_later_is_counted_once(scope):
    scope.write(trade("A", mae_pct=0.01), trade("A", mae_pct=0.01))
    assert scope.build().mae_sign_flipped == 1


# --- loading -----------------------------------------------------------------------------------


def test_before_the_first_build_there_is_an_empty_dataset(scope):
    data = scope.builder.load()
    assert (len(data), data.version) == (0, "v00000000-e3b0c44298fc")
    assert scope.builder.metadata() is None


def test_every_earlier_version_can_be_loaded_again(scope):
    versions = {}
    records = synthetic_records(40)
    for count in (10, 25, 40):
        scope.write(*records[:count])
        report = scope.build()
        versions[report.version] = count
    for version, count in versions.items():
        data = scope.builder.load(version)
        assert (len(data), data.version) == (count, version)
        assert data.version == f"v{count:08d}-{data.sha256[:12]}"
    assert [known.version for known in scope.builder.metadata().versions] == list(versions)


@pytest.mark.parametrize(
    "version", ["latest", "v00000001", "v00000002-000000000000", "v00000099-000000000000", "v1-x"]
)
def test_a_version_that_never_was_is_an_input_error(scope, version):
    scope.write(trade("A"), trade("B"))
    scope.build()
    with pytest.raises(InputError):
        scope.builder.load(version)


def test_a_torn_tail_is_not_loaded(scope):
    scope.write(trade("A"))
    scope.build()
    with (scope.folder / ROWS_FILE).open("ab") as file:
        file.write(b'{"trade_id":"torn')
    assert scope.builder.load().trade_id == ["A"]


def test_rows_are_parsed_once_and_checked_each_time(scope):
    scope.write(trade("A"))
    scope.build()
    first = scope.builder.load()
    assert scope.builder.load() is first
    scope.write(trade("A"), trade("B"))
    scope.build()
    assert sorted(scope.builder.load().trade_id) == ["A", "B"]
    assert scope.builder.load(first.version).trade_id == ["A"]
    path = scope.folder / ROWS_FILE
    path.write_bytes(path.read_bytes().replace(b"AAPL", b"AAPX"))
    with pytest.raises(IntegrityError):
        scope.builder.load(first.version)
