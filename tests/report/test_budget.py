import json
from types import MappingProxyType

import numpy as np
import pandas as pd
import pytest

from churn.artefacts import read_json, read_table, write_json, write_table
from churn.report.parts.chart_parts import GREY
from churn.report.whom import shortlist
from churn.report.worth import budget
from churn.runs import Run

from .parsed_page import figures, page_of
from .synthetic_run import LIST

pytestmark = pytest.mark.slow


def planned(run, *, earned=MappingProxyType({}), **facts):
    """Give a made-up run a plan whose curve rises to 120 users."""
    k = np.arange(0, 301, 5)
    profit = 34 - ((k - 120) / 20) ** 2
    curve = pd.DataFrame({"k": k, "profit": profit - profit[0], "low": profit - profit[0] - 5, "high": 60.0})
    write_table(curve, run / "budget.csv")
    known = {
        **{
            "best": 120,
            "low": 100,
            "high": 141,
            "scored": 300,
            "profit": 36.0,
            "profit_low": 31.0,
            "profit_high": 41.0,
        },
        **{"number": 50, "at_number": 23.75, "at_number_low": 20.0, "at_number_high": 27.5},
        "paying": 104,
        "pays_from": None,
        "orders": {"priority": {"best": 120, "profit": 36.0}},
        "assumed": {"contact_cost": 1.0, "save_rate": 0.3, "incentive": 2.0, "uptake": 0.4, "value": None},
    }
    rewrite(run, budget=known | facts, earnings=LIST | earned)
    return run


def rewrite(run, **facts):
    write_json(read_json(run / "manifest.json") | facts, run / "manifest.json")


def ruled(run, **keys):
    rewrite(run, segment=read_json(run / "manifest.json")["segment"] | keys)


def test_without_a_budget_there_is_nothing_but_a_sentence(run):
    section = budget.build(Run.open(run))
    assert "was not told what a call costs" in section.lead
    assert [block.kind for block in section.blocks] == ["tiles"]
    rewrite(run, budget=None)
    write_table(pd.DataFrame(columns=["k", "profit", "low", "high"]), run / "budget.csv")
    assert "was not told what a call costs" in page_of(run, budget.build, shortlist.reading, shortlist.build).text


def test_the_best_size_stands_in_words_beside_the_number_that_can_be_called(run):
    text = page_of(planned(run), budget.build, shortlist.reading, shortlist.build).text
    assert "calling the first 120 of 300 users (95% interval 100 to 141): an expected profit of 36.0" in text
    assert "Calling 50, as many as can be called, earns 23.8 [20.0, 27.5]" in text


def test_the_curve_marks_the_best_size(run):
    (found,) = figures(budget.build(Run.open(planned(run))).blocks)
    traces = {trace.get("name"): trace for trace in json.loads(found.spec)["data"]}
    assert (traces["best size"]["x"], traces["best size"]["y"]) == ([120], [36.0])
    assert (traces["can be called"]["x"], traces["can be called"]["y"]) == ([50], [23.75])
    assert len(traces["expected profit"]["x"]) == 61
    assert "calling the first 120 of 300 users" in found.description and "n = 300 users" in found.caption


def test_the_assumptions_stand_in_words(run):
    text = page_of(planned(run), budget.build, shortlist.reading, shortlist.build).text
    for said in (
        "A call costs 1.00",
        "It keeps 30.0% of those",
        "worth the chance of a sticker if the user stays",
        "An incentive of 2.00 is paid to those whom it keeps, and to 40.0% of those who would have stayed anyway",
        "not wrong assumptions",
    ):
        assert said in text


def test_where_no_call_pays_the_page_says_so(run):
    unknown = dict.fromkeys(("number", "at_number", "at_number_low", "at_number_high"))
    planned(run, best=0, low=0, high=0, profit=0.0, profit_low=0.0, profit_high=0.0, **unknown)
    text = page_of(run, budget.build, shortlist.reading, shortlist.build).text
    assert "No list pays: of 300 users, no number of calls is expected to earn what it costs." in text
    assert "as many as can be called" not in text


def test_of_few_users_without_an_interval_the_curve_is_grey(run):
    planned(run, scored=1, best=1, low=None, high=None, profit_low=None, profit_high=None)
    section = budget.build(Run.open(run))
    (found,) = figures(section.blocks)
    line = next(trace for trace in json.loads(found.spec)["data"] if trace.get("name") == "expected profit")
    assert line["line"]["color"] == GREY and "read with care" in found.caption
    assert "first 1 of 1 users: an expected profit of 36.0." in section.lead


