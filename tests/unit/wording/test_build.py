"""The section DATASET BUILDING."""

import pytest

from afterclose.dataset.build_report import BuildReport
from afterclose.wording.build import build_text

QUIET = {
    "trades_in_ledger": 75,
    "closed": 50,
    "open": 25,
    "rows_added": 5,
    "rows_total": 245,
    "rejected": {},
    "conflicts": 0,
    "superseded": 0,
    "id_conflicts": 0,
    "nonfinite_features": 0,
    "mae_unknown": 0,
    "mae_sign_flipped": 0,
    "version": "v00000245-0123456789ab",
    "mode": "incremental",
    "torn_tail_bytes": 0,
    "notes": (),
}

SECTION = """\
================================================================================
DATASET BUILDING
================================================================================
Total trades in ledger: 75
Closed trades: 50
Open trades: 25
Rows added: 5
Dataset total: 245
Dataset version: v00000245-0123456789ab"""


def text(**overrides):
    return build_text(BuildReport(**(QUIET | overrides)))


def test_a_quiet_night_is_nine_lines():
    assert text() == SECTION


@pytest.mark.parametrize(
    ("overrides", "line"),
    [
        ({"superseded": 4}, "Superseded records: 4 (of each id the last one counts)"),
        ({"id_conflicts": 2}, "Ids of more than one trade: 2 (the rejects name them)"),
        ({"conflicts": 3}, "Changed after their row was written: 3 (the rows stay)"),
        ({"nonfinite_features": 2}, "Feature values that were not finite: 2 (now missing)"),
        ({"mae_unknown": 7}, "MAE unknown: 7 (a loss stands in for it)"),
        ({"mae_sign_flipped": 1}, "MAE above 0, taken as a magnitude: 1"),
        ({"torn_tail_bytes": 99}, "Torn tail of an interrupted build: 99 bytes, kept beside"),
        ({"notes": ("the moon is full",)}, "Note: the moon is full"),
    ],
)
def test_what_needs_a_look_gets_a_line_of_its_own(overrides, line):
    assert text(**overrides) == f"{SECTION}\n{line}"


def test_rejects_are_counted_by_reason():
    shown = text(rejected={"not JSON": 2, "exit before entry": 1}).splitlines()
    assert shown[-3:] == ["Rejected records: 3", "  exit before entry: 1", "  not JSON: 2"]


def test_machines_get_plain_values():
    plain = BuildReport(**(QUIET | {"notes": ("a",)})).as_dict()
    assert plain == QUIET | {"notes": ["a"]}
