import json
from itertools import pairwise

import pandas as pd
import pytest

from churn.artefacts import read_json, read_table, write_json, write_table
from churn.errors import UserError
from churn.report import method, write_report
from churn.report.data import health
from churn.report.page import rendered
from churn.report.pages import EVIDENCE, REPORT
from churn.report.parts.chart_parts import GREY
from churn.report.since import observed
from churn.report.trust import checks, trusted
from churn.report.whom import line, shortlist
from churn.runs import Run

from .parsed_page import ParsedPage, figures, page_of, with_sections
from .synthetic_run import HOSTILE

pytestmark = pytest.mark.slow

SENTENCES = {
    "differences.csv": "the run compared no two models",
    "calibration.csv": "the calibration of the chosen model was not measured",
    "calibrators.csv": "No correction was fitted",
    "trials.csv": "No search was made",
    "thresholds.csv": "No threshold was tuned in this run",
    "gains.csv": "the gains of the chosen model were not measured",
    "features.csv": "No column was screened",
    "explanations.csv": "the run explained nothing for this target",
    "explanations_by_day.csv": "the explanation is not broken down by day",
    "surrogates.csv": "Not measured: read the chart as a hint only",
    "leaderboard.csv": "no model was measured on the test part",
    "segment_rates.csv": "No observed rates",
    "segment_tests.csv": "No comparison was made",
    "agreement.csv": "The run holds no rank correlations",
    "priority.parquet": "Nobody is on the list",
}


@pytest.fixture(scope="module")
def report(finished):
    return ParsedPage(finished / "report.html")


@pytest.fixture
def page(evidence):
    """The page that tests without another name are about."""
    return evidence


@pytest.fixture(params=["report.html", "evidence.html"])
def either(request, finished):
    """Each of both pages."""
    return ParsedPage(finished / request.param)


def rewrite(run, change):
    """Change a run's manifest."""
    manifest = read_json(run / "manifest.json")
    change(manifest)
    write_json(manifest, run / "manifest.json")


@pytest.mark.parametrize(
    ("page", "order"),
    [
        (REPORT, "glance list why worth trust returning past"),
        (
            EVIDENCE,
            "checks observed reading offers budget line drivers levers features differences behaviour anomalies models "
            "gains calibration ahead verdicts context search seasons journeys cohorts health method",
        ),
    ],
    ids=["report", "evidence"],
)
def test_each_page_holds_its_sections_in_their_order(finished, page, order):
    sections = [build(Run.open(finished)) for build in page.builds.values()]
    assert [section.anchor for section in sections] == order.split()
    headings = ParsedPage(finished / page.file).headings
    assert [text for level, text in headings if level == "h2"] == [section.title for section in sections]


def test_headings_never_skip_a_level(either):
    levels = [int(level[1]) for level, _ in either.headings]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_hostile_ids_and_names_create_no_element(either):
    scripts = [attributes for tag, attributes in either.elements if tag == "script"]
    charts = [attributes for _, attributes in either.elements if attributes.get("class") == "chart"]
    assert scripts.count({"type": "application/json"}) == len(scripts) - (2 if charts else 1)
    assert not {"img", "b", "iframe", "object"} & {tag for tag, _ in either.elements}
    assert not [name for _, attributes in either.elements for name in attributes if name.startswith("on")]


def test_hostile_ids_are_shown_as_they_are(report):
    assert set(HOSTILE) <= {text.strip() for text in report.texts}


def test_an_id_of_digits_keeps_its_leading_zeros(report):
    assert "007" in report.texts


def test_ids_of_digits_alone_and_words_for_nothing_stay_text(run):
    users = read_table(run / "priority.parquet").head(3)
    write_table(users.assign(user_id=["0012", "null", "NA"]), run / "priority.parquet")
    assert {"0012", "null", "NA"} <= set(page_of(run, shortlist.build).texts)


def test_a_long_id_has_its_whole_text_in_the_title(report):
    assert "x" * 1_000 in [attributes.get("title") for _, attributes in report.elements]


@pytest.mark.parametrize(("page", "other"), [(REPORT, EVIDENCE), (EVIDENCE, REPORT)], ids=["report", "evidence"])
def test_a_page_points_to_its_own_sections_and_to_those_of_the_other_and_nowhere_else(finished, page, other):
    pages = {one.file: ParsedPage(finished / one.file) for one in (page, other)}
    anchors = {file: {attributes.get("id") for _, attributes in one.elements} for file, one in pages.items()}
    elements = pages[page.file].elements
    links = [attributes[name] for _, attributes in elements for name in ("src", "href", "action") if name in attributes]
    for link in links:
        file, _, anchor = link.partition("#")
        assert file in ("", other.file) and (not anchor or anchor in anchors[file or page.file]), link
    assert other.file in links and sum(link.startswith("#") for link in links) > 5
    assert not {"link", "iframe", "base"} & {tag for tag, _ in elements}


