"""The records of decisions have their form and their place in the index, and files that documents name are there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
RECORDS = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


@pytest.mark.parametrize("record", RECORDS, ids=lambda path: path.stem)
def test_a_record_has_its_title_in_the_index_and_three_parts(record) -> None:
    lines = record.read_text(encoding="utf8").splitlines()
    number, title = re.fullmatch(r"# (\d{3})\. (.+)", lines[0]).groups()
    assert f"| [{number}]({record.name}) | {title} | " in (record.parent / "README.md").read_text(encoding="utf8")
    assert [line for line in lines if line.startswith("## ")] == ["## Context", "## Decision", "## Consequences"]
    assert 10 <= len(lines) <= 30


def test_records_are_numbered_without_a_gap() -> None:
    assert [int(record.name[:3]) for record in RECORDS] == list(range(1, len(RECORDS) + 1))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_of_the_project_that_a_document_names_are_there(document) -> None:
    folders = "churn|docs|experiments|notebooks|tests"
    named = re.findall(rf"`((?:{folders})/[\w/.-]+\.\w+)`", document.read_text(encoding="utf8"))
    assert [name for name in named if not (ROOT / name).exists()] == []
