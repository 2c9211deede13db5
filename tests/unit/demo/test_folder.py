"""The demo renews its own folder and touches nobody else's."""

import pytest
from msgspec.structs import replace

from afterclose.demo.folder import MARKER, renew
from afterclose.errors import InputError


@pytest.fixture
def demo(settings, tmp_path):
    return replace(settings, logs_dir=str(tmp_path / "demo_logs"))


@pytest.mark.parametrize("exists", [True, False])
def test_an_absent_or_empty_folder_becomes_the_demos(demo, tmp_path, exists):
    if exists:
        (tmp_path / "demo_logs").mkdir()
    renew(demo)
    assert [path.name for path in (tmp_path / "demo_logs").iterdir()] == [MARKER]


def test_the_demos_own_scope_is_removed_and_what_lies_beside_it_stays(demo, tmp_path):
    renew(demo)
    demo.model_dir.mkdir(parents=True)
    (demo.model_dir / "model_registry.json").write_text("{}")
    (tmp_path / "demo_logs" / "notes.txt").write_text("mine")
    renew(demo)
    names = sorted(path.name for path in (tmp_path / "demo_logs").iterdir())
    assert names == [MARKER, "notes.txt", "us"]
    assert not demo.root.exists()


def test_a_folder_with_somebody_elses_trades_is_refused_untouched(demo):
    demo.root.mkdir(parents=True)
    ledger = demo.root / "trade_ledger.jsonl"
    ledger.write_text("a year of trades\n")
    with pytest.raises(InputError, match="nothing in it was touched"):
        renew(demo)
    assert ledger.read_text() == "a year of trades\n"
    assert not (demo.root.parent.parent / MARKER).exists()


def test_a_file_in_its_place_is_refused(demo, tmp_path):
    (tmp_path / "demo_logs").write_text("a file")
    with pytest.raises(InputError, match="Choose another folder"):
        renew(demo)
