import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from churn.segments import BudgetConfig, SegmentConfig, agreement, prioritise, ties
from churn.segments.priority import SEGMENTS

CUTOFF = pd.Timestamp("2024-03-01")


def scores_of(n=200, *, seed=0, stickers=True):
    rng = np.random.default_rng(seed)
    table = pd.DataFrame({"user_id": [f"u{i:04}" for i in range(n)], "cutoff": CUTOFF, "p_churn": rng.uniform(size=n)})
    return table.assign(p_sticker=rng.beta(1, 6, n)) if stickers else table


def listed(scored):
    return scored[scored.segment == "priority"]


def test_priority_is_the_product_of_both_probabilities():
    scores = scores_of()
    scored = prioritise(scores, SegmentConfig(rank_by="priority"))
    assert np.abs(scored.priority - scores.p_churn * scores.p_sticker).max() < 1e-12
    assert scored[list(scores.columns)].equals(scores)


def test_without_stickers_priority_is_the_probability_of_churn():
    scores = scores_of(stickers=False)
    scored = prioritise(scores, SegmentConfig(rank_by="priority"))
    assert (scored.priority == scores.p_churn).all()
    assert "p_sticker" not in scored


@pytest.mark.parametrize("quantile", [0.05, 0.5, 0.8, 0.9, 0.99])
@pytest.mark.parametrize("n", [10, 37, 200])
def test_the_segment_holds_the_configured_share_of_users_and_the_highest(n, quantile):
    scored = prioritise(scores_of(n), SegmentConfig(rank_by="priority", quantile=quantile))
    inside, outside = listed(scored).priority, scored.priority[scored.segment != "priority"]
    assert abs(len(inside) - n * (1 - quantile)) <= 0.5 or len(inside) == 1
    assert outside.empty or inside.min() >= outside.max()


@pytest.mark.parametrize("n", [1, 2, 4])
def test_a_list_is_never_empty(n):
    assert len(listed(prioritise(scores_of(n), SegmentConfig(rank_by="priority", quantile=0.9)))) == 1


def test_no_users_give_no_list():
    scored = prioritise(scores_of(0), SegmentConfig(rank_by="priority"))
    assert len(scored) == 0
    assert {"priority", "segment"} <= set(scored.columns)


def test_constant_priorities_still_give_a_list_of_the_configured_size():
    scored = prioritise(scores_of(100).assign(p_churn=0.4, p_sticker=0.1), SegmentConfig(rank_by="priority"))
    assert len(listed(scored)) == 10
    assert ties(scored, "priority") == {"listed": 10, "line": 100, "line_listed": 10}


def test_ties_go_to_the_likelier_churner():
    scores = pd.DataFrame(
        {"user_id": list("dcba"), "cutoff": CUTOFF, "p_churn": [0.5, 0.5, 0.25, 0.125], "p_sticker": [0.5, 0.5, 1, 0.5]}
    )
    scored = prioritise(scores, SegmentConfig(rank_by="priority", quantile=0.5))
    assert listed(scored).user_id.tolist() == ["d", "c"]
    assert ties(scored, "priority") == {"listed": 2, "line": 2, "line_listed": 2}


def test_among_equal_scores_the_lot_decides_anew_at_every_cutoff():
    same = scores_of(400).assign(p_churn=0.4, p_sticker=0.1)
    days = [same.assign(cutoff=CUTOFF + pd.Timedelta(days=day)) for day in range(50)]
    on = pd.concat([prioritise(day, SegmentConfig(rank_by="priority")).segment == "priority" for day in days], axis=1)
    first, second = on[:200].mean().mean(), on[200:].mean().mean()
    assert first == pytest.approx(second, abs=0.02)  # the first ids are not favoured
    assert on.mean(axis=1).max() < 0.4  # nor is any user


def test_the_lot_knows_no_names_but_their_order():
    same = scores_of(100).assign(p_churn=0.4, p_sticker=0.1)
    renamed = same.assign(user_id=[f"customer {place:03}" for place in range(7, 107)])
    numbered = same.assign(user_id=range(5, 105))
    first, *others = (
        prioritise(one, SegmentConfig(rank_by="priority")).segment.tolist() for one in (same, renamed, numbered)
    )
    assert others == [first, first]


def test_rounding_errors_tell_nobody_apart():
    same = scores_of(100).assign(p_churn=0.3, p_sticker=0.1)
    noise = 1 + np.where(np.arange(100) < 50, 0, 1e-9)  # as a network's float32 leaves it
    found = [
        prioritise(one, SegmentConfig(rank_by="priority")).segment.tolist()
        for one in (same, same.assign(p_churn=0.3 * noise))
    ]
    assert found[0] == found[1]


def test_the_order_of_the_rows_and_their_index_do_not_matter():
    scores = scores_of().assign(p_churn=0.4, p_sticker=0.1)
    shuffled = scores.sample(frac=1, random_state=0)
    first, second = (set(listed(prioritise(s, SegmentConfig(rank_by="priority"))).user_id) for s in (scores, shuffled))
    assert first == second
    assert len(first) == 20


