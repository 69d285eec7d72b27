import numpy as np
import pandas as pd
import pytest

from churn.data import example_dataset
from churn.segments import BudgetConfig, SegmentConfig, had_it_been_drawn_otherwise, observed_rates, pooled, prioritise


@pytest.fixture(scope="module")
def drawn():
    """Windows of the example's test part, and scores of them."""
    windows, rng = example_dataset().split().test, np.random.default_rng(0)
    n = len(windows)
    scores = pd.DataFrame({"user_id": windows.user_ids, "cutoff": windows.dates, "p_churn": rng.beta(2, 3, n)})
    return windows, scores.assign(p_sticker=rng.beta(1, 5, n), expected_amount=rng.gamma(2, 5, n))


def test_every_score_and_rule_has_the_rates_of_the_lists_it_would_have_drawn(drawn):
    windows, scores = drawn
    config = SegmentConfig(rank_by="priority", number=4, budget=BudgetConfig(contact_cost=0.1, save_rate=0.3))
    found = had_it_been_drawn_otherwise(windows, scores, config, seed=3)
    pairs = found[["rank_by", "rule"]].drop_duplicates()
    assert len(pairs) == 12 and found.used.sum() == 2
    one = SegmentConfig(number=4, rule="number", rank_by="value_at_risk")
    theirs = observed_rates(windows, prioritise(scores, one, by_cutoff=True), seed=3)
    row = found[(found.rank_by == "value_at_risk") & (found.rule == "number")].set_index("target")
    listed, base = (theirs[theirs.segment == name].set_index("target") for name in ("priority", "all"))
    columns = ["n", "n_users", "rate", "low", "high"]
    pd.testing.assert_frame_equal(row[columns], listed[columns], check_dtype=False)
    assert row.base.to_dict() == base.rate.to_dict()
    per_day = pd.Series(windows.cutoff).value_counts().clip(upper=4).sum()
    assert row.n.tolist() == [per_day, per_day]


def test_without_stickers_or_a_budget_fewer_lists_can_be_drawn(drawn):
    windows, scores = drawn
    found = had_it_been_drawn_otherwise(
        windows, scores[["user_id", "cutoff", "p_churn"]], SegmentConfig(rank_by="priority")
    )
    assert set(found.rank_by) == {"priority", "p_churn", "value_at_risk"} and set(found.rule) == {"quantile"}


def test_a_rule_that_lists_nobody_has_no_rates(drawn):
    config = SegmentConfig(rank_by="priority", budget=BudgetConfig(contact_cost=1000, save_rate=0.3))
    found = had_it_been_drawn_otherwise(*drawn, config).set_index("rule")
    assert (found.n["profit"] == 0).all() and found.rate["profit"].isna().all() and found.base.notna().all()


def test_a_number_a_day_is_its_share_of_the_users_of_many_days():
    config = SegmentConfig(rule="number", number=20)
    assert pooled(config, users=1000, per_day=200) == SegmentConfig(rule="quantile", quantile=0.9)
    everyone = pooled(config, users=1000, per_day=15)
    assert (everyone.rule, everyone.number) == ("number", 1000)
    for other in (SegmentConfig(), SegmentConfig(rule="profit", number=5, budget=BudgetConfig(save_rate=0.2))):
        assert pooled(other, users=1000, per_day=200) is other
