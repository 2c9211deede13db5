"""The floors of `lib/`: imports point downward only, and each floor touches only what it may."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]

EDGE, USE_CASES, DISK_AND_TIME, PURE, VOCABULARY = 4, 3, 2, 1, 0
FLOORS = {
    EDGE: """
        config console nightly.cron_runner runner
        """,
    USE_CASES: """
        dataset.build_run dataset_builder demo.nightly demo.worth
        evaluating.tried_recipes gating.auto_promotion gating.calibration_study
        gating.simulated_cycles importing.ledger_import ml_orchestrator model_registry
        nightly.cycle nightly.due nightly.operator_view nightly.status nightly.verification
        nightly.work
        offline_evaluator offline_trainer paper_trading_executor registry.checks
        registry.operations registry.reader registry.repair registry.writer report.drawn
        report.writer risk_filter study.months study.study trading.model_pin
        trading.replay trading.session_replay
        """,
    DISK_AND_TIME: """
        clock dataset.block_worker dataset.file dataset.id_index dataset.known_rows
        dataset.ledger_blocks dataset.ledger_scan dataset.ledger_source dataset.line_writer
        dataset.rejects dataset.repair dataset.reread demo.bars demo.folder files
        disk_layer importing.source_file learning.artifacts
        learning.provenance ledger line_appender market.calendar market.clock market.embargo
        market.overrides nightly.crontab_file
        nightly.cycle_state nightly.heartbeat
        nightly.journal nightly.sealed_lines parallel progress
        registry.event_log registry.pointer report.pages scope_lock seal trading.bars
        trading.decision_log trading.position_store trading.signals
        """,
    PURE: """
        dataset.columns dataset.excursions dataset.labels dataset.leaking_names
        dataset.ledger_parser dataset.ledger_record dataset.line_block dataset.metadata
        dataset.plain_trade dataset.text dataset.timestamps
        demo.indicators demo.rule_trades demo.strategy evaluating.block_resampling
        evaluating.classification
        evaluating.comparison evaluating.cpcv evaluating.cross_validation
        evaluating.evaluation evaluating.importance evaluating.metrics evaluating.notes
        evaluating.overfitting evaluating.significance evaluating.statistics
        evaluating.text evaluating.track_record evaluating.verdicts
        evaluating.walk_forward gating.alpha_spending gating.evidence gating.gates
        gating.planted_trades gating.prequential gating.promotion gating.text
        importing.backtesting importing.bar_context importing.csv_trades
        importing.feature_columns importing.fifo importing.fills importing.flex_actions
        importing.flex_elements importing.flex_execution importing.formats
        importing.freqtrade importing.ib_flex importing.identity importing.ledger_changes
        importing.parsed importing.round_trips importing.table
        importing.text importing.values
        learning.calibration learning.card learning.card_fit learning.curves
        learning.features learning.fitting learning.models learning.newton
        learning.sample_weights learning.scaling learning.scorecard learning.scorer
        learning.splits learning.threshold learning.training learning.training_options
        learning.training_text learning.tree_card learning.tree_scorer market.sessions
        nightly.crontab
        nightly.cycle_text printable registry.events registry.state registry.text
        report.blocking_view report.candidate_view report.comparison_view report.drawing
        report.feature_view report.gates_view report.lineage_view report.part_view
        report.promote_line report.scope_view report.score_charts report.status_view
        report.svg report.ticks report.time_charts report.verdict report.walk_view
        report.words
        study.text trading.exit_rules trading.feature_values trading.orders
        trading.positions trading.sizing
        """,
    VOCABULARY: "arrays errors records settings",
}
FLOOR_OF = {f"lib.{name}": floor for floor, names in FLOORS.items() for name in names.split()}
MODULES = sorted(path for path in (REPOSITORY / "lib").rglob("*.py") if path.name != "__init__.py")
JOBS = sorted(path for path in (REPOSITORY / "jobs").glob("*.py") if path.name != "__init__.py")

LIGHT = [
    "lib.risk_filter",
    "lib.paper_trading_executor",
    "lib.model_registry",
    "lib.learning.scorecard",
    "lib.ledger",
    "lib.ml_orchestrator",
    "lib.market.clock",
    "lib.config",
    "lib.nightly.cycle",
    "lib.nightly.status",
]
HEAVY = {"numpy", "pandas", "sklearn", "scipy", "joblib", "exchange_calendars"}


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(REPOSITORY).with_suffix("").parts)


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


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_every_module_stands_on_a_floor_and_imports_only_from_its_own_or_below(path: Path) -> None:
    name = module_name(path)
    assert name in FLOOR_OF, f"{name} stands on no floor: add it to FLOORS"
    upward = {
        other for other in imports_of(path) if FLOOR_OF.get(other, VOCABULARY) > FLOOR_OF[name]
    }
    assert not upward


def test_no_floor_lists_a_module_that_is_gone() -> None:
    assert set(FLOOR_OF) == {module_name(path) for path in MODULES}


def test_modules_of_one_floor_import_each_other_without_a_cycle() -> None:
    edges = {module_name(p): {i for i in imports_of(p) if i in FLOOR_OF} for p in MODULES}

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
    assert not used or module_name(path) == "lib.config"


@pytest.mark.parametrize("path", MODULES + JOBS, ids=module_name)
def test_the_wall_clock_is_read_only_in_clock(path: Path) -> None:
    used = attributes_of(path) & {
        "datetime.now", "datetime.utcnow", "datetime.today", "date.today",
        "time.time", "time.monotonic", "time.time_ns",
    }  # fmt: skip
    assert not used or module_name(path) == "lib.clock"


@pytest.mark.parametrize(
    "path", [p for p in MODULES if FLOOR_OF.get(module_name(p)) == PURE], ids=module_name
)
def test_the_pure_floor_touches_neither_disk_nor_processes(path: Path) -> None:
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
        module_name(path) == "lib.files"
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
