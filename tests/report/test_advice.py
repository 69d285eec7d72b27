"""What the page says first: whether to call the list."""

import pytest

from churn.artefacts import read_json, read_table, write_json, write_table
from churn.report.advice import advice
from churn.runs import Run

from .parsed_page import ParsedPage
from .synthetic_run import LIST

pytestmark = pytest.mark.slow

BETTER, SAME, WORSE = (0.7, 0.9), (0.5, 0.7), (0.3, 0.5)  # intervals of the list; everyone has 0.6
ORDERS = {"priority": {"best": 149, "profit": 11.1}, "p_churn": {"best": 104, "profit": 22.5}}
ASSUMED = {"contact_cost": 0.5, "save_rate": 0.3, "incentive": 0.0, "uptake": 1.0, "value": 4.0}


def rewrite(run, **facts):
    write_json(read_json(run / "manifest.json") | facts, run / "manifest.json")


def observed(run, interval, n_users=200, stickers=SAME):
    """A run whose past lists fell silent so often, and received stickers so often."""
    table = read_table(run / "segment_rates.csv")
    everyone = table["segment"] == "all"
    table["n_users"] = n_users
    table.loc[everyone, "rate"] = 0.6
    table.loc[~everyone, ["rate", "low", "high"]] = sum(interval) / 2, *interval
    table.loc[(table["target"] == "sticker") & ~everyone, ["rate", "low", "high"]] = 0.6, *stickers
    write_table(table, run / "segment_rates.csv")


def planned(run, profit, *, past=3.8, past_users=200, **facts):
    """A run that was told costs, with what calling its list earns by the chances and at the rate of past lists."""
    plan = {"best": 149, "profit": 11.1, "scored": 300, "orders": ORDERS, "assumed": ASSUMED}
    earned = {"profit": around(profit), "as_past_lists": around(past), "past_users": past_users}
    rewrite(run, budget=plan | facts, earnings=LIST | earned)


def around(value):
    return {"value": value, "low": value - 2, "high": value + 2}


def said(run):
    return advice(Run.open(run)).replace("\xa0", " ")


@pytest.mark.parametrize(
    ("profit", "interval", "begins"),
    [
        (5.0, BETTER, "Call the 30 users on the list: the expected profit is 5.0."),
        (5.0, SAME, "Do not call this list yet: its chances promise a profit of 5.0, but past lists were"),
        (-2.7, BETTER, "Do not call this list: calling it is expected to lose 2.7."),
        (-2.7, SAME, "Do not call this list: calling it is expected to lose 2.7, and past lists were not"),
        (-2.7, WORSE, "Do not call this list: calling it is expected to lose 2.7, and past lists were not"),
    ],
)
def test_a_list_is_called_where_it_earns_and_past_lists_were_better_than_by_lot(run, profit, interval, begins):
    observed(run, interval)
    planned(run, profit)
    assert said(run).startswith(begins)


def test_a_list_that_would_lose_at_the_rate_of_past_lists_is_not_called(run):
    observed(run, BETTER)
    planned(run, 5.0, past=-31.2)
    assert "if as many fall silent as on past lists, calling it earns −31.2." in said(run)


def test_where_too_few_users_are_known_the_profit_rests_on_the_chances(run):
    observed(run, BETTER, n_users=12)
    planned(run, 5.0, past=-31.2, past_users=12)
    assert said(run).startswith("Call the 30 users on the list only if you trust the chances")


def test_a_list_that_loses_is_told_beside_the_order_that_would_earn_most(run):
    observed(run, SAME)
    planned(run, -2.7)
    assert "calling the first 104 users by chance of churn would earn most: 22.5." in said(run)
    planned(run, 5.0)
    assert "would earn most" not in said(run)


@pytest.mark.parametrize(
    ("interval", "begins"),
    [
        (BETTER, "Call the 30 users on the list first: past lists found the right people."),
        (SAME, "Do not choose by this list whom to call"),
    ],
)
def test_without_costs_past_lists_say_what_the_list_is_good_for(run, interval, begins):
    observed(run, interval)
    assert said(run).startswith(begins)
    assert ("was told no costs" in said(run)) == (interval == BETTER)


@pytest.mark.parametrize("profit", [None, 5.0])
def test_a_list_of_one_is_called_in_the_singular(run, profit):
    observed(run, BETTER)
    if profit:
        planned(run, profit)
    write_table(read_table(run / "priority.parquet").head(1), run / "priority.parquet")
    assert said(run).startswith("Call the one user on the list")


def test_only_those_who_may_be_called_are_counted(run):
    observed(run, BETTER)
    write_table(read_table(run / "priority.parquet").head(27), run / "priority.parquet")  # three are held back
    assert said(run).startswith("Call the 27 users")


@pytest.mark.parametrize(
    ("interval", "stickers", "begins"),
    [
        (BETTER, WORSE, "Use the 30 users on the list to reach those who fall silent, not"),
        (WORSE, BETTER, "Use the 30 users on the list to reach those who receive stickers, not"),
    ],
)
def test_a_list_that_is_right_in_part_is_good_for_that_part(run, interval, stickers, begins):
    observed(run, interval, stickers=stickers)
    assert said(run).startswith(begins)


@pytest.mark.parametrize(
    ("held", "ends"),
    [
        (0, "Nobody on the list is held back by lot, so you will not learn whether calls work."),
        (6, "6 users of the list are held back by lot, so that you will learn whether calls work."),
        (1, "One user of the list is held back by lot, so that you will learn whether calls work."),
    ],
)
def test_whether_anybody_is_held_back_is_said(run, held, ends):
    segment = read_json(run / "manifest.json")["segment"]
    rewrite(run, segment=segment | {"control": {"share": 0.1, "held_back": held, "contacted": 30 - held, "seed": 0}})
    assert said(run).endswith(ends)


def test_a_list_of_nobody_is_not_called(run):
    write_table(read_table(run / "priority.parquet").head(0), run / "priority.parquet")
    assert said(run) == "Nobody is on the list, so there is nobody to call."
    planned(run, 0.0, best=0)
    assert said(run).startswith("Call nobody: no number of calls")


def test_it_stands_first_below_the_days_for_which_the_list_is_valid(finished):
    text = ParsedPage(finished / "report.html").text
    valid = "Valid from 25 December 2016 to 31 December 2016 · made on 20 November 2026 · data up to 24 December 2016"
    assert text.index(valid) < text.index("Use the 30 users on the list") < text.index("Users at risk")
