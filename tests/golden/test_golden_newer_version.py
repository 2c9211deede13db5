"""When the version of the formats is raised, a scope of the version before is still read."""

import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

from repository import REPOSITORY

HERE = Path(__file__).parent
EXPECTED = json.loads((HERE / "scope_0_1_0.json").read_text())
IN_SESSION = EXPECTED["in_session"]

LOAD = f"""
from datetime import datetime
from afterclose import records
assert records.SCHEMA_VERSION == 2
from afterclose.config import load_settings
from afterclose.dataset_builder import DatasetBuilder
from afterclose.paper_trading_executor import PaperTradingExecutor
from afterclose.risk_filter import RiskFilter
settings = load_settings()
print(RiskFilter.load(settings, datetime.fromisoformat({IN_SESSION!r})).model_id)
assert DatasetBuilder.from_settings(settings).verify() == []
PaperTradingExecutor.from_settings(settings)
"""


def test_a_scope_of_the_version_before_is_loaded(tmp_path: Path) -> None:
    shutil.copytree(REPOSITORY / "lib", tmp_path / "lib")
    records = tmp_path / "lib/afterclose/records.py"
    raised = records.read_text().replace("SCHEMA_VERSION = 1", "SCHEMA_VERSION = 2", 1)
    records.write_text(raised)
    with tarfile.open(HERE / "scope_0_1_0.tar.gz") as archive:
        archive.extractall(tmp_path, filter="data")
    plain = {key: value for key, value in os.environ.items() if not key.startswith("ML_")}
    paths = {
        "PYTHONPATH": str(tmp_path / "lib"),
        "ML_SIGNING_KEY": "",
        "ML_LOGS_DIR": str(tmp_path / "logs"),
    }
    done = subprocess.run(
        [sys.executable, "-c", LOAD], capture_output=True, text=True, check=False, cwd=tmp_path,
        env=plain | EXPECTED["settings"] | paths,
    )  # fmt: skip
    assert done.stdout.strip() == EXPECTED["active"], done.stderr
