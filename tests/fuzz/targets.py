"""What bytes from outside are fed to, and what must hold whatever they are.

A target takes any bytes and raises nothing: an AssertionError is a broken promise, any other
exception one that a parser never announced. `tests/fuzz/run.py` lets a coverage-guided fuzzer
write the bytes; `tests/property/test_property_corpus.py` replays what it once found.
"""

import atexit
import json
import math
import shutil
import tempfile
from collections.abc import Callable
from contextlib import chdir, suppress
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, get_args

import msgspec

from afterclose.config import load_settings
from afterclose.cron.crontab import describe
from afterclose.cron.crontab_file import read_crontab
from afterclose.dataset.rejects import RejectedLine
from afterclose.disk.files import sha256_bytes
from afterclose.errors import ConfigError, InputError, IntegrityError
from afterclose.learning.card import Card
from afterclose.learning.tree_card import EnsembleCard, Tree, TreeCard, read_card
from afterclose.learning.tree_scorer import scorer_of
from afterclose.ledger import TradeLedger
from afterclose.nightly.operator_view import show_candidates, show_status
from afterclose.records import TradeDataRow
from afterclose.registry.events import GENESIS, Event, Kind
from afterclose.registry.reader import RegistryReader
from afterclose.scope_files import EVENTS_FILE, POINTER_FILE
from afterclose.settings import Settings
from afterclose.trades.judged import Closed, Open, Reject
from afterclose.trades.parser import LineParser
from afterclose.trades.record import LedgerRecord
from builders import make_trade
from trading_builders import make_scorecard

NOW = datetime(2026, 1, 27, tzinfo=UTC)
FEATURES = {"atr_pct": 0.012, "rsi": None}


@cache
def workshop() -> Path:
    """A folder of this process, for targets that read files; gone when it ends."""
    folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def ledger(data: bytes) -> None:
    """Each line is a row, an open trade or a reject with a reason, and each can be written."""
    path = workshop() / "trade_ledger.jsonl"
    path.write_bytes(data)
    for trade in TradeLedger(path):
        msgspec.json.encode(trade)
    parser = LineParser("America/New_York", {"LIQUIDATION"}, NOW)
    for line in data.split(b"\n"):
        verdict = parser.parse(line + b"\n")
        assert verdict == parser.parse(line) == parser.parse_carefully(line)
        if isinstance(verdict, Closed):
            _row_is_sound(verdict.row)
        elif isinstance(verdict, Reject):
            assert verdict.reason
            text = {"ledger": "l", "raw": line.decode(errors="replace")}
            reject = RejectedLine(line=1, trade_id=verdict.trade_id, reason=verdict.reason, **text)
            msgspec.json.encode(reject)
        else:
            assert isinstance(verdict, Open)
            msgspec.json.encode(verdict)


def _row_is_sound(row: TradeDataRow) -> None:
    written = msgspec.json.encode(row)
    assert msgspec.json.decode(written, type=TradeDataRow) == row
    assert all(0 < value < math.inf for value in (row.position_size, row.entry_price))
    assert 0 <= row.exit_price < math.inf  # what expires worthless is left at 0
    assert math.isfinite(row.realized_pnl_pct)
    assert row.mae_pct is None or min(-1, 2 * row.realized_pnl_pct) <= row.mae_pct <= 0
    assert row.holding_days >= 0
    assert any(value is not None for value in row.rule_features.values())
    entered, left = (
        datetime.fromisoformat(t) for t in (row.decision_timestamp, row.exit_timestamp)
    )
    assert entered <= left <= NOW


def imports(data: bytes) -> None:
    """A file of any bytes gives trades that a ledger takes, or says what is wrong with it."""
    from afterclose.importing.engine import parse_documents
    from afterclose.importing.parsed import Options
    from afterclose.importing.source_file import read_source
    from afterclose.importing.trades import trades_of

    options = Options(timezone="America/New_York", symbol="A", side="long", opening="skip")
    path = workshop() / "export"
    path.write_bytes(data)
    with suppress(InputError):
        parsed = parse_documents(read_source(path), "auto", None, options)
        for found in trades_of(parsed, options).trades:
            assert found.trade.quantity > 0
            msgspec.json.encode(found.trade)


