"""A run on an outcome of the member list: its pages, lists and printed lines speak of it, and never of churn."""

import csv
import re
import shutil
from zipfile import ZipFile

import pytest

from churn.artefacts import read_table
from churn.cli import main
from churn.language import LANGUAGES, speaking, target_of, titled
from churn.report import write_report
from churn.runs import Run

from .parsed_page import ParsedPage

pytestmark = pytest.mark.slow

FORBIDDEN = {
    "en": r"(?i)silen|sticker|\bchurn\b(?! 0\.)|churner|active day|days before|\bhistory\b|every day|\bcutoff|at risk",
    "ko": "침묵|이탈|스티커|활동한 날|이력|컷오프",
}
LEFT_OUT = {"worth", "returning", "budget", "behaviour", "anomalies", "seasons", "journeys", "cohorts"}


@pytest.fixture(scope="module")
def pages(outcome_runs, tmp_path_factory):
    """The parsed report and evidence of each run in each language, and the folder of each."""
    made = {}
    for name, folder in outcome_runs.items():
        for language in LANGUAGES:
            copy = shutil.copytree(folder, tmp_path_factory.mktemp("told") / "run")
            report = write_report(copy, language)
            made[name, language] = (ParsedPage(report), ParsedPage(report.with_name("evidence.html")), copy)
    return made


def prose(page):
    """The words of a page without its configuration."""
    return page.text.partition("# Every key of a run")[0]


def anchors(page):
    return {given.get("id") for tag, given in page.elements if tag == "section"}


EVERY = [(name, language) for name in ("to score", "answered") for language in LANGUAGES]


@pytest.mark.parametrize(("name", "language"), EVERY)
def test_no_word_of_churn_stands_on_the_pages(name, language, pages):
    for page in pages[name, language][:2]:
        assert re.findall(f".{{0,60}}(?:{FORBIDDEN[language].removeprefix('(?i)')}).{{0,30}}", prose(page), re.I) == []


@pytest.mark.parametrize(("name", "language"), EVERY)
def test_the_outcome_is_named_on_every_page_and_the_sections_of_the_past_are_left_out(name, language, pages):
    for page in pages[name, language][:2]:
        assert next(text for level, text in page.headings if level == "h1").startswith("“deal won”")
        assert anchors(page) & LEFT_OUT == set()
    report, evidence, _ = pages[name, language]
    assert anchors(report) == {"glance", "list", "why", "trust", "past"}
    assert evidence.text.count("“deal won”") > 10 and report.text.count("“deal won”") > 5


def test_the_platform_s_word_and_the_levels_of_attributes_stand_in_the_list(pages):
    report, evidence = pages["to score", "en"][:2]
    assert "users" not in prose(report).lower() and "leads" in report.text
    assert "origin: friend (" in report.text and "origin=friend" not in prose(report) + prose(evidence)
    assert "the model reads as a risk" not in report.text


def test_leads_to_score_are_called_and_answered_ones_are_said_to_be_the_test_part(pages):
    waiting, known = (pages[name, "en"][0].text for name in ("to score", "answered"))
    assert "first: past lists found" in waiting or "not known" in waiting
    assert "without an answer on" in waiting and "whose answers are known" not in waiting
    assert "All leads have an answer, so there is nobody to call yet" in known
    assert "of the test part, whose answers are known" in known


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_list_s_files_hold_the_chance_by_its_name_and_no_days(language, pages):
    folder = pages["to score", language][2]
    with (folder / "priority.csv").open(encoding="utf-8-sig") as file:
        heads = next(csv.reader(file))
    assert heads[:5] == ["rank", "user_id", "priority", "priority_rank", "p_deal_won"]
    assert "active_days" not in {*heads, *read_table(folder / "scores.parquet")}
    with ZipFile(folder / "priority.xlsx") as book:
        told = re.sub("<[^>]+>", " ", " ".join(book.read(n).decode() for n in book.namelist() if n.endswith(".xml")))
    assert re.findall(FORBIDDEN[language], told) == []
    assert "“deal won”" in told and {"en": "First day asked about", "ko": "질문한 첫날"}[language] in told


def test_the_words_of_a_target_come_from_its_declaration(outcome_runs):
    run = Run.open(outcome_runs["to score"])
    assert (run.first.name, run.first.outcome, run.first.good) == ("deal_won", True, True)
    assert run.arrivals and not run.answered
    assert Run.open(outcome_runs["answered"]).answered
    with speaking("ko"):
        assert titled("churn") == "이탈" and target_of("churn").say(target_of("churn").observed) == "활동 중단"


def test_check_tells_the_fates_of_the_members_and_nothing_of_a_log(outcome_runs, capsys):
    folder = outcome_runs["to score"].parent
    assert main(["check", "--config", str(folder / "config.yaml")]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert re.search(r"“deal won” leads ─+ yes \d+ no \d+ to score: no answer yet \d+", shown)
    assert "every lead once, on the day of arrival" in shown and "members state string answer" in shown
    assert "first arrival last arrival" in shown
    assert re.findall("Events by role|events a day|active in the last|history 0|first cutoff", shown) == []


def test_a_budget_of_an_outcome_is_refused(outcome_runs, capsys):
    path = str(outcome_runs["to score"].parent / "config.yaml")
    arguments = ["run", "--config", path, "--segments.budget.save_rate", "0.3", "--out", path + ".none"]
    assert main(arguments) == 2
    told = capsys.readouterr().err.strip()
    assert "expected no segments.budget with data.outcome, got save_rate: 0.3; leave it out" in told
