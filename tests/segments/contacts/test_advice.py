"""Advice on the list: whom to call, and what else to do where past lists do not bear it out."""

from dataclasses import replace

import pytest

from churn.segments import Order, advice

USERS = Order(
    "p_churn", "best", "users", 7, lists=9, users=99, value=12.0, low=10.0, high=14.0, by_lot=8.0,
    excess=4.0, excess_low=2.0, excess_high=6.0,
)  # fmt: skip
PROFIT = replace(USERS, measure="profit", value=5.0, low=1.0, high=9.0, by_lot=-3.0, excess=8.0, excess_low=4.0)
LEVEL = {"excess": 0.0, "excess_low": -0.1, "excess_high": 0.1}  # surely no better than the lot
UNSURE = {"excess": 0.5, "excess_low": -3.0, "excess_high": 4.0}
NO_ORDER = "no order of the users has proved better than a list drawn at random by an amount that matters."
ALONE = (
    "Nobody on the list is held back at random, so you will not learn whether calls work: have a tenth of the next "
    "list held back."
)


def said(order, *, listed=30, held_back=0, **budget):
    return advice(order, listed=listed, held_back=held_back, **budget)


def test_a_list_that_pays_and_beat_the_lot_is_called_and_past_lists_are_told_beside_the_lot():
    assert said(PROFIT, profit=11.1, best=30) == (
        "Call the 30 users on the list: the expected profit is 11.1. Past lists like it would have earned 5.0 "
        f"each, and lists drawn at random would have lost 3.0 each. {ALONE}"
    )
    better = said(replace(PROFIT, by_lot=2.0), listed=1, held_back=3, profit=1234.0, best=4)
    assert better == (
        "Call the one user on the list: the expected profit is 1,234.0. Past lists like it would have earned 5.0 "
        "each, and lists drawn at random 2.0. 3 users of the list are held back at random, so that you will learn "
        "whether calls work."
    )


def test_without_costs_a_list_that_beat_the_lot_is_called_first():
    unknown = f"What that earns is not known, since the run was told no costs. {ALONE}"
    assert said(USERS) == (
        "Call the 30 users on the list first: past lists found 1.5 times as many who fell silent as lists drawn at "
        f"random. {unknown}"
    )
    assert said(replace(USERS, measure="amount"), listed=1) == (
        "Call the one user on the list first: those who fell silent on past lists had received 1.5 times as much as on "
        f"lists drawn at random. {unknown}"
    )
    assert said(replace(USERS, by_lot=0.0)).startswith(
        "Call the 30 users on the list first: past lists found the right"
    )


@pytest.mark.parametrize("budget", [{}, {"profit": 11.1, "best": 30}])
@pytest.mark.parametrize(
    ("found", "held_back", "instead"),
    [
        (UNSURE, 0, "collect more data, since 99 users on past lists are too few to tell."),
        (LEVEL, 0, "hold some users back at random, which shows whether a call changes anything."),
        (LEVEL, 3, "try another horizon than 7 days, which may be easier to foresee."),
    ],
)
def test_where_no_order_beat_the_lot_that_is_said_with_one_thing_to_do_instead(found, held_back, instead, budget):
    for order in (replace(USERS, **found), replace(PROFIT, low=-1.0, **found)):
        told = said(order, held_back=held_back, **budget)
        assert NO_ORDER in told and told.endswith(f"What to do instead: {instead}")
        assert told.count("What to do instead") == 1 and ALONE not in told


def test_where_anybody_would_do_a_list_that_pays_is_not_called_worthless():
    told = said(replace(PROFIT, **LEVEL), profit=40.0, best=30)
    assert told.startswith("Calling the 30 users on the list is expected to earn 40.0, but as many others would do")
    assert NO_ORDER in told


def test_a_list_better_than_the_lot_that_would_have_lost_is_not_called_yet():
    told = said(replace(PROFIT, value=-2.0, low=-3.0, by_lot=-10.0), profit=11.1, best=30)
    assert told.startswith(
        "Call nobody yet: past lists did better than lists drawn at random, but calling one would have "
    )
    assert "have lost 2.0 on average. What to do instead" in told


@pytest.mark.parametrize("found", [{"users": 12}, {"seen": True}, {"value": None}])
def test_where_past_lists_tell_nothing_it_is_the_chances_that_are_trusted(found):
    known, paid = said(replace(USERS, **found)), said(replace(PROFIT, **found), profit=11.1, best=30)
    assert known.startswith("Whether the 30 users on the list are the right ones to call is not known.")
    assert paid.startswith("Call the 30 users on the list only if you trust the chances")
    few = "12 users on past lists are too few to tell."
    assert known.endswith(few) == paid.endswith(few) == ("users" in found)


@pytest.mark.parametrize(
    ("best", "begins"),
    [
        (12, "Call the first 12 users on the list: calling all of it is expected to lose 2.7."),
        (1, "Call the first user on the list alone: calling all of it is expected to lose 2.7."),
        (0, "Call nobody: a list of this length is expected to lose 2.7."),
        (80, "Call nobody: a list of this length is expected to lose 2.7."),
    ],
)
def test_a_length_that_loses_is_cut_to_the_one_that_pays(best, begins):
    assert said(PROFIT, profit=-2.7, best=best).startswith(begins)


def test_nobody_on_the_list_is_nobody_to_call():
    assert said(USERS, listed=0) == "Nobody is on the list, so there is nobody to call."
    assert said(PROFIT, listed=0, profit=0.0, best=0).startswith("Call nobody: no number of calls")
