import json
from time import process_time

import numpy as np
import pandas as pd
import pytest

from churn.configuration import parse, run_config, run_parser
from churn.segments import BudgetConfig, SegmentConfig, plan
from churn.segments import budget as budgets
from churn.segments.budget import POINTS, gains, pays_from

pytestmark = pytest.mark.slow


def scores_of(n=300, *, seed=0):
    rng = np.random.default_rng(seed)
    return pd.DataFrame({"user_id": [f"u{i:05}" for i in range(n)], "p_churn": rng.beta(2, 3, n)})


def config_of(*, number=None, rank_by="priority", **budget):
    costs = {"contact_cost": 1.0, "save_rate": 0.3, "value": 10.0} | budget
    return SegmentConfig(number=number, rank_by=rank_by, budget=BudgetConfig(**costs))


def earned(churns, taken, keeps, *, budget):
    """What each user's contact brought, in a world where it is known who churns, is kept, and takes the incentive."""
    saved = churns & keeps
    return saved * (budget.value - budget.incentive) - (~churns & taken) * budget.incentive - budget.contact_cost


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("incentive", [0.0, 2.0])
def test_the_planned_size_earns_nearly_what_the_truth_s_best_size_would(seed, incentive):
    rng = np.random.default_rng(seed)
    config = config_of(incentive=incentive, uptake=0.5)
    n, repetitions = 4000, 200
    p = rng.beta(2, 3, n)
    noisy = 1 / (1 + np.exp(-(np.log(p / (1 - p)) + rng.normal(0, 0.3, n))))  # a forecast is never the truth
    scores = pd.DataFrame({"user_id": np.arange(n), "p_churn": noisy})
    order = np.lexsort((np.arange(n), -noisy))
    profit = np.zeros(n)
    for _ in range(repetitions):
        draws = rng.uniform(size=(3, n))
        profit += earned(draws[0] < p, draws[1] < 0.5, draws[2] < 0.3, budget=config.budget) / repetitions
    curve = np.append(0, profit[order].cumsum())
    found = plan(scores, config, repetitions=50, seed=seed)
    assert curve.max() > 0
    assert curve[int(found.best.value)] >= 0.95 * curve.max()
    assert 0 < found.best.value < n


def test_the_expected_gain_is_the_mean_of_simulated_contacts():
    rng = np.random.default_rng(0)
    budget = BudgetConfig(contact_cost=0.7, save_rate=0.3, incentive=2, uptake=0.4, value=12)
    p = np.array([0.05, 0.4, 0.95])
    draws = rng.uniform(size=(3, 200_000, 3))
    mean = earned(draws[0] < p, draws[1] < 0.4, draws[2] < 0.3, budget=budget).mean(axis=0)
    np.testing.assert_allclose(gains(pd.DataFrame({"p_churn": p}), budget), mean, atol=0.05)


def test_the_curve_sums_the_gains_in_the_order_of_the_rank():
    scores, config = scores_of(150), config_of()
    found = plan(scores, config, repetitions=20)
    gain = np.sort(gains(scores, config.budget))[::-1]
    np.testing.assert_allclose(found.curve.profit, np.append(0, gain.cumsum()), atol=1e-9)
    assert found.curve.k.tolist() == list(range(151))
    assert found.best.value == (gain > 0).sum()
    assert found.profit.value == pytest.approx(gain[gain > 0].sum())


def test_a_rank_by_other_than_gain_is_followed_though_it_brings_less():
    rng = np.random.default_rng(0)
    scores = scores_of(400).assign(p_sticker=rng.beta(1, 8, 400), expected_amount=rng.gamma(2, 20, 400))
    costs = {"value": None, "contact_cost": 0.5}
    by_priority = plan(scores, config_of(**costs), repetitions=20)
    by_loss = plan(scores, config_of(rank_by="expected_loss", **costs), repetitions=20)
    gain = gains(scores, config_of(**costs).budget)
    assert by_loss.profit.value == pytest.approx(gain[gain > 0].sum())
    assert 0 < by_priority.profit.value < by_loss.profit.value


def test_by_default_a_saved_user_is_worth_what_the_user_would_give():
    scores = pd.DataFrame({"p_churn": [0.5, 0.8], "p_sticker": [0.1, 0.4], "expected_amount": [20.0, np.nan]})
    budget = BudgetConfig(contact_cost=0, save_rate=1)
    np.testing.assert_allclose(gains(scores, budget), [0.5 * 0.2 * 20, 0.8 * 1 * 1])
    np.testing.assert_allclose(gains(scores[["p_churn"]], budget), [0.5, 0.8])


@pytest.mark.parametrize("n", [1, 2, 500, 5000])
def test_the_curve_is_thinned_and_holds_both_ends_the_best_and_the_number(n):
    found = plan(scores_of(n), config_of(number=333), repetitions=20)
    sizes = found.curve.k.tolist()
    assert len(sizes) <= POINTS and sizes == sorted(set(sizes))
    assert {0, n, int(found.best.value), min(333, n)} <= set(sizes)
    row = found.curve[found.curve.k == found.number].iloc[0]
    assert found.at_number.value == row.profit <= found.profit.value


def test_the_interval_of_the_best_size_holds_what_other_users_would_have_given():
    config = config_of()
    sizes = [plan(scores_of(seed=seed), config, repetitions=1).best.value for seed in range(100)]
    found = plan(scores_of(seed=1000), config)
    inside = [found.best.low <= size <= found.best.high for size in sizes]
    spread = found.best.high - found.best.low
    assert np.mean(inside) > 0.6  # two draws differ by more than one does from its mean
    assert 2 * 1.96 * np.std(sizes) == pytest.approx(spread, rel=0.35)


