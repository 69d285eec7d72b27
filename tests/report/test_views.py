"""The views on the page: what the run has drawn, with its words; a sentence where there is nothing."""

import json
import shutil

import pytest

from churn.artefacts import write_json
from churn.report import views
from churn.report.blocks import Figure, Heading, Items, Text
from churn.report.shown import figures as charts_of
from churn.runs import Run

pytestmark = pytest.mark.slow

SECTIONS = (views.seasons, views.journeys, views.cohorts)
VIEW = {
    "section": "seasons",
    "name": "seasons_active_users",
    "words": ["users, n = 90 days", "highest on Fri", "<b>none</b>"],
    "empty": False,
    "figure": json.dumps({"data": [], "layout": {}}),
    "height": 300,
}


@pytest.fixture
def shown(copied):
    def build(*entries):
        (copied / "views").mkdir(exist_ok=True)
        write_json(list(entries), copied / "views" / "views.json")
        return Run.open(copied)

    return build


@pytest.fixture
def copied(finished, tmp_path):
    return shutil.copytree(finished, tmp_path / "run")


def test_a_view_stands_under_its_title_with_its_words_as_text_alternative(shown):
    section = views.seasons(shown(VIEW))
    _, heading, first, figure, rest = section.blocks
    assert section.lead == "Active users, day by day: highest on Fri."
    assert heading == Heading("Active users, day by day")
    assert first == Text("users, n = 90 days")
    assert isinstance(figure, Figure)
    assert figure.description == "users, n = 90 days highest on Fri <b>none</b>"
    assert rest == Items(("highest on Fri", "<b>none</b>"))


def test_views_that_have_nothing_to_draw_are_one_line_a_reason_below_those_that_have(shown):
    few, many = VIEW | {"words": ["2 days are too few."], "empty": True}, VIEW | {"name": "retention"}
    entries = few, many, few | {"name": "seasons_stickers_received"}, few | {"words": ["None."], "name": "survival"}
    *drawn, lines = views.seasons(shown(*entries)).blocks
    assert [block for block in drawn if isinstance(block, Heading)] == [
        Heading("How many of each cohort are still active")
    ]
    together = "Active users, day by day · Stickers, day by day: 2 days are too few."
    assert lines == Items((together, "How long users stay: None."))


def test_each_view_stands_in_its_own_section(shown):
    run = shown(
        VIEW, VIEW | {"section": "cohorts", "name": "retention"}, VIEW | {"section": "anatomy", "name": "anatomy"}
    )
    names = [[block.body for block in build(run).blocks if isinstance(block, Heading)] for build in SECTIONS]
    assert [len(found) for found in names] == [1, 1, 1]


def test_a_run_without_views_says_so(copied):
    section = views.journeys(Run.open(copied))
    assert "no such view" in section.lead and not section.blocks


def test_charts_by_themselves_are_called_as_the_headings_above_them(shown, copied):
    shown(VIEW, VIEW | {"name": "seasons_stickers_received"})
    assert list(charts_of(copied, "seasons")) == ["Active users, day by day", "Stickers, day by day"]
