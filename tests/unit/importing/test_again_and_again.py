"""Imports that are repeated, overlap, grow, or come from an older version."""

from datetime import UTC, datetime
from pathlib import Path
from tempfile import mkdtemp

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from msgspec.structs import replace

from afterclose.dataset_builder import DatasetBuilder
from afterclose.errors import InputError
from afterclose.ledger import TradeLedger
from builders import make_trade
from import_sources import bot, closed
from jobs.import_ledger import parser
from jobs.import_ledger import run as job

NOW = datetime(2026, 6, 3, 21, tzinfo=UTC)
HEAD = "date,symbol,side,quantity,price,commission\n"
ROWS = [
    f"2026-01-{day:02d}T10:00:00-05:00,A,{side},{quantity},{100 + day},1\n"
    for day, side, quantity in (
        (2, "BUY", 10), (3, "BUY", 10), (6, "SELL", 10), (7, "BUY", 5), (8, "SELL", 15),
        (9, "BUY", 20), (12, "SELL", 20), (13, "BUY", 1),
    )
]  # fmt: skip


def run(settings, path, *options):
    return job(settings, NOW, parser().parse_args([str(path), *options]))


def state(settings):
    path = settings.root / "trade_ledger.jsonl"
    return {trade.trade_id: trade for trade in TradeLedger(path)}


@given(order=st.permutations([(0, 4), (2, 6), (0, 8), (3, 8), (5, 8)]), again=st.booleans())
@hypothesis_settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_overlapping_files_give_one_ledger_in_any_order(settings, tmp_path, order, again):
    folder = Path(mkdtemp(dir=tmp_path))
    settings = replace(settings, logs_dir=str(folder))
    source = folder / "fills.csv"
    for start, end in [*order, *(order if again else [])]:
        source.write_text(HEAD + "".join(ROWS[start:end]))
        run(settings, source, "--long-only")
    whole = folder / "whole"
    other = replace(settings, logs_dir=str(whole))
    source.write_text(HEAD + "".join(ROWS))
    run(other, source, "--long-only")
    assert state(settings) == state(other)
    assert run(settings, source, "--long-only").status == "unchanged"


def test_a_longer_history_undoes_the_short_that_never_was(settings, tmp_path):
    """The sale that ends a long, imported without its purchase, as if nothing had been held."""
    source = tmp_path / "fills.csv"
    source.write_text(HEAD + "".join(ROWS[2:5]))
    run(settings, source, "--opening", "flat")
    phantoms = {name for name, trade in state(settings).items() if trade.side == "short"}
    assert phantoms
    source.write_text(HEAD + "".join(ROWS))
    outcome = run(settings, source)
    assert phantoms <= set(outcome.details["undone_ids"])
    assert "shows to be none" in outcome.text
    undone = [state(settings)[name] for name in phantoms]
    assert all(trade.exit_price == trade.entry_price and trade.fees == 0 for trade in undone)
    built = DatasetBuilder(settings.root, TradeLedger(settings.root / "trade_ledger.jsonl"))
    built.build_from_ledger()
    rejected = (settings.root / "ml_dataset_rejects.jsonl").read_text()
    assert all(name in rejected for name in phantoms)
    assert "excluded exit type" in rejected
    assert run(settings, source).status == "unchanged"
    source.write_text(HEAD + "".join(ROWS[2:5]))
    assert run(settings, source, "--opening", "flat").details["conflicts"]
    assert all(state(settings)[name].exit_price is not None for name in phantoms)


def test_shorts_of_a_day_and_of_round_trips_are_not_undone(settings, tmp_path):
    source = tmp_path / "trades.csv"
    head = "symbol,side,quantity,entry_time,entry_price,exit_time,exit_price\n"
    source.write_text(head + "A,short,1,2026-01-06T10:00,100,2026-01-07T10:00,99\n")
    run(settings, source)
    source.write_text(head + "A,long,1,2026-01-05T10:00,100,2026-01-06T10:00,101\n")
    assert run(settings, source).details["undone_ids"] == []


def test_two_accounts_that_number_alike_are_both_kept_and_named(settings, tmp_path):
    source = tmp_path / "a.csv"
    head = "trade_id,symbol,side,quantity,entry_timestamp,entry_price,exit_timestamp,exit_price\n"
    source.write_text(head + "1,A,long,1,2026-01-02T10:00,10,2026-01-03T10:00,11\n")
    run(settings, source)
    source.write_text(head + "1,B,long,1,2026-02-02T10:00,10,2026-02-03T10:00,11\n")
    outcome = run(settings, source)
    assert len(state(settings)) == 2
    assert "csv-1 is A long" in outcome.details["conflicts"][0]


def test_what_0_1_0_imported_is_not_doubled(settings, tmp_path):
    old = make_trade(
        trade_id="csv-1", symbol="A", side="long", quantity=1.0, entry_price=10.0,
        entry_timestamp="2026-01-02T10:00:00-05:00", exit_timestamp="2026-01-03T10:00:00-05:00",
        exit_price=11.0,
    )  # fmt: skip
    TradeLedger(settings.root / "trade_ledger.jsonl").add_trade(old)
    source = tmp_path / "a.csv"
    source.write_text(
        "trade_id,symbol,side,quantity,entry_timestamp,entry_price,exit_timestamp,exit_price\n"
        "1,A,long,1,2026-01-02T10:00,10,2026-01-03T10:00,11\n"
    )
    run(settings, source)
    assert list(state(settings)) == ["csv-1"]


