"""A bot on PostgreSQL: a real server on a socket of its own, read by its SQLAlchemy URL."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from glob import glob
from pathlib import Path
from tempfile import mkdtemp

import pytest

from afterclose.errors import InputError
from jobs.import_ledger import parser
from jobs.import_ledger import run as job

pytest.importorskip("sqlalchemy")
psycopg = pytest.importorskip("psycopg", reason="PostgreSQL's driver (psycopg) is not installed")

NOW = datetime(2026, 6, 3, 21, tzinfo=UTC)
PROGRAMS = sorted(glob("/usr/lib/postgresql/*/bin"))  # noqa: PTH207 - where Debian puts them
TRADES = """
create table trades (id integer primary key, exchange text, pair text, is_open boolean,
  fee_open float, fee_close float, open_rate float, close_rate float, close_profit_abs float,
  amount float, open_date timestamp, close_date timestamp, min_rate float, max_rate float,
  strategy text, is_short boolean);
create table orders (id integer, ft_trade_id integer, ft_order_side text, status text,
  price float, average float, amount float, filled float);
insert into trades values
  (1, 'x', 'A/USDT', false, 0.001, 0.001, 100, 110, 97.9, 10, '2024-01-02 10:00',
   '2024-01-03 10:00', 99, 112, 's', false),
  (2, 'x', 'B/USDT', false, 0, 0, 50, 55, -50, 10, '2024-01-04 10:00', '2024-01-05 10:00',
   49, 56, 's', true),
  (3, 'x', 'A/USDT', true, 0, 0, 100, null, null, 10, '2024-01-06 10:00', null, 99, 101, 's',
   false);
"""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A server that only this test can reach; its password is a word to look for."""
    if not PROGRAMS:
        pytest.skip("no PostgreSQL server here (Debian's package postgresql)")
    folder = Path(mkdtemp(prefix="pg-", dir="/tmp"))
    user = []
    if os.getuid() == 0:  # the server refuses to run as root
        shutil.chown(folder, "postgres", "postgres")
        user = ["runuser", "-u", "postgres", "--"]
    data, bin_ = folder / "data", Path(PROGRAMS[-1])

    def server(*command: str) -> None:
        subprocess.run([*user, *command], check=True, capture_output=True, cwd=folder)

    server(str(bin_ / "initdb"), "-D", str(data), "-U", "bot", "-A", "trust")
    options = f"-k {folder} -c listen_addresses= -c fsync=off"
    server(
        str(bin_ / "pg_ctl"), "-D", str(data), "-o", options, "-w", "-l", str(folder / "log"),
        "start",
    )  # fmt: skip
    try:
        with psycopg.connect(host=str(folder), user="bot", dbname="postgres") as connection:
            connection.execute(TRADES)
        yield f"postgresql+psycopg://bot:sesame@/postgres?host={folder}"
    finally:
        server(str(bin_ / "pg_ctl"), "-D", str(data), "-m", "immediate", "stop")
        shutil.rmtree(folder)


def test_a_bots_postgres_database_is_imported(settings, url: str) -> None:
    outcome = job(settings, NOW, parser().parse_args([url]))
    figures = {name: outcome.details[name] for name in ("long", "short", "open", "added")}
    assert figures == {"long": 1, "short": 1, "open": 1, "added": 3}
    assert outcome.details["net_pnl"] == pytest.approx(97.9 - 50)
    assert job(settings, NOW, parser().parse_args([url])).status == "unchanged"


def test_its_password_is_in_no_file_and_no_message(settings, url: str) -> None:
    outcome = job(settings, NOW, parser().parse_args([url]))
    with pytest.raises(InputError) as refused:
        job(settings, NOW, parser().parse_args([url.replace("/postgres?", "/nothing?")]))
    written = [path.read_text() for path in Path(settings.logs_dir).rglob("*") if path.is_file()]
    assert "sesame" not in "".join([outcome.text, str(refused.value), *written])