def test_the_order_of_the_rows_does_not_matter():
    scores = scores_of()
    first, second = (plan(s, config_of(), repetitions=50) for s in (scores, scores.sample(frac=1, random_state=0)))
    pd.testing.assert_frame_equal(first.curve, second.curve)


def test_users_who_are_all_alike_are_contacted_all_or_none():
    alike = scores_of(50).assign(p_churn=0.5)
    assert plan(alike, config_of()).best.value == 50
    assert plan(alike, config_of(contact_cost=2.0)).best.value == 0


def test_where_no_contact_pays_the_best_size_is_nobody_and_nothing_is_lost():
    found = plan(scores_of(), config_of(contact_cost=4.0, number=500))
    assert (found.best.value, found.profit.value, found.number) == (0, 0, 300)
    assert found.at_number.value < 0


def test_what_the_manifest_says_is_json_even_of_a_single_user():
    facts = plan(scores_of(1), config_of()).facts()
    assert json.loads(json.dumps(facts, allow_nan=False)) == facts
    assert facts["low"] is None and facts["number"] is None and facts["at_number"] is None


def test_an_unknown_probability_counts_as_one_who_stays():
    scores = scores_of(20)
    scores.loc[3, "p_churn"] = np.nan
    assert plan(scores, config_of(), repetitions=5).curve.notna().all(axis=None)


@pytest.mark.parametrize("name", ["contact_cost", "incentive", "value"])
@pytest.mark.parametrize("amount", [-0.01, float("nan"), float("inf")])
def test_a_negative_or_unknown_amount_is_refused(refused, name, amount):
    with refused(f"segments.budget.{name} of at least 0", str(amount), "correct"):
        config_of(**{name: amount})


@pytest.mark.parametrize("name", ["save_rate", "uptake"])
@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_a_share_outside_its_range_is_refused(refused, name, share):
    with refused(f"segments.budget.{name} of at least 0 and at most 1", str(share), "correct"):
        config_of(**{name: share})


def test_costs_without_a_save_rate_are_refused(refused):
    with refused("segments.budget.save_rate", "none", "set it"):
        BudgetConfig(contact_cost=1)


def test_a_wrong_budget_in_a_configuration_is_one_line(refused):
    options = ["--data.events", "log", "--segments.budget.save_rate", "0.2", "--segments.budget.contact_cost", "-1"]
    with refused("segments.budget.contact_cost", "-1", "correct"):
        run_config(parse(options, parser=run_parser()))


def test_without_users_or_a_budget_there_is_no_plan(refused):
    with refused("expected users", "no scores", "log"):
        plan(scores_of(0), config_of())
    with refused("segments.budget", "none", "contact_cost"):
        plan(scores_of(), SegmentConfig(rank_by="priority"))


def test_drawing_neighbours_together_gives_the_intervals_of_drawing_each_user(monkeypatch):
    scores, config = scores_of(4000), config_of(number=300)
    scores = scores.assign(p_sticker=np.random.default_rng(5).beta(1, 8, 4000))  # so that neighbours' gains differ
    monkeypatch.setattr(budgets, "BLOCKS", 100)
    together = plan(scores, config, repetitions=4000, seed=1)
    monkeypatch.setattr(budgets, "BLOCKS", 4000)
    each = plan(scores, config, repetitions=4000, seed=2)
    np.testing.assert_allclose(together.curve.set_index("k").profit.loc[[0, 300, 4000]], each_at(each, [0, 300, 4000]))
    pairs = ((together.best, each.best), (together.profit, each.profit), (together.at_number, each.at_number))
    for found, exact in pairs:
        width = exact.high - exact.low
        assert found.value == pytest.approx(exact.value)
        assert (found.low, found.high) == pytest.approx((exact.low, exact.high), abs=0.08 * width)


def each_at(found, sizes):
    return found.curve.set_index("k").profit.loc[sizes]


def test_a_hundred_thousand_users_are_planned_for_in_about_a_second():
    begin = process_time()
    plan(scores_of(100_000), config_of(number=500))
    assert process_time() - begin < 3


def test_a_contact_pays_from_the_chance_at_which_its_gain_is_nothing():
    budget = BudgetConfig(contact_cost=1.5, save_rate=0.4, incentive=2, uptake=0.3, value=12)
    chance = pays_from(budget)
    assert gains(pd.DataFrame({"p_churn": [chance]}), budget)[0] == pytest.approx(0, abs=1e-12)
    assert pays_from(BudgetConfig(contact_cost=9, save_rate=0.1, value=4)) > 1


def test_where_all_are_worth_the_same_no_order_earns_more_than_the_chance_of_churn():
    rng = np.random.default_rng(0)
    scores = pd.DataFrame({"user_id": range(300), "p_churn": rng.random(300), "p_sticker": rng.random(300) / 3})
    budget = BudgetConfig(contact_cost=0.5, save_rate=0.3, value=4)
    found = plan(scores, SegmentConfig(rank_by="priority", budget=budget), repetitions=5)
    assert found.orders["p_churn"][0] == found.paying == (scores.p_churn > pays_from(budget)).sum()
    assert found.orders["p_churn"][1] == max(profit for _, profit in found.orders.values())
    assert found.orders["priority"] == (found.best.value, pytest.approx(found.profit.value))
    by_churn = plan(scores, SegmentConfig(budget=budget, rank_by="p_churn"), repetitions=5)
    assert by_churn.profit.value == pytest.approx(found.orders["p_churn"][1])
