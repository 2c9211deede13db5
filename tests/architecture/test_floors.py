"""The order of the folders: imports point one way, and each touches only what it may."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import afterclose
from repository import REPOSITORY

PACKAGE = REPOSITORY / "lib" / "afterclose"
MAP = re.findall(r"^ {4}([a-z_]+(?: [a-z_]+)*)  +\S", afterclose.__doc__ or "", re.MULTILINE)
ORDER = [room for line in MAP for room in line.split()]
PURE = {"arrays", "errors", "records", "measures", "trades", "evaluating", "wording"}
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path.name != "__init__.py")
JOBS = sorted(path for path in (REPOSITORY / "jobs").glob("*.py") if path.name != "__init__.py")

LIGHT = [
    "afterclose.risk_filter",
    "afterclose.paper_trading_executor",
    "afterclose.model_registry",
    "afterclose.learning.scorecard",
    "afterclose.ledger",
    "afterclose.ml_orchestrator",
    "afterclose.market.clock",
    "afterclose.config",
    "afterclose.operating.cycle",
    "afterclose.nightly.status",
]
HEAVY = {"numpy", "pandas", "sklearn", "scipy", "joblib", "exchange_calendars"}


def module_name(path: Path) -> str:
    root = PACKAGE.parent if path.is_relative_to(PACKAGE) else REPOSITORY
    return ".".join(path.relative_to(root).with_suffix("").parts)


def imports_of(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return names


def attributes_of(path: Path) -> set[str]:
    """Dotted names used in a module, such as ``os.environ``."""
    return {
        f"{node.value.id}.{node.attr}"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    }


def room_of(module: str) -> str:
    """The folder, or the module at the top, that a dotted name of the package belongs to."""
    return module.split(".")[1]


def test_the_map_names_every_folder_and_every_module_at_the_top() -> None:
    rooms = {p.stem for p in PACKAGE.iterdir() if p.suffix == ".py" or (p / "__init__.py").exists()}
    assert sorted(ORDER) == sorted(rooms - {"__init__", "__main__"})


def test_the_contract_has_the_same_map() -> None:
    design = (REPOSITORY / "docs" / "design.md").read_text(encoding="utf-8")
    table = design[design.index("**The map**") : design.index("- What computes or words")]
    named = [
        name for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE) for name in row.split()
    ]
    assert [name.strip("`/") for name in named] == ORDER


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_a_module_imports_only_from_its_own_room_and_those_above_it_on_the_map(path: Path) -> None:
    own = room_of(module_name(path))
    others = {room_of(name) for name in imports_of(path) if name.startswith("afterclose.")}
    allowed = ORDER[: ORDER.index(own) + 1] if own in ORDER else ORDER
    assert others & set(ORDER) <= set(allowed)


def test_modules_import_each_other_without_a_cycle() -> None:
    names = {module_name(path) for path in MODULES}
    edges = {module_name(p): imports_of(p) & names for p in MODULES}

    def reaches_itself(start: str) -> bool:
        seen: set[str] = set()
        queue = list(edges[start])
        while queue:
            here = queue.pop()
            if here == start:
                return True
            if here not in seen:
                seen.add(here)
                queue += edges[here]
        return False

    assert [name for name in edges if reaches_itself(name)] == []


@pytest.mark.parametrize("path", MODULES + JOBS, ids=module_name)
def test_the_environment_is_read_only_in_config(path: Path) -> None:
    used = attributes_of(path) & {"os.environ", "os.getenv", "os.environb"}
    assert not used or module_name(path) == "afterclose.config"


@pytest.mark.parametrize("path", MODULES + JOBS, ids=module_name)
def test_the_wall_clock_is_read_only_in_clock(path: Path) -> None:
    used = attributes_of(path) & {
        "datetime.now", "datetime.utcnow", "datetime.today", "date.today",
        "time.time", "time.monotonic", "time.time_ns",
    }  # fmt: skip
    assert not used or module_name(path) == "afterclose.clock"


@pytest.mark.parametrize(
    "path", [p for p in MODULES if room_of(module_name(p)) in PURE], ids=module_name
)
def test_a_pure_room_touches_neither_disk_nor_processes(path: Path) -> None:
    roots = {name.partition(".")[0] for name in imports_of(path)}
    assert not roots & {"os", "pathlib", "shutil", "tempfile", "subprocess", "socket"}
    calls = {
        node.func.id
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    assert not calls & {"open", "print", "input"}


@pytest.mark.parametrize("path", MODULES + JOBS, ids=module_name)
def test_only_files_changes_bytes_on_disk(path: Path) -> None:
    methods = {
        node.attr
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
    }
    assert not methods & {"write_text", "write_bytes", "truncate", "fdopen"} or (
        module_name(path) == "afterclose.disk.files"
    )


@pytest.mark.parametrize("path", JOBS, ids=module_name)
def test_a_job_is_short_has_one_run_and_no_data_work(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    assert len(text.splitlines()) < 40
    assert ast.get_docstring(tree)
    assert {"parser", "run"} <= {n.name for n in tree.body if isinstance(n, ast.FunctionDef)}
    assert not {name.partition(".")[0] for name in imports_of(path)} & HEAVY
    assert not [n for n in ast.walk(tree) if isinstance(n, ast.Try | ast.For | ast.While)]


@pytest.mark.parametrize("module", LIGHT)
def test_what_trading_and_a_tick_import_stays_light(module: str) -> None:
    code = f"import sys, {module}; print(*sorted({HEAVY!r} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=REPOSITORY
    )
    assert done.stdout.strip() == ""


@pytest.mark.parametrize(
    "path", [p for p in MODULES + JOBS if p.parent.name != "courier"], ids=module_name
)
def test_only_its_own_job_imports_the_courier(path: Path) -> None:
    used = {name for name in imports_of(path) if name.startswith("afterclose.courier")}
    assert not used or module_name(path) == "jobs.courier"
