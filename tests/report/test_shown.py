"""Charts by themselves equal the charts of the page, each under a name of its own."""

import re
from pathlib import Path

import pandas as pd
import pytest

from churn.report.pages import EVIDENCE, NUMBERS, REPORT
from churn.report.shown import named
from churn.runs import Run

from .parsed_page import figures as every_figure

pytestmark = pytest.mark.slow


def test_every_chart_of_every_section_is_there(finished):
    found, n = Run.open(finished), 0
    for build in (*REPORT.builds, *EVIDENCE.builds):
        section = build(found)
        shown = dict(named(section.blocks))
        assert list(shown.values()) == list(every_figure(section.blocks)), section.anchor
        n += len(shown)
    page = (finished / "evidence.html").read_text(encoding="utf8")
    assert n == len(re.findall(r'<script type="application/json"', page)) > 50


def test_charts_of_two_targets_are_told_apart_by_the_target(finished):
    shown = Run(str(finished)).figures("drivers")
    assert len(shown) == 15
    names = [name for name in shown if name.endswith("Own reply")]
    assert len({name.partition(":")[0] for name in names}) == len(names) == 2


def test_every_section_with_numbers_is_a_view_of_its_tables_words_and_charts(finished):
    run = Run.open(finished)
    sections = {section.anchor: section for build in (*REPORT.builds, *EVIDENCE.builds) for section in [build(run)]}
    of_data = {section for section, _, _ in run.views()} | {"health", "method", "glance", "trust"}
    assert sections.keys() == NUMBERS.keys() | of_data | {"journeys", "seasons", "cohorts"}
    for anchor, tables in NUMBERS.items():
        shown, section = run.view(anchor), sections[anchor]
        there = [table for table in tables if (finished / table.file).exists()]
        assert list(shown.tables) == [table.file for table in there]
        assert shown.table.equals(run.table(there[0]) if there else pd.DataFrame())
        assert list(shown.figures) == [name for name, _ in named(section.blocks)]
        assert section.lead in str(shown) and shown.finding == section.lead
        if shown.figures:
            assert shown.figure().to_json() == next(iter(run.figures(anchor).values())).to_json()


def test_an_unknown_view_is_refused_with_the_names_of_all(finished, refused):
    with refused("out of glance, list, why", "'nowhere'", "correct the name"):
        Run.open(finished).view("nowhere")


def test_a_view_shows_its_words_and_every_chart_in_a_notebook(finished, capsys, monkeypatch):
    drawn = []
    monkeypatch.setattr("plotly.graph_objects.Figure.show", lambda figure: drawn.append(figure))
    found = Run.open(finished).view("gains")
    found._ipython_display_()
    assert capsys.readouterr().out == f"{found}\n" and len(drawn) == len(found.figures) > 1


def test_the_evidence_names_the_files_of_its_numbers(finished):
    evidence, report = ((finished / page).read_text(encoding="utf8") for page in ("evidence.html", "report.html"))
    assert "Numbers of this section in the run’s folder: gains.csv, thresholds.csv." in evidence
    assert "Numbers of this section" not in report


@pytest.mark.parametrize("kind", [str, Path])
def test_a_run_is_opened_by_text_and_by_path(kind, finished):
    run = Run(kind(finished))
    assert run.folder == finished and len(run.leaderboard)
    assert run.report == finished / "report.html"
