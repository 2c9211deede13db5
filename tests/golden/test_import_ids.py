"""Ids of imported trades, frozen: other ones would import a trade a second time.

`import_ids.json` has those of the sources of `import_sources`, written before a later version could
change them. A new source is added to it; an id that is there stays.
"""

import json
from pathlib import Path

import pytest

from afterclose.importing.engine import parse_documents
from afterclose.importing.parsed import Options
from afterclose.importing.source_file import Document
from afterclose.importing.trades import trades_of
from import_sources import SOURCES

FROZEN: dict[str, list[str]] = json.loads(
    (Path(__file__).parent / "import_ids.json").read_text(encoding="utf-8")
)
DEGIRO = (
    "Datum,Tijd,Valutadatum,Product,ISIN,Omschrijving,FX,Mutatie,,Saldo,,Order Id\n"
    '03-01-2024,10:00,03-01-2024,X,NL1,"Koop 10 @ 5,00 EUR",,EUR,"-50,00",EUR,"0,00",o-1\n'
    '03-01-2024,10:00,03-01-2024,X,NL1,DEGIRO transactiekosten,,EUR,"-2,00",EUR,"0,00",o-1\n'
    '05-01-2024,10:00,05-01-2024,X,NL1,"Verkoop 10 @ 6,00 EUR",,EUR,"60,00",EUR,"0,00",o-2\n'
)


def ids_of(text: str) -> list[str]:
    options = Options(timezone="America/New_York", symbol="SYM")
    parsed = parse_documents([Document("file", text.encode(), None)], "auto", None, options)
    return [made.trade.trade_id for made in trades_of(parsed, options).trades]


@pytest.mark.parametrize("name", FROZEN)
def test_a_trade_keeps_the_id_that_it_was_imported_under(name: str) -> None:
    assert ids_of(SOURCES[name][0]) == FROZEN[name]


def test_an_order_joins_the_rows_of_its_fees_and_is_no_part_of_the_id() -> None:
    assert ids_of(DEGIRO) == ids_of(DEGIRO.replace("o-1", "other").replace("o-2", "another"))
