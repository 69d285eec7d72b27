import numpy as np
import pandas as pd
import pytest
from scipy import stats

from churn.segments import BudgetConfig, SegmentConfig, distribution, lines, prioritise, skewness

pytestmark = pytest.mark.slow

BUDGET = BudgetConfig(contact_cost=1.0, save_rate=0.3, value=10)


def scored_of(n=600, *, seed=0, config=None):
    rng = np.random.default_rng(seed)
    scores = {"p_churn": rng.beta(2, 3, n), "p_sticker": rng.beta(1, 8, n), "expected_amount": rng.gamma(2, 5, n)}
    table = pd.DataFrame({"user_id": [f"u{i:05}" for i in range(n)], **scores})
    return prioritise(table, config or SegmentConfig(rank_by="priority"))


def resampled(values, threshold_of, *, repetitions=4000, seed=0):
    """Percentiles of the line over resamples of users that are really drawn."""
    rng = np.random.default_rng(seed)
    draws = [np.sort(rng.choice(values, len(values)))[::-1] for _ in range(repetitions)]
    return np.quantile([threshold_of(draw) for draw in draws], [0.025, 0.975], method="inverted_cdf")


@pytest.mark.parametrize(("rule", "keys"), [("quantile", {}), ("number", {"number": 45})])
def test_the_interval_of_the_line_is_that_of_users_really_drawn_again(rule, keys):
    config = SegmentConfig(rank_by="priority", rule=rule, **keys)
    scored = scored_of(config=config)
    found = lines(scored, config).set_index("rule").loc[rule]
    size = int((scored.segment == "priority").sum())
    assert (found["size"], found.used) == (size, True)
    assert found.threshold == scored.priority[scored.segment == "priority"].min()
    values = np.sort(scored.priority)[::-1]
    low, high = resampled(values, lambda draw: draw[size - 1])
    places = [int((values >= value).sum()) for value in (found.high, high, found.low, low)]
    assert abs(places[0] - places[1]) <= 1 and abs(places[2] - places[3]) <= 1
    assert found.near == ((scored.priority >= found.low) & (scored.priority <= found.high)).sum()
    assert found.low < found.threshold < found.high


def test_the_line_of_most_profit_moves_as_far_as_that_of_users_really_drawn_again():
    config = SegmentConfig(rank_by="priority", rule="profit", budget=BUDGET)
    scored = scored_of(config=config)
    scored["priority"] = scored.p_churn  # so that the gain falls along the rank, and the last who pays is the line
    found = lines(scored, config, repetitions=4000).set_index("rule").loc["profit"]
    low, high = resampled(scored.p_churn.to_numpy(), lambda draw: draw[draw * 0.3 * 10 > 1].min())
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.003)


def test_the_interval_holds_the_line_of_other_users_of_the_same_kind():
    config, held = SegmentConfig(rank_by="priority"), 0
    truth = np.quantile(scored_of(200_000, seed=99).priority, 0.9)
    for seed in range(200):
        row = lines(scored_of(300, seed=seed), config).iloc[0]
        held += row.low <= truth <= row.high
    assert 0.9 <= held / 200 <= 0.99


def test_every_rule_that_is_known_has_a_line_and_the_run_s_own_is_marked():
    config = SegmentConfig(rule="number", number=30, rank_by="expected_loss", budget=BUDGET)
    found = lines(scored_of(config=config), config)
    assert found.rule.tolist() == ["quantile", "number", "profit"] and found.used.tolist() == [False, True, False]
    assert found["size"].tolist()[:2] == [60, 30]


@pytest.mark.parametrize("number", [600, 5000])
def test_a_list_of_everyone_has_no_line_to_cross(number):
    config = SegmentConfig(rank_by="priority", rule="number", number=number)
    row = lines(scored_of(config=config), config).set_index("rule").loc["number"]
    assert row["size"] == 600 and row[["threshold", "low", "high"]].isna().all() and row.near == 0


def test_a_list_of_nobody_has_no_line_to_cross():
    config = SegmentConfig(
        rank_by="priority", rule="profit", budget=BudgetConfig(contact_cost=100, save_rate=0.3, value=10)
    )
    row = lines(scored_of(config=config), config).set_index("rule").loc["profit"]
    assert row["size"] == 0 and np.isnan(row.threshold) and row.near == 0


@pytest.mark.parametrize("n", [1, 2, 3])
def test_a_handful_of_users_has_a_line_or_none_without_a_crash(n):
    config = SegmentConfig(rank_by="priority", number=1, budget=BUDGET)
    assert len(lines(scored_of(n, config=config), config)) == 3


def test_users_who_are_all_alike_are_all_near_the_line():
    scored = prioritise(scored_of().assign(p_churn=0.5, p_sticker=0.2), SegmentConfig(rank_by="priority"))
    row = lines(scored, SegmentConfig(rank_by="priority")).iloc[0]
    assert (row.near, row.low, row.high) == (600, 0.1, 0.1)
    assert skewness(scored, "priority") == {"raw": None, "log10": None, "scored": 600, "zeros": 0}
    assert distribution(scored, "priority").groupby("scale").n.sum().tolist() == [600, 600]


def test_skewness_is_scipy_s_and_a_score_of_zero_has_no_logarithm():
    scored = scored_of()
    scored.loc[:9, "priority"] = 0.0
    found = skewness(scored, "priority")
    positive = scored.priority[scored.priority > 0]
    assert (found["raw"], found["log10"]) == pytest.approx((stats.skew(scored.priority), stats.skew(np.log(positive))))
    assert (found["zeros"], found["scored"]) == (10, 600)
    spread = distribution(scored, "priority")
    assert spread.groupby("scale").n.sum().to_dict() == {"raw": 600, "log10": 590}
    assert np.isfinite(spread[["low", "high"]]).all(axis=None)


def test_scores_that_are_all_zero_or_unknown_have_no_logarithm():
    scored = scored_of(50).assign(priority=0.0, expected_loss=np.nan)
    assert distribution(scored, "priority").groupby("scale").n.sum().to_dict() == {"raw": 50}
    assert skewness(scored, "priority") == {"raw": None, "log10": None, "scored": 50, "zeros": 50}
    assert distribution(scored, "expected_loss").empty
    assert skewness(scored, "expected_loss")["scored"] == 0
