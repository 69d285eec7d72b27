"""The report is for whoever acts: short, plain, the list soon, and with the evidence one step away."""

import re

import pytest

from churn.artefacts import read_json, read_table, write_json, write_table
from churn.language import LANGUAGES, speaking
from churn.report.page import rendered
from churn.report.pages import EVIDENCE, REPORT
from churn.runs import Run

from .parsed_page import ParsedPage
from .test_budget import planned, rewrite
from .test_stake import promised, rescored

WORDS = 1_500
TERMS = (
    "ECE|R²|SHAP|τ|ROC|Hedges|Kendall|Boruta|half [AB]|95%|"
    "(?i:log loss|logit|interval|calibrat|correlation|quantile|surrogate|skew|base rate|p-value|standard deviation|"
    "test part|held-out|baseline|seed|residual|variance)"
)
KEYS = r"\b(data|segments|training|tuning|evaluation|explanation|outcomes|report|verdicts|explore)\.(?!html)[a-z_]+"


def at_stake(run):
    return promised(rescored(planned(run), value_at_risk=0.1, expected_loss=0.5), 0.9)


def held_back(run):
    segment = read_json(run / "manifest.json")["segment"]
    control = {"share": 0.1, "held_back": 3, "contacted": 27, "seed": 8}
    return rewrite(run, segment=segment | {"control": control, "ties": {"listed": 21, "line": 90, "line_listed": 21}})


def at_random(run):
    return rewrite(run, split_kind="random")


def one_user(run):
    listed = read_table(run / "priority.parquet").head(1)
    write_table(listed, run / "priority.parquet")
    reasons = read_table(run / "reasons.parquet")
    write_table(reasons[reasons["user_id"].isin(listed["user_id"])], run / "reasons.parquet")
    return run


def nobody(run):
    for name in ("priority.parquet", "reasons.parquet", "segment_rates.csv", "leaderboard.csv", "surrogates.csv"):
        write_table(read_table(run / name).head(0), run / name)
    return run


RUNS = [lambda run: run, planned, at_stake, held_back, at_random, one_user, nobody]
NAMES = ["as it is", "with costs", "at stake", "held back", "at random", "one user", "nobody"]


def report_of(run, language="en"):
    with speaking(language):
        return ParsedPage(rendered(Run.open(run), REPORT))


def words_beside_the_list(page):
    return " ".join(" ".join(page.beside_tables).split())


@pytest.mark.parametrize("told", RUNS, ids=NAMES)
def test_the_report_is_short_and_needs_no_course_in_statistics(told, run):
    said = words_beside_the_list(report_of(told(run) or run))
    assert 150 < len(said.split()) <= WORDS
    assert re.findall(TERMS, said) == []
    assert re.findall(KEYS, said) == []
    assert not re.search(r"\[[−\d]", said), "an interval in brackets"


def test_the_report_without_stickers_speaks_of_none(without_stickers):
    said = words_beside_the_list(report_of(without_stickers))
    assert "a sticker" not in said.lower() and re.findall(f"{TERMS}|{KEYS}", said) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_section_of_the_report_leads_to_the_numbers_behind_it(language, finished):
    with speaking(language):
        sections = [build(Run.open(finished)) for build in REPORT.builds.values()]
    evidence = {attributes.get("id") for _, attributes in ParsedPage(finished / "evidence.html").elements}
    assert [section.anchor for section in sections if section.behind not in evidence] == []
    questions = [section.title for section in sections if section.anchor != "list"]
    assert [title for title in questions if not title.endswith("?")] == []


@pytest.mark.parametrize("page", [REPORT, EVIDENCE], ids=["report", "evidence"])
def test_every_section_begins_with_a_sentence(page, finished, without_stickers):
    for run in (finished, without_stickers):
        sections = [build(Run.open(run)) for build in page.builds.values()]
        assert [section.anchor for section in sections if not re.fullmatch(r".+[.?]", section.lead)] == []


def test_sections_with_nothing_to_say_are_one_line(run):
    for name in (
        "calibration",
        "calibrators",
        "gains",
        "thresholds",
        "leaderboard",
        "differences",
        "trials",
        "features",
    ):
        write_table(read_table(run / f"{name}.csv").head(0), run / f"{name}.csv")
    write_json([], run / "verdicts.json")
    page = ParsedPage(rendered(Run.open(run), EVIDENCE))
    brief = [given["id"] for tag, given in page.elements if tag == "section" and given.get("class") == "brief"]
    for anchor in ("models", "gains", "calibration", "verdicts", "search", "features", "anomalies", "seasons"):
        assert anchor in brief


def test_the_first_screen_has_at_most_four_numbers_and_the_rest_is_told_below(run):
    page = report_of(at_stake(run))
    assert [given.get("class") for tag, given in page.elements if tag == "div"].count("tile") <= 4
    assert "Amount at stake: 15.0" in page.text


def test_who_is_held_back_is_not_to_be_contacted(run):
    held_back(run)
    said = report_of(run).text
    assert "3 users are held back at random and named in control.csv: contact none of them" in said


def test_what_the_report_asks_is_answered_as_in_the_evidence(finished):
    report, evidence = (ParsedPage(finished / page.file) for page in (REPORT, EVIDENCE))
    verdicts = [
        re.findall(r" (Yes|Hardly|In part|No|No evidence|Unclear|Roughly|Not on lists|Mostly)\. ", page.text)[:8]
        for page in (report, evidence)
    ]
    found, (*first, of_sticker_reasons, last) = verdicts  # the list has reasons of churn alone
    assert found[:7] == [*first, last] and len(first) == 6 and of_sticker_reasons