def test_plotly_stands_where_charts_are_and_no_page_is_heavy(finished, report, page):
    assert [sum(len(script) > 1_000_000 for script in one.scripts) for one in (report, page)] == [0, 1]
    assert (finished / "report.html").stat().st_size < 1_000_000
    assert (finished / "evidence.html").stat().st_size < 12_000_000


def test_every_chart_has_a_text_alternative(page):
    charts = [attributes for _, attributes in page.elements if attributes.get("class") == "chart"]
    assert len(charts) >= 12
    assert all(len(chart["aria-label"]) > 30 and chart["role"] == "img" for chart in charts)


def test_the_same_run_gives_the_same_pages(finished, run):
    write_report(run)
    for page in (REPORT, EVIDENCE):
        assert (run / page.file).read_bytes() == (finished / page.file).read_bytes()


def test_priority_is_called_a_heuristic_beside_the_agreement_numbers(page):
    assert "seldom receives a sticker" in page.text and "heuristic" in page.text
    assert "runs against the chance of churn (−0.50) and mostly follows the chance of a sticker (+0.82)" in page.text


def test_what_is_said_of_stickers_and_silence_is_what_happened_here(run):
    manifest = read_json(run / "manifest.json")
    stickers = manifest["stickers"]
    often = stickers | {"churned": stickers["churned"] | {"rate": 0.2}}
    write_json(manifest | {"stickers": often}, run / "manifest.json")
    text = page_of(run, shortlist.reading, method.build).text.replace("\xa0", " ")
    assert "may well receive a sticker in the same days: on the test part 20.0% of them did" in text
    assert "seldom receives a sticker" not in text
    assert "it promised one to 25.1% of those who stayed, and 26.5% [22.0, 31.0] received one (n = 402 users)" in text


@pytest.mark.parametrize(
    ("churn", "sticker", "reading"),
    [
        (-0.5, 0.8, "valued users who might leave"),
        (0.8, -0.5, "the users most likely to leave, not as the most valued"),
        (0.25, 0.06, "a compromise"),
        (0.6, 0.7, "valued users who are likely to leave"),
    ],
)
def test_the_list_is_read_by_what_its_order_follows_in_this_run(run, churn, sticker, reading):
    agreement = read_table(run / "agreement.csv")
    write_table(agreement.assign(spearman=[churn, sticker, -0.9]), run / "agreement.csv")
    text = page_of(run, shortlist.reading).text
    assert f"Read the list as {reading}" in text and text.count("Read the list as") == 1
    assert "as a rule" not in text and "exception" not in text


def test_reasons_are_said_to_stand_beside_the_users_own_usual(page, report):
    assert "beside what is usual for that user (the average week of up to eight weeks before the history)" in page.text
    assert "beside what is usual for that user or for others" in report.text


def test_micro_ap_never_stands_alone(page):
    boards = [heads for heads in page.tables if "Micro-AP" in heads]
    assert len(boards) == 4
    assert all({"AP", "ROC-AUC", "Log loss", "Brier"} <= set(heads) for heads in boards)
    assert page.text.count("baseline") >= 4


def test_the_observed_rates_of_the_list_stand_beside_the_base_rates(page):
    assert "52.1% [45.4, 58.8]" in page.text
    assert "base rate 59.8%, so less often than usual; 212 users" in page.text


def test_a_group_of_fewer_than_30_users_is_greyed(finished):
    scripts = ParsedPage(finished / "evidence.html").scripts
    traces = json.loads(next(script for script in scripts if "n = 198, 22 users" in script))["data"]
    colours = {trace["y"][0].split("<br>")[1]: trace["marker"]["color"] for trace in traces}
    assert colours["n = 198, 22 users"] == GREY
    assert GREY not in {colours["n = 1,908, 212 users"], colours["n = 12,942, 1,438 users"]}


def test_a_group_of_nobody_has_no_row(run):
    rates = read_table(run / "segment_rates.csv")
    nobody = rates["segment"] == "likely churner"
    rates.loc[nobody, ["n", "n_users", "rate", "low", "high"]] = 0, 0, None, None, None
    write_table(rates, run / "segment_rates.csv")
    drawn = [json.loads(one.spec) for one in figures(observed.build(Run.open(run)).blocks)]
    rows = [spec["layout"]["yaxis"]["categoryarray"] for spec in drawn]
    assert len(rows) == 2 and all(len(labels) == 3 and "n = 0" not in str(labels) for labels in rows)


