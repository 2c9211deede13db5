"""The promote line: exact where the page is read, not where it was written."""

from msgspec.structs import replace

from afterclose.settings import Settings
from afterclose.wording.promote_line import promote_line

MODEL_ID = "20260127_214500"


def test_the_default_folder_needs_no_mention() -> None:
    line = promote_line(MODEL_ID, Settings(), "index.html")
    assert line == (f"make promote ID={MODEL_ID}", "")


def test_a_relative_folder_is_written_down() -> None:
    settings = replace(Settings(), logs_dir="demo_logs", market="india")
    line = promote_line(MODEL_ID, settings, "index.html")
    assert line.command == f"make promote ID={MODEL_ID} LOGS_DIR=demo_logs MARKET=india"
    assert line.place == ""


def test_an_absolute_folder_is_left_to_the_page() -> None:
    settings = replace(Settings(), logs_dir="/home/me/logs", env="live")
    line = promote_line(MODEL_ID, settings, "ml_models/1/report.html")
    assert line.command == f"make promote ID={MODEL_ID} ENV=live"
    assert line.place == "/us/live/ml_models/1/report.html"


def test_the_containers_folder_means_the_container() -> None:
    line = promote_line(MODEL_ID, replace(Settings(), logs_dir="/logs"), "index.html")
    assert line == (f"make promote ID={MODEL_ID} IN=container", "")
