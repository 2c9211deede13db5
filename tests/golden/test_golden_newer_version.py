"""When the version of any one format is raised, a scope of the version before is still read."""

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from repository import REPOSITORY

HERE = Path(__file__).parent
EXPECTED = json.loads((HERE / "scope_0_1_0.json").read_text())
CONSTANT = re.compile(r"^(\w*VERSION)((?:: Final)? = )(\d+)$", re.MULTILINE)
FORMATS = [
    (str(path.relative_to(REPOSITORY)), match[1])
    for path in sorted((REPOSITORY / "lib/afterclose").rglob("*.py"))
    for match in CONSTANT.finditer(path.read_text())
]

LOAD = f"""
from datetime import datetime
from afterclose.config import load_settings
from afterclose.cron.line_results import read_results
from afterclose.dataset_builder import DatasetBuilder
from afterclose.dataset.rejects import RejectsFile
from afterclose.gating.stored import read_evaluation
from afterclose.model_registry import ModelRegistry
from afterclose.nightly.journal import Journal
from afterclose.nightly.status import read_status
from afterclose.paper_trading_executor import PaperTradingExecutor
from afterclose.registry.reader import read_registry
from afterclose.risk_filter import RiskFilter
from afterclose.trading.decision_log import read_decisions
settings = load_settings()
root, models = settings.root, settings.model_dir
print(RiskFilter.load(settings, datetime.fromisoformat({EXPECTED["in_session"]!r})).model_id)
assert DatasetBuilder.from_settings(settings).verify() == []
assert read_registry(models).problems == []
assert ModelRegistry.from_settings(settings).verify() == []
assert len(list(RejectsFile(root))) > 3
assert len(list(read_decisions(root / "ml_decisions.jsonl"))) == 15
assert len(Journal(root / "ml_runs.jsonl").runs("cycle")) == 5
assert read_status(root) is not None
PaperTradingExecutor.from_settings(settings)
evaluated = [path.parent for path in models.glob("*/evaluation.json")]
assert evaluated and all(read_evaluation(folder) for folder in evaluated)
"""


def test_each_format_has_a_version_of_its_own() -> None:
    names = {name for _, name in FORMATS}
    assert len(FORMATS) >= 13
    assert "SCHEMA_VERSION" not in names, "one number for all formats raises all at once"


@pytest.mark.parametrize(("file", "name"), FORMATS, ids=lambda value: value.rpartition("/")[2])
def test_a_scope_of_the_version_before_is_loaded(file: str, name: str, tmp_path: Path) -> None:
    shutil.copytree(REPOSITORY / "lib", tmp_path / "lib")
    module = tmp_path / file
    raised, count = re.subn(
        rf"^({name}(?:: Final)? = )(\d+)$", lambda match: f"{match[1]}{int(match[2]) + 1}",
        module.read_text(), flags=re.MULTILINE,
    )  # fmt: skip
    assert count == 1
    module.write_text(raised)
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
