"""The charts by themselves are those of the page, each under a name of its own."""

import json
import re

import pytest

from churn.pipeline import Run
from churn.report import figures
from churn.report.page import SECTIONS
from churn.report.run import read_run

from .parsed_page import figures as every_figure


def test_every_chart_of_every_section_is_there(finished):
    found, n = read_run(finished), 0
    for build in SECTIONS:
        section = build(found)
        shown = figures(finished, section.anchor)
        on_page = [json.loads(one.spec)["data"] for one in every_figure(section.blocks)]
        assert len(shown) == len(on_page), section.anchor
        n += len(shown)
    page = (finished / "report.html").read_text(encoding="utf8")
    assert n == len(re.findall(r'<script type="application/json"', page)) > 50


def test_charts_of_two_targets_are_told_apart_by_the_target(finished):
    names = [name for name in figures(finished, "drivers") if name.endswith("Own reply")]
    assert [name.partition(":")[0] for name in names] == ["Churn", "Stickers"]


@pytest.mark.parametrize("kind", [str, lambda path: path])
def test_a_run_is_opened_by_text_and_by_path(kind, finished):
    run = Run(kind(finished))
    assert len(run.leaderboard) and len(run.figures("drivers")) == 16
    assert run.report.name == "report.html"
