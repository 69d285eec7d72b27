"""Earnings of calling the list, by the chances and as past lists fared."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from churn.segments import BudgetConfig, SegmentConfig, expected_earnings, plan, prioritise
from churn.segments.budget import gains, pays_from

BUDGET = BudgetConfig(contact_cost=0.5, save_rate=0.3, value=4.0)


def scored_of(n=40, *, listed=30, **columns):
    segment = ["priority"] * listed + ["other"] * (n - listed)
    return pd.DataFrame({"p_churn": np.linspace(0.9, 0.1, n), "segment": segment} | columns)


def curve_of(*points):
    return pd.DataFrame([(0, 0.0, 0.0, 0.0), *points], columns=["k", "profit", "low", "high"])


def rates_of(rate, low, high, n_users=212):
    """What happened to past lists, beside other segments and the other target, which do not count."""
    rows = [("priority", "churn", n_users, rate, low, high), ("priority", "sticker", 9, 0.9, 0.8, 1.0)]
    rows += [("all", target, 999, 0.7, 0.6, 0.8) for target in ("churn", "sticker")]
    return pd.DataFrame(rows[::-1], columns=["segment", "target", "n_users", "rate", "low", "high"])


def earned(scored, budget=BUDGET, *, points=((40, 8.0, 4.0, 12.0),), past=(0.521, 0.453, 0.589), held_back=0):
    return expected_earnings(scored, budget, curve=curve_of(*points), rates=rates_of(*past), held_back=held_back)


def ends(interval):
    return interval.value, interval.low, interval.high


@pytest.mark.parametrize(
    ("points", "profit"),
    [
        ([(30, -2.7, -5.1, -0.1), (40, 9.0, 9.0, 9.0)], (-2.7, -5.1, -0.1)),
        ([(20, -2.0, -4.0, 0.0), (40, -4.0, -6.0, -2.0)], (-3.0, -5.0, -1.0)),
        ([(40, -4.0, -6.0, -2.0), (20, -2.0, -4.0, 0.0)], (-3.0, -5.0, -1.0)),
    ],
)
def test_the_profit_is_that_of_the_list_between_two_sizes_of_the_curve_where_need_be(points, profit):
    assert ends(earned(scored_of(), points=points).profit) == pytest.approx(profit)


@pytest.mark.parametrize("extra", [{}, {"incentive": 1.0, "uptake": 0.5}])
def test_at_the_rate_from_which_on_it_pays_off_calling_the_list_earns_nothing(extra):
    scored, budget = scored_of(), replace(BUDGET, **extra)
    listed = scored[scored.segment == "priority"]
    rate = earned(scored, budget).pays_off_from
    kept = listed.p_churn * rate * (budget.value - budget.incentive)
    paid = (1 - listed.p_churn) * budget.uptake * budget.incentive + budget.contact_cost
    assert 0 < rate < 1 and (kept - paid).sum() == pytest.approx(0)


def test_a_list_whose_users_are_worth_less_than_a_call_pays_off_at_no_rate():
    assert earned(scored_of(), replace(BUDGET, value=0.1)).pays_off_from is None


def test_those_who_are_held_back_earn_nothing():
    found = earned(scored_of(), held_back=6)
    assert (found.listed, found.to_call) == (30, 24)
    assert ends(found.profit) == pytest.approx((0.8 * 6.0, 0.8 * 3.0, 0.8 * 9.0))
    assert found.as_past_lists.value == pytest.approx(24 / 30 * earned(scored_of()).as_past_lists.value)


def test_at_the_rate_of_past_lists_every_call_earns_what_that_chance_would():
    found = earned(scored_of())
    assert ends(found.as_past_lists) == pytest.approx([30 * (p * 0.3 * 4 - 0.5) for p in (0.521, 0.453, 0.589)])
    assert found.past_users == 212


def test_where_more_churn_earns_less_the_interval_keeps_its_order():
    dear = BudgetConfig(contact_cost=0.0, save_rate=0.5, incentive=3.0, uptake=0.1, value=1.0)
    found = earned(scored_of(), dear).as_past_lists
    assert found.low < found.value < found.high


def test_where_users_differ_in_worth_or_nobody_was_listed_past_lists_say_nothing():
    by_user = BudgetConfig(contact_cost=0.5, save_rate=0.3)
    assert earned(scored_of(), by_user).as_past_lists is None
    nobody = earned(scored_of(), past=(np.nan, np.nan, np.nan, 0))
    assert (nobody.as_past_lists, nobody.past_users) == (None, 0)


def test_of_a_rate_without_an_interval_the_ends_are_unknown():
    facts = earned(scored_of(), past=(0.5, np.nan, np.nan, 1)).facts()
    assert facts["as_past_lists"] == {"value": pytest.approx(30 * 0.1), "low": None, "high": None}
    assert json.loads(json.dumps(facts, allow_nan=False)) == facts


def test_users_of_the_list_over_the_chance_from_which_a_contact_pays_are_counted():
    scored = scored_of(p_churn=[0.6] * 7 + [0.4] * 23 + [0.9] * 10)
    assert pays_from(BUDGET) == pytest.approx(0.5 / 1.2)
    assert earned(scored).paying == 7


def test_stickers_lost_are_counted_for_each_likely_loss_of_the_list():
    scored = scored_of()
    assert earned(scored).stickers_each is None
    loss = np.where(scored.segment == "priority", 1.1, 99.0) * scored.p_churn
    assert earned(scored.assign(expected_loss=loss)).stickers_each == pytest.approx(1.1)
    assert earned(scored.assign(expected_loss=0.0, p_churn=0.0)).stickers_each is None


def test_an_empty_list_earns_nothing_that_could_be_told():
    facts = earned(scored_of(listed=0, expected_loss=1.0)).facts()
    assert facts == {
        **{"listed": 0, "to_call": 0, "paying": 0, "profit": None, "as_past_lists": None},
        **{"past_users": 212, "stickers_each": None, "pays_off_from": None},
    }


def test_a_list_earns_the_gains_of_its_users_and_one_drawn_by_profit_the_most():
    rng = np.random.default_rng(0)
    scores = pd.DataFrame({"user_id": range(150), "p_churn": rng.beta(2, 3, 150)})
    for rule in ("quantile", "profit"):
        config = SegmentConfig(rank_by="priority", rule=rule, budget=BUDGET)
        planned, scored = plan(scores, config, repetitions=20), prioritise(scores, config)
        found = expected_earnings(scored, BUDGET, curve=planned.curve, rates=rates_of(0.5, 0.4, 0.6))
        assert found.profit.value == pytest.approx(gains(scored[scored.segment == "priority"], BUDGET).sum())
        assert found.profit.value <= planned.profit.value + 1e-9
    assert ends(found.profit) == pytest.approx(ends(planned.profit))
    assert found.paying == found.listed == planned.paying
