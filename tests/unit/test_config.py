"""Settings: read once, an option beats the environment beats .env, and nothing mistyped passes."""

from pathlib import Path

import pytest

from afterclose.config import load_settings
from afterclose.errors import ConfigError
from afterclose.settings import Settings


@pytest.fixture(autouse=True)
def _in_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_scope_is_a_folder_of_market_and_environment() -> None:
    settings = load_settings({"ML_LOGS_DIR": "/data", "ML_MARKET": "india", "ML_ENV": "live"})
    assert settings.root == Path("/data/india/live")
    assert settings.model_dir == Path("/data/india/live/ml_models")
    assert settings.ledger_paths == (Path("/data/india/live/trade_ledger.jsonl"),)
    assert settings.calendar_name == "XBOM"


def test_a_variable_beats_dotenv_and_an_option_beats_both(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("ML_SEED=1\nML_MARKET=india\nML_ENV=live\nOTHER=kept out\n")
    settings = load_settings({"ML_SEED": "2", "ML_MARKET": "crypto"}, market="us")
    assert (settings.seed, settings.market, settings.env) == (2, "us", "live")


def test_an_empty_value_means_the_default() -> None:
    assert load_settings({"ML_RISK_THRESHOLD": " ", "ML_SIGNING_KEY": ""}) == Settings()


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"ML_RISK_TRESHOLD": "0.4"}, ["ML_RISK_TRESHOLD", "0.4", "ML_RISK_THRESHOLD", "0 to 1"]),
        ({"ML_RISK_THRESHOLD": "1.5"}, ["ML_RISK_THRESHOLD", "1.5", "0 to 1"]),
        ({"ML_RISK_THRESHOLD": "nan"}, ["ML_RISK_THRESHOLD", "nan", "0 to 1"]),
        ({"ML_OOD_MAX_Z": "inf"}, ["ML_OOD_MAX_Z", "inf"]),
        ({"ML_SEED": "4.5"}, ["ML_SEED", "4.5", "whole number"]),
        ({"ML_MODEL": "Logistic"}, ["ML_MODEL", "Logistic", "hist_gradient_boosting"]),
        ({"ML_AUTO_PROMOTE": "maybe"}, ["ML_AUTO_PROMOTE", "maybe", "true or false"]),
        ({"ML_MAE_THRESHOLD": "3"}, ["ML_MAE_THRESHOLD", "3", "fraction"]),
        ({"ML_MARKET": "../../etc"}, ["ML_MARKET", "../../etc"]),
        ({"ML_ENV": "Paper"}, ["ML_ENV", "Paper", "a to z in lower case", "32 characters"]),
        ({"ML_MARKET": "mars"}, ["ML_MARKET", "mars", "ML_CALENDAR"]),
        ({"ML_N_JOBS": "0"}, ["ML_N_JOBS", "0", "-1"]),
        ({"ML_QUITE_UNKNOWN": "1"}, ["ML_QUITE_UNKNOWN", ".env.example"]),
    ],
)
def test_a_bad_setting_is_named_with_its_value_and_range(
    environ: dict[str, str], words: list[str]
) -> None:
    with pytest.raises(ConfigError) as caught:
        load_settings(environ)
    assert caught.value.exit_code == 2
    for word in words:
        assert word in str(caught.value)


def test_a_bad_name_in_dotenv_is_an_error_too(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("ML_TEST_FRACTOIN=0.3\n")
    with pytest.raises(ConfigError, match="ML_TEST_FRACTION"):
        load_settings({})


def test_a_secret_never_shows() -> None:
    settings = load_settings({"ML_SIGNING_KEY": "hunter2"})
    assert settings.signing_key == "hunter2"
    assert "hunter2" not in repr(settings)
    assert "hunter2" not in str(settings.public_dict())
    with pytest.raises(ConfigError) as caught:
        load_settings({"ML_SIGNING_KYE": "hunter2"})
    assert "hunter2" not in str(caught.value)


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        load_settings({}).seed = 1  # type: ignore[misc]


def test_several_ledgers_stand_with_colons_between() -> None:
    settings = load_settings({"ML_LEDGER_FILE": "/a/one.jsonl:two.jsonl"})
    assert settings.ledger_paths == (Path("/a/one.jsonl"), Path("two.jsonl"))


def test_excluded_exit_types_are_upper_case() -> None:
    settings = load_settings({"ML_EXCLUDE_EXIT_TYPES": "liquidation, Manual ,"})
    assert settings.excluded_exit_types == {"LIQUIDATION", "MANUAL"}


@pytest.mark.parametrize(
    ("environ", "mode"),
    [
        ({}, "share"),
        ({"ML_BLOCK_SHARE": "0.1"}, "share"),
        ({"ML_RISK_THRESHOLD": "0.5"}, "fixed"),
        ({"ML_RISK_THRESHOLD": ""}, "share"),
        ({"ML_RISK_THRESHOLD": "0.6", "ML_THRESHOLD_MODE": "share"}, "share"),
        ({"ML_RISK_THRESHOLD": "0.6", "ML_THRESHOLD_MODE": "tuned"}, "tuned"),
    ],
)
def test_whoever_sets_a_risk_threshold_and_no_mode_means_it(
    environ: dict[str, str], mode: str
) -> None:
    assert load_settings(environ).threshold_mode == mode


def test_a_risk_threshold_in_dotenv_or_as_an_option_counts_as_set(tmp_path: Path) -> None:
    assert load_settings({}, risk_threshold=0.7).threshold_mode == "fixed"
    (tmp_path / ".env").write_text("ML_RISK_THRESHOLD=0.55\n")
    assert load_settings({}).threshold_mode == "fixed"
    assert load_settings({"ML_THRESHOLD_MODE": "share"}).threshold_mode == "share"
