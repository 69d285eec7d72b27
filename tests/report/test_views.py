"""The views on the page: what the run has kept, drawn with its words; a sentence where there is nothing."""

import json
import shutil

import pandas as pd
import pytest

from churn.artefacts import declared
from churn.data import example_dataset
from churn.eda import daily_totals, decompose, keep_view, returns, revenue
from churn.errors import UserError
from churn.language import speaking
from churn.report.data import views
from churn.report.parts.blocks import Figure, Heading, Items, Text
from churn.report.shown import figures as charts_of
from churn.runs import Run

pytestmark = pytest.mark.slow

SECTIONS = (views.seasons, views.journeys, views.cohorts)
ACTIVE = "seasons_active_users"


@pytest.fixture(scope="module")
def panel():
    return example_dataset().panel


@pytest.fixture(scope="module")
def active(panel):
    return daily_totals(panel)["active_users"]


@pytest.fixture
def shown(copied):
    def build(*entries):
        kept = [{"section": section, "name": name} | keep_view(view, name, copied) for section, name, view in entries]
        declared.VIEWS.write(kept, copied)
        return Run.open(copied)

    return build


@pytest.fixture
def copied(finished, tmp_path):
    return shutil.copytree(finished, tmp_path / "run")


def test_a_view_stands_under_its_title_with_its_words_as_text_alternative(shown, active):
    view = decompose(active.rename("<b>users</b>"))
    section = views.seasons(shown(("seasons", ACTIVE, view)))
    _, heading, first, figure, rest = section.blocks
    assert section.lead == f"Active users, day by day: {view.finding}."
    assert heading == Heading("Active users, day by day")
    said = str(view).splitlines()
    assert first == Text(said[0]) and said[0].startswith("<b>users</b>, events per day")
    assert isinstance(figure, Figure) and "<b>users" not in figure.spec
    assert figure.description == " ".join(said)
    assert rest == Items(tuple(said[1:]))


def test_views_that_have_nothing_to_draw_are_one_line_a_reason_below_those_that_have(shown, active, panel):
    few = decompose(active[:2])
    entries = ("seasons", ACTIVE, few), ("seasons", "returns", returns(panel, repetitions=2))
    more = ("seasons", "seasons_stickers_received", few), ("seasons", "revenue", revenue(panel))
    *drawn, lines = views.seasons(shown(*entries, *more)).blocks
    assert [block for block in drawn if isinstance(block, Heading)] == [
        Heading("After so many silent days, how many come back")
    ]
    together, alone = lines.items
    assert together.startswith("Active users, day by day · Stickers, day by day: active_users: 2 days are too few")
    assert alone.startswith("What each cohort has earned: No user is known to have arrived")


def test_each_view_stands_in_its_own_section(shown, active, panel):
    run = shown(
        ("seasons", ACTIVE, decompose(active)),
        ("cohorts", "returns", returns(panel, repetitions=2)),
        ("anatomy", "seasons_stickers_received", decompose(active)),
    )
    names = [[block.body for block in build(run).blocks if isinstance(block, Heading)] for build in SECTIONS]
    assert [len(found) for found in names] == [1, 1, 1]


def test_a_view_is_drawn_in_the_language_spoken_when_it_is_read(shown, panel):
    run = shown(("cohorts", "returns", returns(panel, repetitions=2)))
    with speaking("ko"):
        (_, heading, first, figure, *_), korean = views.cohorts(run).blocks, returns(panel, repetitions=2)
        assert heading == Heading(views.TITLES["returns"]) != Heading("After so many silent days, how many come back")
        assert first == Text(str(korean).splitlines()[0])
        assert json.loads(figure.spec)["layout"]["xaxis"]["title"]["text"] == korean.figure().layout.xaxis.title.text
        assert "days" not in korean.figure().layout.xaxis.title.text


def test_a_run_without_views_says_so(copied):
    section = views.journeys(Run.open(copied))
    assert "no such view" in section.lead and not section.blocks


def test_charts_by_themselves_are_called_as_the_headings_above_them(shown, copied, active):
    shown(("seasons", ACTIVE, decompose(active)), ("seasons", "seasons_stickers_received", decompose(active)))
    assert list(charts_of(copied, "seasons")) == ["Active users, day by day", "Stickers, day by day"]


@pytest.mark.parametrize(
    ("key", "value"),
    [("kind", "Path"), ("facts", {}), ("said", ["none"]), ("facts", {"empty": {"say": "{a.__class__}"}})],
)
def test_a_spoilt_view_is_named(shown, copied, active, key, value):
    shown(("seasons", ACTIVE, decompose(active)))
    told = declared.VIEWS.read(copied)
    declared.VIEWS.write([told[0] | {key: value}], copied)
    with pytest.raises(UserError, match="seasons_active_users"):
        views.seasons(Run.open(copied))


def test_a_view_whose_table_is_gone_is_named(shown, copied, active):
    shown(("seasons", ACTIVE, decompose(active)))
    (copied / declared.whole_view(ACTIVE)).unlink()
    with pytest.raises(UserError, match=r"seasons_active_users\.parquet"):
        views.seasons(Run.open(copied))


def test_the_table_for_a_spreadsheet_holds_no_formula(shown, copied):
    days = pd.date_range("2024-01-01", periods=30)
    shown(("seasons", ACTIVE, decompose(pd.Series(range(30), days, name="=1+1"))))
    assert '\n"=' not in (copied / declared.view(ACTIVE)).read_text()