def settings(data: bytes) -> None:
    """A .env of any bytes gives settings in range, or says which name or file is wrong."""
    folder = workshop()
    (folder / ".env").write_bytes(data)
    with chdir(folder):
        try:
            loaded = load_settings({})
        except (ConfigError, InputError):
            return
    assert 0 <= loaded.risk_threshold <= 1
    assert 0 < loaded.mae_threshold < math.inf
    assert "\0" not in str(loaded)
    assert loaded.root.is_relative_to(Path(loaded.logs_dir))
    assert not loaded.signing_key or f"signing_key={loaded.signing_key!r}" not in repr(loaded)


def scorecard(data: bytes) -> None:
    """A card of whichever kind is refused, or survives its file and scores between 0 and 1."""
    try:
        card = read_card(data)
    except IntegrityError:
        return
    assert read_card(card.to_bytes()) == card
    scorer = scorer_of(card)
    for features in (FEATURES, {}, dict.fromkeys(card.feature_names, 1e308)):
        assessed = scorer.assess(features)
        with suppress(InputError):  # too large to score
            risk = scorer.predict_risk(features)
            assert math.isnan(risk) or 0 <= risk <= 1
            assert assessed.risk_score == risk or math.isnan(risk)


def registry(data: bytes) -> None:
    """Events in a valid chain, whatever they say, are read, added up and shown.

    Lines that are objects get the place and the link that they need, and an object behind a
    NUL byte is the state file and gets its digest: a fuzzer finds no SHA-256.
    """
    scope = load_settings({}, logs_dir=workshop())
    scope.model_dir.mkdir(parents=True, exist_ok=True)
    events, _, pointer = data.partition(b"\0")
    (scope.model_dir / EVENTS_FILE).write_bytes(_chained(events))
    (scope.model_dir / POINTER_FILE).write_bytes(_with_digest(pointer))
    view = RegistryReader(scope.model_dir).view()
    assert view.active is None or view.active.model_id in {e.model_id for e in view.chain.events}
    assert view.broken is not None or view.chain.damage is None
    for ask in (show_candidates, show_status):
        with suppress(IntegrityError):
            ask(scope, NOW)


def _chained(data: bytes) -> bytes:
    lines, head = [], GENESIS
    for line in data.split(b"\n"):
        if isinstance(event := _json(line), dict):
            event |= {"seq": len(lines) + 1, "prev": head}
            line = json.dumps(event).encode()  # noqa: PLW2901 - the same line, linked
        lines.append(line)
        head = sha256_bytes(line)
    return b"\n".join(lines)


def _with_digest(data: bytes) -> bytes:
    body = _json(data)
    if not isinstance(body, dict):
        return data
    body.pop("sha256", None)
    digest = sha256_bytes(msgspec.json.encode(body, order="sorted"))
    return json.dumps(body | {"sha256": digest}).encode()


def _json(data: bytes) -> Any:
    try:
        value = json.loads(data)
        msgspec.json.encode(value)
    except (ValueError, RecursionError, OverflowError):
        return None
    return value


def crontab(data: bytes) -> None:
    """A crontab is refused with its line, or each entry has a name and a next run."""
    path = workshop() / "crontab"
    path.write_bytes(data)
    try:
        entries = read_crontab(path, NOW)
    except InputError:
        return
    assert describe(entries, NOW).count("\n") >= len(entries) - 1
    for entry in entries:
        assert entry.name
        assert entry.next_run(NOW) > NOW


TARGETS: dict[str, Callable[[bytes], None]] = {
    target.__name__: target for target in (ledger, settings, scorecard, registry, crontab, imports)
}


def seeds(name: str) -> list[bytes]:
    """Valid inputs to start from: what a fuzzer would need days to come up with."""
    return [text if isinstance(text, bytes) else text.encode() for text in _SEEDS[name]()]


def _ledger_seeds() -> list[str]:
    half = {"side": "short", "fees": 1.5, "mae_pct": -0.01, "mfe_pct": 0.02}
    other = {"decision_timestamp": "2024-01-02T09:00:00", "exit_type": "TARGET", "source": "live"}
    features = {"up": True, "rsi": 50, "atr": None}
    names = {"quantity": None, "entry_quantity": 3, "confidence": 0.5, "exit_reason": "stop"}
    names |= {"rule_features": None, "entry_features": features}
    changes: list[dict[str, Any]] = [{}, half, other, names, {"exit_timestamp": None}]
    records = [make_trade(**change) for change in changes]
    return [*map(json.dumps, records), "\n".join(map(json.dumps, records))]


