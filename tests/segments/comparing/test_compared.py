import numpy as np
import pandas as pd
import pytest

from churn.segments import SegmentConfig, loyal_earners
from churn.segments.comparing.compared import comparisons


def scores(n=200, *, seed=0):
    rng = np.random.default_rng(seed)
    ids = [f"u{k:03d}" for k in range(n)]
    return pd.DataFrame({"user_id": ids, "p_churn": rng.random(n), "p_sticker": rng.random(n)})


def test_loyal_earners_are_the_top_tenth_by_stickers_of_those_who_will_likely_stay():
    scored = scores()
    loyal = loyal_earners(scored, SegmentConfig(rank_by="priority", likely_churn=0.4))
    stay = scored.p_churn < 0.4
    assert loyal.sum() == round(stay.sum() / 10)
    assert not (loyal & ~stay).any()
    assert scored.p_sticker[loyal].min() > scored.p_sticker[stay & ~loyal].max()


def test_a_user_on_the_line_of_likely_churn_will_not_likely_stay():
    scored = scores(2).assign(p_churn=[0.5, 0.49], p_sticker=[0.9, 0.1])
    assert loyal_earners(scored, SegmentConfig(rank_by="priority")).tolist() == [False, True]


def test_ties_leave_the_size_as_configured_whatever_the_order_of_the_rows():
    scored = scores(40).assign(p_churn=[0.3, 0.1] * 20, p_sticker=0.2)
    loyal = loyal_earners(scored, SegmentConfig(rank_by="priority", quantile=0.9))
    assert loyal.sum() == 4
    assert set(scored.p_churn[loyal]) == {0.1}
    mixed = scored.sample(frac=1, random_state=0)
    assert set(mixed.user_id[loyal_earners(mixed, SegmentConfig(rank_by="priority", quantile=0.9))]) == set(
        scored.user_id[loyal]
    )


def test_where_everyone_will_likely_leave_nobody_is_a_loyal_earner():
    assert not loyal_earners(scores().assign(p_churn=0.9), SegmentConfig(rank_by="priority")).any()


@pytest.mark.parametrize("stickers", [True, False])
def test_without_stickers_nobody_is_held_against_others_for_earning_them(stickers):
    segment = pd.Series(["priority", "likely churner", "other"])
    found = comparisons(segment, pd.Series([False, False, True]) if stickers else None)
    assert [one.group for one in found] == ["priority", "priority", "loyal earners"][: 3 if stickers else 2]
    assert all(not (one.inside & one.outside).any() for one in found)
    assert [one.outside.sum() for one in found] == [2, 1, 2][: len(found)]
