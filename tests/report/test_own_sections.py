"""Sections of a user's own, named by their import path."""

import sys

import pytest

from churn.cli import main
from churn.configuration import RunConfig
from churn.data import DataConfig
from churn.report import write_report
from churn.runs import Run

pytestmark = pytest.mark.slow

MODULE = """
import plotly.graph_objects as go
from churn.report import Figure, Section, Text

def models(run):
    board = run.table("leaderboard.csv")
    drawn = go.Figure(go.Bar(x=board["model"])).to_json()
    blocks = (Text("All models & <none> more"), Figure("Our bars", "Bars by model.", "Counts.", drawn, 300))
    return Section("our-models", "Our models", "By the shop.", blocks)

NOTHING = 7
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    (tmp_path / "shop_sections.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    yield "shop_sections"
    sys.modules.pop("shop_sections", None)


def test_a_section_of_a_module_outside_the_package_stands_before_the_last_one(module, run, capsys):
    assert main(["report", "--run", str(run), "--sections", f"[{module}.models]"]) == 0
    page = (run / "evidence.html").read_text(encoding="utf8")
    assert page.index('id="health"') < page.index('id="our-models"') < page.index('id="method"')
    assert "models &amp; &lt;none&gt; more" in page
    assert "our-models" not in (run / "report.html").read_text(encoding="utf8")
    figures = Run(run).figures("our-models", sections=[f"{module}.models"])
    assert list(figures) == ["Our bars"]


@pytest.mark.parametrize(("name", "says"), [("nowhere.models", "No module"), ("{}.NOTHING", "a int"), ("x", "Empty")])
def test_what_is_no_section_is_one_line_before_the_work(name, says, module, run, refused):
    with refused("a function from a run to a section", says, "write it like shop.sections.refunds"):
        write_report(run, sections=[name.format(module)])
    assert not list(run.glob("*.html"))


def test_no_section_is_imported_that_only_a_folder_names(module, run):
    with (run / "config.yaml").open("a") as config:
        config.write(f"report: {{sections: [{module}.models]}}\n")
    write_report(run)
    assert module not in sys.modules


def test_the_command_names_the_sections_of_the_run_that_it_left_out(module, run, capsys):
    with (run / "config.yaml").open("a") as config:
        config.write(f"report: {{sections: [{module}.models]}}\n")
    assert main(["report", "--run", str(run)]) == 0
    assert f"add --sections '[{module}.models]'" in capsys.readouterr().err
    assert main(["report", "--run", str(run), "--sections", f"[{module}.models]"]) == 0
    assert "--sections" not in capsys.readouterr().err


def test_a_configuration_holds_the_sections(tmp_path):
    assert RunConfig(DataConfig("events")).report.sections == []
