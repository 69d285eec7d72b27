"""The page's first sentence: whether to call the list."""

import pytest

from churn.artefacts import read_json, read_table, write_json, write_table
from churn.report.whom.advice import advice
from churn.runs import Run

from .parsed_page import ParsedPage
from .synthetic_run import LIST

pytestmark = pytest.mark.slow


def rewrite(run, **facts):
    write_json(read_json(run / "manifest.json") | facts, run / "manifest.json")


def planned(run, profit, **facts):
    """A run that was told costs, with what calling its list earns by the chances."""
    order = read_json(run / "manifest.json")["order"] | {"measure": "profit"}
    earned = LIST | {"profit": None if profit is None else {"value": profit, "low": profit - 2, "high": profit + 2}}
    rewrite(run, budget={"best": 149, "profit": 11.1, "scored": 300} | facts, earnings=earned, order=order)


def said(run):
    return advice(Run.open(run)).replace("\xa0", " ")


def test_the_order_and_the_plan_of_the_manifest_decide(run):
    assert said(run).startswith("Call the 30 users on the list first: those who fell silent on past lists had received")
    planned(run, 5.0)
    assert said(run).startswith("Call the 30 users on the list: the expected profit is 5.0. Past lists like it")
    rewrite(run, order=read_json(run / "manifest.json")["order"] | {"excess_low": -1.0, "low": -1.0})
    assert said(run).startswith("Call nobody yet: no order of the users has proved better")
    planned(run, -2.7, best=12)
    assert said(run).startswith("Call the first 12 users on the list: calling all of it is expected to lose 2.7.")


def test_only_those_who_may_be_called_are_counted(run):
    segment = read_json(run / "manifest.json")["segment"]
    rewrite(run, segment=segment | {"control": {"share": 0.1, "held_back": 3, "contacted": 27, "seed": 0}})
    write_table(read_table(run / "priority.parquet").head(27), run / "priority.parquet")  # three are held back
    assert said(run).startswith("Call the 27 users") and "3 users of the list are held back at random" in said(run)


def test_a_list_of_nobody_is_not_called(run):
    write_table(read_table(run / "priority.parquet").head(0), run / "priority.parquet")
    assert said(run) == "Nobody is on the list, so there is nobody to call."
    planned(run, None, best=0)
    assert said(run).startswith("Call nobody: no number of calls")


def test_it_stands_first_below_the_days_for_which_the_list_is_valid(finished):
    text = ParsedPage(finished / "report.html").text
    valid = "Valid from 25 December 2016 to 31 December 2016 · made on 20 November 2026 · data up to 24 December 2016"
    assert text.index(valid) < text.index("Call the 30 users on the list first") < text.index("Users considered")