def test_a_plan_whose_curve_is_lost_keeps_its_words(run):
    planned(run)
    write_table(read_table(run / "budget.csv").head(0), run / "budget.csv")
    assert (
        "The run holds no curve of the profit." in page_of(run, budget.build, shortlist.reading, shortlist.build).text
    )


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({}, "The 10% of all users with the highest priority (from 0.122 up), best first"),
        (
            {"rule": "number", "number": 30},
            "The 30 users with the highest priority, as many as can be contacted",
        ),
        ({"rule": "number", "number": 500}, "All 300 users, since 500 can be contacted (from 0.122 up)"),
        (
            {"rule": "profit", "listed": 120},
            "The 120 users with the highest priority, as many as earn most",
        ),
    ],
)
def test_the_page_says_by_which_rule_the_list_was_drawn(run, keys, said):
    ruled(run, **keys)
    assert said in page_of(run, budget.build, shortlist.reading, shortlist.build).text.replace("\u00a0", " ")


def test_a_list_by_value_at_risk_shows_it_and_says_how_it_is_made(run):
    ruled(run, rank_by="value_at_risk")
    users = read_table(run / "priority.parquet")
    write_table(users.assign(value_at_risk=0.777), run / "priority.parquet")
    agreement = pd.DataFrame(
        [("p_churn", "value_at_risk", 0.6, 0.5), ("p_sticker", "value_at_risk", 0.7, 0.5)],
        columns=["a", "b", "spearman", "kendall"],
    )
    write_table(agreement, run / "agreement.csv")
    page = page_of(run, budget.build, shortlist.reading, shortlist.build)
    assert "the highest value at risk" in page.text and "0.777" in page.text
    assert (
        "The list is ordered by value at risk: the chance of falling silent × the chance of a sticker if" in page.text
    )
    assert "Read the list as valued users who are likely to leave" in page.text
    assert "Value at risk" in next(heads for heads in page.tables if "Rank" in heads)


def test_a_list_of_nobody_names_no_threshold(run):
    ruled(run, rule="profit", listed=0, threshold=None)
    write_table(read_table(run / "priority.parquet").head(0), run / "priority.parquet")
    text = page_of(run, budget.build, shortlist.reading, shortlist.build).text
    assert "The 0 users with the highest priority, as many as earn most, best first" in text
    assert "Nobody is on the list" in text


FACTS = {"paying": 104, "pays_from": 0.5, "orders": {"priority": {"best": 120, "profit": 36.0}}}
CONSTANT = {"contact_cost": 0.5, "save_rate": 0.3, "incentive": 0.0, "uptake": 1.0, "value": 4.0}


def words(run):
    return " ".join(block.body for block in budget.build(Run.open(run)).blocks if block.kind == "text")


@pytest.mark.parametrize(
    ("pays_from", "said"),
    [
        (
            0.5,
            "A call pays from a chance of churn of 50.0% on. Of the 300 scored users 104 are over it, of the 30 on",
        ),
        (1.0, "By these costs no call pays"),
        (None, "Taken alone, the calls to 104 of the 300 scored users are expected to pay."),
    ],
)
def test_the_chance_from_which_a_call_pays_is_told_with_how_many_reach_it(run, pays_from, said):
    assert said in words(planned(run, **FACTS | {"pays_from": pays_from}))


def test_users_of_the_list_over_the_chance_from_which_a_call_pays_are_counted(run):
    assert "of the 30 on the list 7." in words(planned(run, **FACTS))


def test_what_the_list_earns_stands_beside_what_it_would_at_the_rate_of_past_lists(run):
    by_chances = "Calling the 30 on the list is expected to earn −2.7 [−5.1, −0.1]."
    at_rate = "If as many of them fall silent as of past lists, it earns 3.8 [1.3, 6.2]; this interval is that of the"
    assert f"{by_chances} {at_rate}" in words(planned(run)).replace("\xa0", " ")
    assert "past lists" not in words(planned(run, earned={"past_users": 29}))


def test_the_orders_stand_in_a_table_with_the_best_first(run):
    orders = {"priority": {"best": 120, "profit": 36.0}, "p_churn": {"best": 104, "profit": 40.0}}
    planned(run, **FACTS | {"orders": orders, "assumed": CONSTANT})
    table = next(block for block in budget.build(Run.open(run)).blocks if block.kind == "table")
    assert [[cell.text for cell in row] for row in table.rows] == [
        ["chance of churn", "104", "40.0"],
        ["priority", "120", "36.0"],
    ]
    assert table.rows[1][0].badge == "used" and "the one used was asked for" in words(run)
    assert "No other order would earn more" in words(planned(run, **FACTS))


def test_two_worths_far_apart_are_a_caution(run):
    for each, cautions in ((1.1, 1), (3.9, 0), (7.9, 0), (8.1, 1), (None, 0)):
        planned(run, assumed=CONSTANT, earned={"stickers_each": each})
        found = [block for block in budget.build(Run.open(run)).blocks if block.kind == "note"]
        assert len(found) == cautions
        assert all("counts 4.00 for every user kept, which" in note.body for note in found)
        assert all(f"{each:.2f} for each likely loss" in note.body for note in found)


def test_an_incentive_of_nothing_is_not_spoken_of(run):
    (items,) = (
        block.items for block in budget.build(Run.open(planned(run, assumed=CONSTANT))).blocks if block.kind == "items"
    )
    assert "Every user kept is worth 4.00." in items and not any("incentive" in item for item in items)
