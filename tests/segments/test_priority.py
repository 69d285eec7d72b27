import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from churn.segments import SegmentConfig, agreement, prioritise
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
    scored = prioritise(scores, SegmentConfig())
    assert np.abs(scored.priority - scores.p_churn * scores.p_sticker).max() < 1e-12
    assert scored[list(scores.columns)].equals(scores)


def test_without_stickers_priority_is_the_probability_of_churn():
    scores = scores_of(stickers=False)
    scored = prioritise(scores, SegmentConfig())
    assert (scored.priority == scores.p_churn).all()
    assert "p_sticker" not in scored


@pytest.mark.parametrize("quantile", [0.05, 0.5, 0.8, 0.9, 0.99])
@pytest.mark.parametrize("n", [10, 37, 200])
def test_the_segment_holds_the_configured_share_of_users_and_the_highest(n, quantile):
    scored = prioritise(scores_of(n), SegmentConfig(quantile=quantile))
    inside, outside = listed(scored).priority, scored.priority[scored.segment != "priority"]
    assert abs(len(inside) - n * (1 - quantile)) <= 0.5 or len(inside) == 1
    assert outside.empty or inside.min() >= outside.max()


@pytest.mark.parametrize("n", [1, 2, 4])
def test_a_list_is_never_empty(n):
    assert len(listed(prioritise(scores_of(n), SegmentConfig(quantile=0.9)))) == 1


def test_no_users_give_no_list():
    scored = prioritise(scores_of(0), SegmentConfig())
    assert len(scored) == 0
    assert {"priority", "segment"} <= set(scored.columns)


def test_constant_priorities_still_give_a_list_of_the_configured_size():
    scores = scores_of(100).assign(p_churn=0.4, p_sticker=0.1)
    assert listed(prioritise(scores, SegmentConfig())).user_id.tolist() == [f"u{i:04}" for i in range(10)]


def test_ties_go_to_the_likelier_churner_and_then_to_the_first_id():
    scores = pd.DataFrame(
        {"user_id": list("dcba"), "cutoff": CUTOFF, "p_churn": [0.5, 0.5, 0.25, 0.125], "p_sticker": [0.5, 0.5, 1, 0.5]}
    )
    assert prioritise(scores, SegmentConfig(quantile=0.75)).segment.tolist().index("priority") == 1
    assert listed(prioritise(scores, SegmentConfig(quantile=0.5))).user_id.tolist() == ["d", "c"]


def test_the_order_of_the_rows_and_their_index_do_not_matter():
    scores = scores_of().assign(p_churn=0.4, p_sticker=0.1)
    shuffled = scores.sample(frac=1, random_state=0)
    first, second = (set(listed(prioritise(s, SegmentConfig())).user_id) for s in (scores, shuffled))
    assert first == second
    assert len(first) == 20


def test_everyone_is_in_one_of_three_segments_by_the_line_for_churners():
    scored = prioritise(scores_of(), SegmentConfig(likely_churn=0.7))
    assert set(scored.segment) == set(SEGMENTS) == {"priority", "likely churner", "other"}
    rest = scored[scored.segment != "priority"]
    assert ((rest.p_churn >= 0.7) == (rest.segment == "likely churner")).all()


def test_the_line_itself_counts_as_a_likely_churner():
    scores = pd.DataFrame({"user_id": list("abc"), "cutoff": CUTOFF, "p_churn": [0.9, 0.5, 0.4999]})
    scored = prioritise(scores, SegmentConfig(quantile=0.7))
    assert scored.segment.tolist() == ["priority", "likely churner", "other"]


def test_a_list_by_cutoff_is_what_each_day_alone_would_give():
    days = [scores_of(n, seed=n).assign(cutoff=CUTOFF + pd.Timedelta(days=n)) for n in (3, 40, 100)]
    together = prioritise(pd.concat(days, ignore_index=True), SegmentConfig(), by_cutoff=True)
    alone = pd.concat([prioritise(day, SegmentConfig()) for day in days], ignore_index=True)
    assert together.segment.tolist() == alone.segment.tolist()
    assert listed(together).groupby("cutoff").size().tolist() == [1, 4, 10]
    assert prioritise(pd.concat(days, ignore_index=True), SegmentConfig()).segment.tolist() != alone.segment.tolist()


def test_a_missing_probability_comes_last():
    scores = scores_of(20)
    scores.loc[3, "p_churn"] = np.nan
    assert prioritise(scores, SegmentConfig(quantile=0.1)).segment[3] == "other"


@pytest.mark.parametrize("name", ["quantile", "likely_churn"])
@pytest.mark.parametrize("share", [0, 1, -0.1, 1.5, float("nan")])
def test_a_share_outside_zero_and_one_is_refused(refused, name, share):
    with refused(f"segments.{name}", str(share), "correct"):
        SegmentConfig(**{name: share})


def test_agreement_equals_scipy():
    scored = prioritise(scores_of(), SegmentConfig())
    found = agreement(scored)
    assert list(zip(found.a, found.b, strict=True)) == [
        ("priority", "p_churn"),
        ("priority", "p_sticker"),
        ("p_churn", "p_sticker"),
    ]
    for row in found.itertuples():
        assert row.spearman == pytest.approx(spearmanr(scored[row.a], scored[row.b]).statistic, abs=1e-12)


def test_agreement_handles_ties_as_scipy_does():
    scored = prioritise(scores_of().round(1), SegmentConfig())
    found = agreement(scored).set_index(["a", "b"]).spearman
    theirs = spearmanr(scored.priority, scored.p_sticker).statistic
    assert found["priority", "p_sticker"] == pytest.approx(theirs, abs=1e-12)


def test_without_stickers_there_is_one_pair_that_agrees_wholly():
    found = agreement(prioritise(scores_of(stickers=False), SegmentConfig()))
    assert found.to_numpy().tolist() == [["priority", "p_churn", pytest.approx(1)]]


@pytest.mark.parametrize("scores", [scores_of(1), scores_of(5).assign(p_churn=0.4, p_sticker=0.1)])
def test_agreement_is_undefined_for_one_user_and_for_constants(scores):
    assert agreement(prioritise(scores, SegmentConfig())).spearman.isna().all()