def test_a_bots_database_that_grows_is_followed(settings, tmp_path):
    """An open trade closes, a new one comes, a corrected one is replaced and named."""
    path = tmp_path / "bot.sqlite"
    still_open = list(closed(2, None, profit=0.0))
    still_open[3], still_open[11] = 1, None
    connection = bot(path, [closed(1, 110.0), still_open])
    first = run(settings, path)
    assert (first.details["added"], first.details["open"]) == (2, 1)
    bot_rows = [closed(1, 111.0), closed(2, 105.0), closed(3, 95.0)]
    connection.executemany(f"insert or replace into trades values ({','.join('?' * 15)})", bot_rows)  # noqa: S608
    connection.commit()
    second = run(settings, path)
    assert (second.details["added"], second.details["changed"]) == (1, 2)
    assert len(second.details["changed_ids"]) == 2
    connection.close()
    assert run(settings, path).status == "unchanged"
    assert sorted(trade.exit_price for trade in state(settings).values()) == [95, 105, 111]


def test_only_named_columns_are_learned_from(settings, tmp_path):
    source = tmp_path / "t.csv"
    source.write_text(
        "symbol,side,quantity,entry_time,entry_price,exit_time,exit_price,rsi,account_equity\n"
        "A,long,1,2026-01-02T10:00,10,2026-01-03T10:00,11,55,1000\n"
    )
    assert run(settings, source, "--dry-run").details["with_features"] == 0
    run(settings, source, "--features", "rsi")
    (trade,) = state(settings).values()
    assert trade.rule_features == {"rsi": 55}
    assert DatasetBuilder.from_settings(settings).build_from_ledger() == (1, 1)
    with pytest.raises(InputError, match="known only after"):
        run(settings, source, "--features", "exit_price")
    hint = "no column 'rsj'; did you mean rsi[?] besides the trade's own there are: rsi, account_eq"
    with pytest.raises(InputError, match=hint):
        run(settings, source, "--features", "rsj")


def test_a_format_that_is_not_known_is_named_with_those_that_are(settings, tmp_path):
    with pytest.raises(InputError, match=r"--format 'cvs' is not known; did you mean csv.*ib-flex"):
        run(settings, tmp_path / "t.csv", "--format", "cvs")


def test_what_a_trade_paid_is_not_learned_from(settings, tmp_path):
    """Fees of entry and exit are known when it is over; with what it brought they are its PnL."""
    source = tmp_path / "t.csv"
    source.write_text(
        "symbol,side,quantity,entry_time,entry_price,exit_time,exit_price,exit fees,atr\n"
        "A,long,1,2026-01-02T10:00,10,2026-01-03T10:00,11,0.5,2\n"
    )
    with pytest.raises(InputError, match="'exit fees' is known only after"):
        run(settings, source, "--features", "exit fees")
    with pytest.raises(InputError, match=r"besides the trade's own there are: atr$"):
        run(settings, source, "--features", "rsi")


def test_a_folder_in_place_of_a_file_is_called_one(settings, tmp_path):
    with pytest.raises(InputError, match="is a folder; name a file in it"):
        run(settings, tmp_path)
    source = tmp_path / "t.csv"
    source.write_text(HEAD + ROWS[0])
    for option, words in (("--bars", "daily bars cannot be read: "), ("--map", "cannot be read: ")):
        for path, why in (("absent", "No such file"), (".", "Is a directory")):
            with pytest.raises(InputError, match=f"{words}{why}"):
                run(settings, source, option, str(tmp_path / path))


def test_a_file_that_is_not_there_is_named_once(settings, tmp_path):
    absent = tmp_path / "t.csv"
    with pytest.raises(InputError) as refused:
        run(settings, absent)
    assert str(refused.value) == f"{absent}: there is no such file"


def test_a_mapping_of_ones_own_reads_what_no_other_does(settings, tmp_path):
    source, mapping = tmp_path / "t.csv", tmp_path / "my.toml"
    source.write_text("When,What,Way,How many,At\n2.1.2026,A,K,1,10\n13.1.2026,A,V,1,11\n")
    mapping.write_text(
        'name = "mine"\ntitle = "Mine"\nrows = "fills"\n[columns]\ntime = "When"\n'
        'symbol = "What"\nside = "Way"\nquantity = "How many"\nprice = "At"\n'
        '[words]\nbuy = ["K"]\nsell = ["V"]\n'
    )
    outcome = run(settings, source, "--map", str(mapping))
    assert (outcome.details["long"], outcome.details["net_pnl"]) == (1, 1.0)
    mapping.write_text('name = "mine"\nrows = "fills"\ncolour = 1\n')
    with pytest.raises(InputError, match="colour"):
        run(settings, source, "--map", str(mapping))