def _imports_seeds() -> list[str | bytes]:
    """One of each reader: text, page, JSON, XML, a database, a sheet, and packed ones."""
    import gzip
    import zipfile
    from io import BytesIO

    from openpyxl import Workbook

    from import_sources import SOURCES, bot, closed

    texts = [text for text, *_ in SOURCES.values()]
    database = workshop() / "bot.sqlite"
    bot(database, [closed(1, 110.0)]).close()
    book, packed = BytesIO(), BytesIO()
    sheet = Workbook()
    for line in SOURCES["fills"][0].splitlines():
        sheet.active.append(line.split(","))
    sheet.save(book)
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(zipfile.ZipInfo("fills.csv"), SOURCES["fills"][0])
    zipped = gzip.compress(SOURCES["fills"][0].encode(), mtime=0)
    return [*texts, database.read_bytes(), book.getvalue(), packed.getvalue(), zipped]


def _settings_seeds() -> list[str]:
    names = [f"ML_{field.upper()}" for field in Settings.__struct_fields__]
    defaults = [f"{name}={getattr(Settings(), name[3:].lower())}" for name in names]
    return [*defaults, "\n".join(defaults), 'ML_SEED="7"\nexport ML_ENV=paper # words\n']


def _scorecard_seeds() -> list[bytes]:
    line = make_scorecard()
    head = {name: getattr(line, name) for name in Card.__struct_fields__}
    tree = Tree((0, -1, -1), (0.02, 0.5, -0.5), (True, False, False), (1, 0, 0), (2, 0, 0))
    trees = TreeCard(kind="xgboost", base=-0.5, trees=(tree, tree), **head)
    vote = EnsembleCard(linear=line, trees=trees, **head)
    return [card.to_bytes() for card in (line, trees, vote)]


def _registry_seeds() -> list[bytes]:
    from registry_builders import CLOSE, A, B, registry_of

    model_dir = Path(tempfile.mkdtemp(dir=workshop())) / "ml_models"
    made = registry_of(model_dir, A, B)
    made.promote_candidate(A, reason="first", now=NOW)
    made.promote_candidate(B, reason="second", now=NOW)
    made.lock("2026-01-27", CLOSE, B, now=NOW)
    made.unlock(reason="over", now=NOW)
    made.rollback(reason="worse", now=NOW)
    events = (model_dir / EVENTS_FILE).read_bytes()
    pointer = (model_dir / POINTER_FILE).read_bytes()
    return [events, events + b"\0" + pointer, *events.splitlines(keepends=True)]


def _crontab_seeds() -> list[str]:
    shipped = [Path(name).read_text() for name in ("crontab", "crontab.live")]
    return [*shipped, "CRON_TZ=Asia/Kolkata\nA='b c'\n@daily true\n", "*/5 1-3,7 L * 1#2 true\n"]


_SEEDS: dict[str, Callable[[], list[Any]]] = {
    "imports": _imports_seeds,
    "ledger": _ledger_seeds,
    "settings": _settings_seeds,
    "scorecard": _scorecard_seeds,
    "registry": _registry_seeds,
    "crontab": _crontab_seeds,
}


def words(name: str) -> list[str]:
    """Words of the format, for the fuzzer to put together (libFuzzer's dictionary)."""
    fields: dict[str, tuple[str, ...]] = {
        "ledger": LedgerRecord.__struct_fields__,
        "settings": tuple(f"ML_{field.upper()}=" for field in Settings.__struct_fields__),
        "scorecard": (*TreeCard.__struct_fields__, *make_scorecard().__struct_fields__),
        "registry": (*Event.__struct_fields__, *get_args(Kind)),
        "imports": ("<table>", "<tr><td>", "SQLite format 3", "Date,Side,Symbol,Price,Quantity\\n"),
        "crontab": ("CRON_TZ=", "@daily", "python -m jobs.cycle", "*/5", "LW", "1#2"),
    }
    return sorted({*fields[name], "null", "true", "NaN", "1e999", "Infinity", "+05:30", "Z"})
