"""The override file is read strictly, and every complaint names the file and the problem."""

from datetime import date, time
from pathlib import Path

import pytest

from afterclose.errors import ConfigError
from afterclose.market.overrides import NO_OVERRIDES, Hours, read_overrides


def write(folder: Path, text: str) -> Path:
    path = folder / "overrides.json"
    path.write_text(text)
    return path


def test_no_file_means_no_overrides() -> None:
    assert read_overrides(None) == NO_OVERRIDES


def test_a_day_gets_hours_and_null_removes_one(tmp_path: Path) -> None:
    path = write(
        tmp_path, '{"2026-02-01": {"open": "09:15", "close": "15:30"}, "2026-03-03": null}'
    )
    assert read_overrides(path).hours == {
        date(2026, 2, 1): Hours(time(9, 15), time(15, 30)),
        date(2026, 3, 3): None,
    }


def test_the_digest_is_that_of_the_file(tmp_path: Path) -> None:
    digest = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    assert read_overrides(write(tmp_path, "{}")).sha256 == digest


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "truncated"),
        ('{"2026-02-01": {"open": "09:15"', "truncated"),
        ("[]", "Expected `object`"),
        ('{"2026-02-01": true}', "Expected `object | null`"),
        ('{"2026-02-01": {"open": "09:15"}}', "missing required field `close`"),
        ('{"2026-02-01": {"open": "09:15", "close": "15:30", "tz": "IST"}}', "`tz`"),
        ('{"2026-02-01": {"open": 915, "close": "15:30"}}', "Expected `str`"),
        ('{"2026-02-01": {"open": "9:15", "close": "15:30"}}', "'9:15' is not a time"),
        ('{"2026-02-01": {"open": "09:15", "close": "24:00"}}', "'24:00' is not a time"),
        ('{"2026-02-01": {"open": "09:15", "close": "15:30+05:30"}}', "write HH:MM, local"),
        ('{"2026-02-01": {"open": "15:30", "close": "09:15"}}', "not after its open 15:30"),
        ('{"2026-02-30": null}', "'2026-02-30' is not a date"),
        ('{"20260201": null}', "'20260201' is not a date; write YYYY-MM-DD"),
    ],
)
def test_a_malformed_file_is_a_config_error_that_names_file_and_problem(
    tmp_path: Path, text: str, problem: str
) -> None:
    path = write(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        read_overrides(path)
    assert caught.value.name == "ML_CALENDAR_OVERRIDES"
    assert caught.value.value == str(path)
    assert problem in caught.value.problem


def test_a_file_that_is_not_text_is_a_config_error(tmp_path: Path) -> None:
    path = tmp_path / "overrides.json"
    path.write_bytes(b'{"2026-\xff2-01": null}')
    with pytest.raises(ConfigError, match=r"overrides\.json"):
        read_overrides(path)


def test_a_missing_file_is_a_config_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"absent\.json.*No such file"):
        read_overrides(tmp_path / "absent.json")


def test_a_folder_in_place_of_the_file_is_a_config_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="Is a directory"):
        read_overrides(tmp_path)
