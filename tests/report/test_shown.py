"""Charts by themselves equal the charts of the page, each under a name of its own."""

import re
from pathlib import Path

import pytest

from churn.report.pages import EVIDENCE, REPORT
from churn.report.shown import named
from churn.runs import Run

from .parsed_page import figures as every_figure

pytestmark = pytest.mark.slow


def test_every_chart_of_every_section_is_there(finished):
    found, n = Run.open(finished), 0
    for build in (*REPORT.builds.values(), *EVIDENCE.builds.values()):
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


def test_every_section_is_a_view_of_its_tables_words_and_charts(finished):
    run = Run.open(finished)
    for anchor, build in {**REPORT.builds, **EVIDENCE.builds}.items():
        section, shown = build(run), run.view(anchor)
        assert section.anchor == anchor
        assert str(shown).startswith(f"{section.title}\n{section.lead}") and shown.finding == section.lead
        bodies = [block.body for block in section.blocks if block.kind in ("text", "heading", "note")]
        assert all(body in str(shown) for body in bodies)
        assert list(shown.figures) == [name for name, _ in named(section.blocks)]
        if shown.figures:
            assert shown.figure().to_json() == next(iter(run.figures(anchor).values())).to_json()


def test_a_view_holds_the_tables_that_its_section_is_made_from(finished):
    run = Run.open(finished)
    assert [*run.view("gains").tables] == ["gains.csv", "thresholds.csv", "leaderboard.csv"]
    assert run.view("models").table.equals(run.leaderboard) and run.view("drivers").table.equals(run.explanations)
    assert run.view("method").table.empty


def test_a_view_says_verdicts_tiles_and_bars(finished):
    run = Run.open(finished)
    assert "Does the list find the right people? Yes." in str(run.view("trust"))
    assert "Users considered: 300" in str(run.view("glance"))
    assert re.search("On past lists: .* of 100", str(run.view("past")))
    assert "nothing to draw" in run.view("trust").figure().layout.annotations[0].text


def test_a_view_is_made_where_other_sections_lack_their_tables(run):
    (run / "reasons.parquet").unlink()
    assert len(Run.open(run).view("gains").figures) == 4


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
    assert "Numbers of this section in the run’s folder: gains.csv, thresholds.csv, leaderboard.csv." in evidence
    assert "Numbers of this section" not in report


@pytest.mark.parametrize("kind", [str, Path])
def test_a_run_is_opened_by_text_and_by_path(kind, finished):
    run = Run(kind(finished))
    assert run.folder == finished and len(run.leaderboard)
    assert run.report == finished / "report.html"
