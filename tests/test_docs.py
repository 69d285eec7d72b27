"""README.md and docs/: links lead somewhere, made pages are up to date, and every block of code works as it stands."""

import re
import runpy
import shlex
import tomllib
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
import yaml

from churn.cli import main
from churn.commands import ALARM
from churn.configuration import RunConfig, parse, run_config, run_parser
from churn.data import example_frames

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
REFERENCE = runpy.run_path(str(DOCS / "reference.py"))["REFERENCE"]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted(DOCS.rglob("*.md"))]
BLOCK = re.compile(r"^```(\S+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
KINDS = {"python", "bash", "yaml", "text"}
HERE = [page for page in PAGES if page.name != "extending.md"]  # tests/test_extending.py runs that one
QUICK = {
    "data": {"events": "events.parquet"},
    "models": [
        "churn.models.Logistic",
        "churn.models.Majority",
        {"class_path": "churn.models.Foresight", "init_args": {"hidden_size": 4, "max_epochs": 1}},
    ],
    "tuning": {"trials": 1},
    "evaluation": {"repetitions": 20, "calibrators": ["none", "platt"]},
    "verdicts": {"ask": []},
    "explanation": {"windows": 300, "sample": 20, "trees": 5, "rounds": 2, "seeds": 1},
    "segments": {"groups": {"max": 1}, "anomalies": {"number": 0}},
    "explore": {"journeys": False},
}


def named(page):
    return str(page.relative_to(ROOT))


@cache
def text_of(page):
    return page.read_text(encoding="utf8")


def blocks(kind, pages=PAGES):
    """The blocks of a kind, with the page's name."""
    return [(named(page), body) for page in pages for found, body in BLOCK.findall(text_of(page)) if found == kind]


@cache
def anchors(page):
    """A page's headings as links name them: lower case, without punctuation, with - for each blank."""
    headings = re.findall(r"^#+ (.+)$", BLOCK.sub("", text_of(page)), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_links_lead_to_a_file_and_a_heading_of_it(page):
    targets = re.findall(r"\]\(([^)\s]+)\)", BLOCK.sub("", text_of(page)))
    lost = []
    for target in (one for one in targets if "://" not in one):
        name, _, anchor = target.partition("#")
        there = (page.parent / name).resolve() if name else page
        if not there.exists() or (anchor and anchor not in anchors(there)):
            lost.append(target)
    assert lost == []


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_a_block_of_code_says_what_it_is(page):
    fences = re.findall(r"^```(.*)$", text_of(page), re.MULTILINE)[::2]
    assert {kind for kind in fences if not kind.startswith("{")} <= KINDS


def test_every_page_of_the_site_is_in_its_index():
    listed = set(re.findall(r"^[\w/-]+$", text_of(DOCS / "index.md"), re.MULTILINE))
    pages = {str(page.relative_to(DOCS).with_suffix("")) for page in DOCS.rglob("*.md")}
    assert {page for page in pages if not page.startswith("decisions/0")} == listed | {"index"}


def test_every_term_of_the_glossary_is_told_in_a_sentence_or_two():
    terms = re.findall(r"^### (.+)\n\n((?:.+\n)+)", text_of(DOCS / "glossary.md"), re.MULTILINE)
    assert len(terms) == text_of(DOCS / "glossary.md").count("\n### ")
    assert [term for term, told in terms if len(re.findall(r"\.(?=\s)", told)) > 3] == []


def test_the_front_page_is_short_and_pictures_are_small():
    assert (ROOT / "README.md").stat().st_size <= 9_000
    sizes = [picture.stat().st_size for picture in DOCS.rglob("*.png")]
    assert max(sizes) < 150_000 and sum(sizes) < 1_500_000


@pytest.mark.parametrize("page", REFERENCE)
def test_a_made_page_is_what_the_code_makes_of_it(page):
    assert text_of(DOCS / page) == REFERENCE[page](), "run `make reference`"


CONFIGURATIONS = [body for _, body in blocks("yaml", HERE)]


@pytest.mark.parametrize("body", CONFIGURATIONS, ids=[page for page, _ in blocks("yaml", HERE)])
def test_a_configuration_of_the_documents_is_taken(body, tmp_path, capsys):
    alone = "outcome:" in body or "  daily:" in body  # a list, or a table of days, stands in place of a log
    log = "{}" if alone else "{events: log.parquet, stickers: stickers.parquet}"
    (tmp_path / "base.yaml").write_text(f"data: {log}", encoding="utf8")
    (tmp_path / "own.yaml").write_text(body, encoding="utf8")
    if body.startswith("# delivery.yaml"):
        assert main(["deliver", "--config", str(tmp_path / "own.yaml"), "--run", "none"]) == 2
        assert "expected a run's folder" in capsys.readouterr().err
        return
    files = [str(tmp_path / name) for name in ("base.yaml", "own.yaml")]
    run_config(parse(["--config", files[0], "--config", files[1]], parser=run_parser()))


def test_commands_that_are_not_churn_s_name_what_there_is():
    made = re.search(r"^\.PHONY: (.*)$", text_of(ROOT / "Makefile"), re.MULTILINE)[1].split()
    extras = tomllib.loads(text_of(ROOT / "pyproject.toml"))["project"]["optional-dependencies"]
    for page, line in lines():
        command, *rest = shlex.split(line, comments=True)
        if command == "make":
            assert rest[0] in made, page
        elif command == "pip":
            assert set(re.findall(r"\[(\w+)\]", rest[-1])) <= set(extras), page
        else:
            assert command == "churn", f"{page}: {line}"


def lines():
    """Every line of every bash block, with its page."""
    return [(page, line) for page, body in blocks("bash") for line in body.splitlines() if line.strip()]


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A working folder with the files that the documents name, and as little to compute as can be."""
    frames = example_frames(60)
    for name, frame in frames.items():
        frame.to_parquet(tmp_path / f"{name}.parquet")
    other = {"user_id": "owner", "actor_id": "who", "event": "kind", "timestamp": "at"}
    (tmp_path / "log").mkdir()
    frames["events"].rename(columns=other).to_parquet(tmp_path / "log" / "2024.parquet")
    frames["events"].to_csv(tmp_path / "log.csv", index=False)
    frames["stickers"].to_csv(tmp_path / "donations.csv", index=False)
    frames["members"].to_parquet(tmp_path / "creators.parquet")
    mine = next(body for _, body in blocks("yaml") if body.startswith("# mine.yaml"))
    (tmp_path / "mine.yaml").write_text(mine, encoding="utf8")
    delivery = next(body for _, body in blocks("yaml") if body.startswith("# delivery.yaml"))
    (tmp_path / "delivery.yaml").write_text(delivery, encoding="utf8")
    (tmp_path / "crm.csv").write_text("user_id,email\nuser1,one@example.org\n", encoding="utf8")
    (tmp_path / "do_not_contact.csv").write_text("email\none@example.org\n", encoding="utf8")
    (tmp_path / "quick.yaml").write_text(yaml.safe_dump(QUICK), encoding="utf8")
    (tmp_path / "experiments").symlink_to(ROOT / "experiments")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.slow
def test_the_commands_and_the_python_of_the_documents_run(place, capsys):
    """In the order in which a reader meets them, on one log; a run that stands already is not made again."""
    done = []
    for page, line in lines():
        command, *words = shlex.split(line, comments=True)
        if command == "churn" and words not in done:
            done.append(words)
            well = (0, ALARM) if words[0] == "outcomes" else (0,)
            assert main(_quick(words)) in well, f"{page}: {line}\n{capsys.readouterr().err}"
    for page, body in blocks("python", HERE):
        code = body.replace("RunConfig(data=", "replace(QUICK, data=")
        exec(compile(code, page, "exec"), {"QUICK": RunConfig.load("quick.yaml"), "replace": replace})


def _quick(words):
    """A command's words, with settings that keep it quick; no word is left out."""
    if words[0] in ("run", "tune"):
        return [words[0], "--config", "quick.yaml", *words[1:]]  # the later file wins
    if words[0] == "deliver":
        return [*words, "--fresh_days", "10000"]  # the log is of years ago
    return [*words, "--trainer.fast_dev_run", "true"] if words[0] == "fit" else words
