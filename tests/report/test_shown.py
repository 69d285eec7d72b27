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


@pytest.mark.parametrize("kind", [str, Path])
def test_a_run_is_opened_by_text_and_by_path(kind, finished):
    run = Run(kind(finished))
    assert run.folder == finished and len(run.leaderboard)
    assert run.report == finished / "report.html"
