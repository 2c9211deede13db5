"""Trading days from two files: what the job reads, says, and leaves."""

from datetime import UTC, datetime

import pytest

from afterclose.errors import InputError
from afterclose.history.session_replay import backtest_files, replay_files
from afterclose.history.signals import write_signals
from afterclose.ledger import TradeLedger
from afterclose.records import Signal

NOW = datetime(2024, 2, 1, tzinfo=UTC)
BARS = """symbol,date,open,high,low,close,volume
AAA,2024-01-02,100,101,99,100,1000
AAA,2024-01-03,100,101,99,100,1000
AAA,2024-01-04,100,111,99,105,1000
AAA,2024-01-06,1,1,1,1,1000
"""


@pytest.fixture
def files(tmp_path):
    (tmp_path / "bars.csv").write_text(BARS)
    moment = datetime(2024, 1, 2, 21, tzinfo=UTC)
    signal = Signal(symbol="AAA", timestamp=moment, price=100, quantity=5, target_price=110.0)
    write_signals(tmp_path / "signals.jsonl", [signal])
    return str(tmp_path / "bars.csv"), str(tmp_path / "signals.jsonl")


def test_two_files_become_a_ledger(settings, files):
    outcome = replay_files(settings, NOW, *files)
    (trade,) = TradeLedger(settings.ledger_paths[0]).get_all_trades()
    assert (trade.entry_price, trade.exit_price) == (100.0, 110.0)
    assert (outcome.status, outcome.details["sessions"], outcome.details["closed"]) == (
        "done",
        3,
        1,
    )
    assert outcome.details["signals"] == {"entered": 1}
    assert "Sessions: 3 (2024-01-02 to 2024-01-04)" in outcome.text
    assert "Bars left out, no session of XNYS: 1" in outcome.text


def test_a_second_run_has_nothing_to_do(settings, files):
    replay_files(settings, NOW, *files)
    outcome = replay_files(settings, NOW, *files)
    assert (outcome.status, outcome.text) == ("nothing_due", "")
    assert len(TradeLedger(settings.ledger_paths[0]).get_all_trades()) == 1


def test_sessions_that_have_not_closed_by_now_are_left_out(settings, files):
    now = datetime(2024, 1, 4, 20, 59, tzinfo=UTC)
    assert replay_files(settings, now, *files).details["sessions"] == 2


def test_from_and_to_are_sessions_included(settings, files):
    outcome = replay_files(settings, NOW, *files, start="2024-01-03", end="2024-01-03")
    assert "Sessions: 1 (2024-01-03 to 2024-01-03)" in outcome.text


@pytest.mark.parametrize(("option", "name"), [("start", "--from"), ("end", "--to")])
@pytest.mark.parametrize("text", ["soon", "2024-1-3", "20240103"])
def test_a_date_that_is_none_is_refused_before_anything_is_read(settings, option, name, text):
    with pytest.raises(InputError, match=f"{name} '{text}' is not a date"):
        replay_files(settings, NOW, "absent.csv", "absent.jsonl", **{option: text})


def test_each_session_moves_the_progress_and_quiet_says_nothing(settings, files, capsys):
    replay_files(settings, NOW, *files, quiet=True)
    assert capsys.readouterr() == ("", "")


def test_a_backtest_is_a_ledger_of_its_own_and_nothing_else(settings, files):
    outcome = backtest_files(settings, NOW, *files)
    (trade,) = TradeLedger(settings.backtest_ledger_path).get_all_trades()
    assert (trade.source, trade.trade_id[:13], trade.exit_price) == (
        "backtest",
        "backtest-AAA-",
        110,
    )
    assert outcome.details["closed"] == 1
    assert not settings.ledger_paths[0].exists()
    assert not (settings.root / "paper_replay.json").exists()


def test_a_backtest_again_is_the_same_file(settings, files):
    backtest_files(settings, NOW, *files)
    before = settings.backtest_ledger_path.read_bytes()
    assert backtest_files(settings, NOW, *files).status == "done"
    assert settings.backtest_ledger_path.read_bytes() == before