def test_everyone_is_in_one_of_three_segments_by_the_line_for_churners():
    scored = prioritise(scores_of(), SegmentConfig(rank_by="priority", likely_churn=0.7))
    assert set(scored.segment) == set(SEGMENTS) == {"priority", "likely churner", "other"}
    rest = scored[scored.segment != "priority"]
    assert ((rest.p_churn >= 0.7) == (rest.segment == "likely churner")).all()


def test_where_nine_in_ten_churn_a_likely_churner_is_likelier_than_they():
    scores = scores_of(stickers=False)
    scored = prioritise(scores.assign(p_churn=0.8 + 0.2 * scores.p_churn), SegmentConfig(rank_by="priority"))
    rest = scored[scored.segment != "priority"]
    assert 0.35 < (rest.segment == "likely churner").mean() < 0.55
    assert (
        prioritise(scores.assign(p_churn=0.9), SegmentConfig(rank_by="priority")).segment != "other"
    ).all()  # nobody is less likely


def test_the_line_itself_counts_as_a_likely_churner():
    scores = pd.DataFrame({"user_id": list("abc"), "cutoff": CUTOFF, "p_churn": [0.6, 0.5, 0.4]})
    scored = prioritise(scores, SegmentConfig(rank_by="priority", quantile=0.7))
    assert scored.segment.tolist() == ["priority", "likely churner", "other"]


def test_a_list_by_cutoff_is_what_each_day_alone_would_give():
    days = [scores_of(n, seed=n).assign(cutoff=CUTOFF + pd.Timedelta(days=n)) for n in (3, 40, 100)]
    config = SegmentConfig(rank_by="priority", likely_churn=0.5)
    together = prioritise(pd.concat(days, ignore_index=True), config, by_cutoff=True)
    alone = pd.concat([prioritise(day, config) for day in days], ignore_index=True)
    assert together.segment.tolist() == alone.segment.tolist()
    assert listed(together).groupby("cutoff").size().tolist() == [1, 4, 10]
    assert prioritise(pd.concat(days, ignore_index=True), config).segment.tolist() != alone.segment.tolist()


def test_a_missing_probability_comes_last():
    scores = scores_of(20)
    scores.loc[3, "p_churn"] = np.nan
    assert prioritise(scores, SegmentConfig(rank_by="priority", quantile=0.1)).segment[3] == "other"


@pytest.mark.parametrize("name", ["quantile", "likely_churn"])
@pytest.mark.parametrize("share", [0, 1, -0.1, 1.5, float("nan")])
def test_a_share_outside_zero_and_one_is_refused(refused, name, share):
    with refused(f"segments.{name}", str(share), "correct"):
        SegmentConfig(rank_by="priority", **{name: share})


def test_agreement_equals_scipy():
    scored = prioritise(scores_of(), SegmentConfig(rank_by="priority"))
    found = agreement(scored)
    assert list(zip(found.a, found.b, strict=True)) == [
        ("priority", "p_churn"),
        ("priority", "p_sticker"),
        ("priority", "value_at_risk"),
        ("p_churn", "p_sticker"),
        ("p_churn", "value_at_risk"),
        ("p_sticker", "value_at_risk"),
    ]
    for row in found.itertuples():
        assert row.spearman == pytest.approx(spearmanr(scored[row.a], scored[row.b]).statistic, abs=1e-12)
        a, b = (np.sign(np.subtract.outer(x, x)) for x in (scored[row.a].to_numpy(), scored[row.b].to_numpy()))
        assert row.kendall == pytest.approx((a * b).sum() / np.sqrt((a**2).sum() * (b**2).sum()), abs=1e-12)


def test_agreement_handles_ties_as_scipy_does():
    scored = prioritise(scores_of().round(1), SegmentConfig(rank_by="priority"))
    found = agreement(scored).set_index(["a", "b"]).spearman
    theirs = spearmanr(scored.priority, scored.p_sticker).statistic
    assert found["priority", "p_sticker"] == pytest.approx(theirs, abs=1e-12)


def test_without_stickers_all_scores_agree_wholly():
    found = agreement(prioritise(scores_of(stickers=False), SegmentConfig(rank_by="priority"))).set_index(["a", "b"])
    assert list(found.index) == [
        ("priority", "p_churn"),
        ("priority", "value_at_risk"),
        ("p_churn", "value_at_risk"),
    ]
    assert found.to_numpy() == pytest.approx(1)


@pytest.mark.parametrize("scores", [scores_of(1), scores_of(5).assign(p_churn=0.4, p_sticker=0.1)])
def test_agreement_is_undefined_for_one_user_and_for_constants(scores):
    assert (
        agreement(prioritise(scores, SegmentConfig(rank_by="priority")))[["spearman", "kendall"]].isna().all(axis=None)
    )


BUDGET = BudgetConfig(contact_cost=1, save_rate=0.5, value=10)


