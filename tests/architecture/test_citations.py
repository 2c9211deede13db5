"""What the code cites is there: sections of the contract, and links between the documents."""

import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
DESIGN = REPOSITORY / "docs" / "design.md"
CODE = sorted(p for name in ("lib", "jobs", "bench") for p in (REPOSITORY / name).rglob("*.py"))
DOCUMENTS = sorted([*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").glob("*.md")])
OUTSIDE_DOCS = sorted(
    [p for p in REPOSITORY.iterdir() if p.is_file() and p.name != ".env"]
    + [p for name in ("lib", "jobs", "bench", "tests") for p in (REPOSITORY / name).rglob("*.py")]
)

CITATION = re.compile(r"\bdesign(?:\.md)?,?\s+section\s+(\d+)", re.IGNORECASE)
"""Of the contract, as in ``docs/design.md, section 4``."""

FOREIGN = re.compile(r"\bDESIGN(?:\.md)?,?\s+section")
"""In capitals it is a page that this repository does not have."""

HEADING = re.compile(r"^#{1,6} (.+?) *$", re.MULTILINE)
LINK = re.compile(r"!?\[[^\]]*\]\(([^()\s]+)\)")
MODULE = re.compile(r"`((?:[a-z_0-9]+/)+[a-z_0-9]+\.py)`")
"""As ``gating/gates.py``, a path in the repository or in the package."""

FENCED = re.compile(r"^ *```.*?^ *```", re.MULTILINE | re.DOTALL)


def relative(path: Path) -> str:
    return path.relative_to(REPOSITORY).as_posix()


def one_line(text: str) -> str:
    """The text with comment signs and line breaks gone, since citations wrap."""
    return re.sub(r"\s+(?:#\s+)?", " ", text)


def cited_sections(text: str) -> set[int]:
    return {int(number) for number in CITATION.findall(one_line(text))}


def sections() -> list[int]:
    return [int(n) for n in re.findall(r"^## (\d+)\. \S", DESIGN.read_text("utf-8"), re.MULTILINE)]


def anchors(document: Path) -> set[str]:
    """What GitHub makes of the headings: lower case, no punctuation, hyphens for spaces."""
    headings = HEADING.findall(FENCED.sub("", document.read_text("utf-8")))
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.replace(" ", "-") for heading in plain}


def broken_links(document: Path) -> list[str]:
    """Relative links of a document that lead to no file, or to no heading of it."""
    broken = []
    for link in LINK.findall(FENCED.sub("", document.read_text("utf-8"))):
        path, _, anchor = link.partition("#")
        if re.match(r"[a-z]+:", link):
            continue
        target = (document.parent / path).resolve() if path else document
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    return broken


def test_the_contract_has_its_21_sections_in_order() -> None:
    assert sections() == list(range(1, 22))


def test_a_citation_is_seen_across_a_line_break_and_in_a_comment() -> None:
    assert cited_sections("The measures of docs/design.md,\n    section 7.") == {7}
    assert cited_sections("x = 1  # see design\n# section 99, or section 3") == {99}


def test_every_section_that_the_code_cites_is_in_the_contract() -> None:
    cited = {relative(p): cited_sections(p.read_text("utf-8")) for p in CODE}
    assert any(cited.values()), "nothing cites the contract: has the pattern gone stale?"
    missing = {path: numbers - set(sections()) for path, numbers in cited.items()}
    assert {path: numbers for path, numbers in missing.items() if numbers} == {}


def test_nothing_cites_a_page_that_is_not_in_the_repository() -> None:
    citing = [
        relative(p)
        for p in OUTSIDE_DOCS
        if FOREIGN.search(one_line(p.read_text("utf-8", "replace")))
    ]
    assert citing == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=relative)
def test_every_relative_link_leads_somewhere(document: Path) -> None:
    assert broken_links(document) == []


def test_every_module_that_the_documents_name_is_there() -> None:
    roots = (REPOSITORY, REPOSITORY / "lib", REPOSITORY / "lib" / "afterclose")
    gone = [
        f"{relative(document)}: {name}"
        for document in DOCUMENTS
        for name in MODULE.findall(document.read_text("utf-8"))
        if not any((root / name).exists() for root in roots)
    ]
    assert gone == []


def test_a_link_to_a_missing_file_or_heading_is_found(tmp_path: Path) -> None:
    (tmp_path / "there.md").write_text("# A heading, here\n")
    page = tmp_path / "page.md"
    page.write_text(
        "[a](there.md) [b](there.md#a-heading-here) [c](https://example.org/x)\n"
        "[d](gone.md) [e](there.md#gone) [f](#gone)\n```\n[g](in-code.md)\n```\n"
    )
    assert broken_links(page) == ["gone.md", "there.md#gone", "#gone"]