@pytest.mark.parametrize(
    ("kind", "banner", "said"),
    [
        ("time", None, "The same rule, applied to weeks that no model had seen"),
        ("user_time", None, "later weeks of users they never saw"),
        ("user", "The measures of this page say nothing about later weeks.", "on the same weeks as those the models"),
        ("random", "Do not rely on the scores of this page.", "makes every number here too good"),
        ("weekday", None, "The data were divided weekday."),
    ],
)
def test_the_page_says_what_its_kind_of_split_means_and_warns_above_all_else(run, kind, banner, said):
    rewrite(run, lambda manifest: manifest.update(split_kind=kind))
    page = rendered(Run.open(run), with_sections(observed.build, method.build))
    text = ParsedPage(page).text
    assert said in text
    assert ('<aside class="banner"' in page) == (banner is not None)
    for other in ("Do not rely on the scores", "The measures of this page say nothing"):
        assert (other in text) == (banner is not None and banner.startswith(other))
    if banner is not None:
        assert page.index(banner) < page.index("<h1>")


@pytest.mark.parametrize(("stride", "every"), [(1, "every day"), (7, "every 7 days")])
def test_past_lists_are_said_to_be_as_far_apart_as_the_cutoffs(run, stride, every):
    rewrite(run, lambda manifest: manifest["windows"].update(stride_days=stride))
    found = Run.open(run)
    told = [
        block.body for build in (observed.build, line.build) for block in build(found).blocks if block.kind == "text"
    ]
    terms = dict(next(block for block in method.build(found).blocks if block.kind == "definitions").terms)
    said = [text for text in (*told, terms["Past lists"], terms["Window"]) if every in text]
    assert len(said) == 4


def test_what_the_parts_share_is_shown_with_the_outcomes_given_away(run):
    shared = {"earlier": "train", "later": "val", "users": 1_234, "user_days": 5_678, "outcome_days": 91_011}
    rewrite(run, lambda manifest: manifest["audit"].update(overlaps=[shared]))
    text = page_of(run, health.build).text
    assert all(number in text for number in ("1,234", "5,678", "91,011"))


def test_columns_that_know_too_much_are_named_with_their_numbers(page):
    assert "closed_on (filled in or empty) alone tells who was silent" in page.text
    assert "at least 0.936" in page.text
    assert "<img src=x onerror=alert(6)> looks like an identifier." in page.text


def test_a_run_in_which_no_column_knows_too_much_says_so(run):
    rewrite(run, lambda manifest: manifest["audit"].update(alarms=[]))
    assert "None does, and none looks like an identifier." in page_of(run, health.build).text


def test_warnings_of_the_run_are_repeated(run):
    rewrite(run, lambda manifest: manifest.update(warnings=["The last week is <odd>."]))
    assert "The last week is <odd>." in page_of(run, checks.build).text
    assert "Are there warnings? 1 warning" in page_of(run, trusted.build).text


def test_without_stickers_priority_is_the_chance_of_churn(without_stickers):
    pages = [ParsedPage(write_report(without_stickers)), ParsedPage(without_stickers / "evidence.html")]
    assert "priority is the probability of churn itself" in pages[1].text
    assert "Sticker" not in next(heads for heads in pages[0].tables if "Rank" in heads)
    assert not [page for page in pages if "heuristic" in page.text]


@pytest.mark.parametrize(
    "name", ["leaderboard.csv", "surrogates.csv", "segment_rates.csv", "agreement.csv", "priority.parquet"]
)
def test_an_empty_table_gives_a_sentence(run, readers, name):
    write_table(read_table(run / name).head(0), run / name)
    assert SENTENCES[name] in page_of(run, *readers[name]).text


@pytest.mark.parametrize("header", [True, False])
def test_a_page_can_be_made_of_empty_tables_alone(run, header):
    for name in SENTENCES:
        table = read_table(run / name).head(0)
        write_table(table if header else pd.DataFrame(), run / name)
    text = ParsedPage(write_report(run)).text + ParsedPage(run / "evidence.html").text
    assert not [sentence for sentence in SENTENCES.values() if sentence not in text]


@pytest.mark.parametrize("gone", ["trials.csv", "priority.parquet"])
def test_a_failed_report_leaves_both_old_pages_alone(run, gone):
    for page in (REPORT, EVIDENCE):
        (run / page.file).write_text("old")
    (run / gone).unlink()
    with pytest.raises(UserError):
        write_report(run)
    assert [(run / page.file).read_text() for page in (REPORT, EVIDENCE)] == ["old", "old"]


def test_what_became_of_few_users_is_not_said_to_be_more_often_than_usual(run):
    rates = read_table(run / "segment_rates.csv")
    few = rates.assign(n_users=rates["n_users"].where(rates["segment"] != "priority", 18), low=0.9, rate=0.95, high=1.0)
    write_table(few, run / "segment_rates.csv")
    text = page_of(run, observed.build, checks.build).text
    assert "too few users on test to tell (18)" in text and "than usual" not in text