def test_the_value_at_risk_of_known_users_is_what_the_churners_would_have_brought():
    rng = np.random.default_rng(0)
    p_churn, if_stays = rng.uniform(0, 0.99, 300), rng.beta(1, 4, 300)
    scores = scores_of(300).assign(p_churn=p_churn, p_sticker=(1 - p_churn) * if_stays)  # no churner gets a sticker
    scored = prioritise(scores, SegmentConfig(rank_by="value_at_risk"))
    np.testing.assert_allclose(scored.value_at_risk, p_churn * if_stays)
    inside, outside = listed(scored).value_at_risk, scored.value_at_risk[scored.segment != "priority"]
    assert inside.min() >= outside.max()
    np.testing.assert_allclose(scored.priority, p_churn * scores.p_sticker)


def test_a_sticker_is_never_more_than_certain_for_who_stays():
    scores = scores_of(4).assign(p_churn=[1, 1, 0.9, 0], p_sticker=[0, 0.5, 0.5, 1])
    assert prioritise(scores, SegmentConfig(rank_by="priority")).value_at_risk.tolist() == [0, 1, 0.9, 0]


def test_the_expected_loss_ranks_by_amounts_too():
    scores = scores_of().assign(expected_amount=np.random.default_rng(1).gamma(2, 5, 200))
    scored = prioritise(scores, SegmentConfig(rank_by="expected_loss"))
    np.testing.assert_allclose(scored.expected_loss, scored.value_at_risk * scored.expected_amount)
    assert set(listed(scored).user_id) == set(scored.nlargest(20, "expected_loss").user_id)
    assert {"value_at_risk", "expected_loss"} <= set(agreement(scored).b)


def test_without_amounts_no_expected_loss_can_rank(refused):
    with refused("segments.rank_by: expected_loss", "no stickers", "value_at_risk"):
        prioritise(scores_of(stickers=False), SegmentConfig(rank_by="expected_loss"))


@pytest.mark.parametrize(("number", "size"), [(1, 1), (7, 7), (200, 200), (201, 200)])
def test_a_number_of_users_is_listed_or_all_where_there_are_fewer(number, size):
    scored = prioritise(scores_of(), SegmentConfig(rank_by="priority", rule="number", number=number))
    assert len(listed(scored)) == size
    assert set(listed(scored).user_id) == set(scored.nlargest(size, "priority").user_id)


def test_a_number_holds_for_the_list_of_every_cutoff():
    days = pd.concat([scores_of(n).assign(cutoff=CUTOFF + pd.Timedelta(days=n)) for n in (3, 40)], ignore_index=True)
    scored = prioritise(days, SegmentConfig(rank_by="priority", rule="number", number=5), by_cutoff=True)
    assert listed(scored).groupby("cutoff").size().tolist() == [3, 5]


def test_the_rule_of_profit_lists_those_who_bring_more_than_they_cost():
    scored = prioritise(scores_of(stickers=False), SegmentConfig(rank_by="priority", rule="profit", budget=BUDGET))
    assert ((scored.p_churn * 0.5 * 10 > 1) == (scored.segment == "priority")).all()


def test_where_nobody_brings_profit_nobody_is_listed():
    dear = SegmentConfig(
        rank_by="priority", rule="profit", budget=BudgetConfig(contact_cost=6, save_rate=0.5, value=10)
    )
    assert set(prioritise(scores_of(), dear).segment) == {"likely churner", "other"}
    assert len(prioritise(scores_of(0), dear)) == 0


def test_the_rule_of_profit_sizes_the_list_of_every_cutoff_alone():
    days = [scores_of(n, seed=n).assign(cutoff=CUTOFF + pd.Timedelta(days=n)) for n in (3, 40, 100)]
    config = SegmentConfig(rank_by="priority", rule="profit", budget=BUDGET, likely_churn=0.5)
    together = prioritise(pd.concat(days, ignore_index=True), config, by_cutoff=True)
    alone = pd.concat([prioritise(day, config) for day in days], ignore_index=True)
    assert together.segment.tolist() == alone.segment.tolist()


@pytest.mark.parametrize(
    ("keys", "expected", "found"),
    [
        ({"rule": "best"}, "segments.rule out of quantile, number, profit", "'best'"),
        ({"rank_by": "p_sticker"}, "segments.rank_by out of best, priority", "'p_sticker'"),
        ({"rule": "number"}, "segments.number with segments.rule: number", "none"),
        ({"number": 0}, "segments.number of at least 1", "0"),
        ({"number": -5, "rule": "number"}, "segments.number of at least 1", "-5"),
        ({"rule": "profit"}, "segments.budget with segments.rule: profit", "none"),
    ],
)
def test_a_rule_without_what_it_needs_is_refused(refused, keys, expected, found):
    with refused(expected, found, ""):
        SegmentConfig(**keys)


def test_the_best_order_is_a_run_s_to_choose(refused):
    with refused("a score in segments.rank_by", "best, which a run chooses", "name a score"):
        prioritise(scores_of(), SegmentConfig())
