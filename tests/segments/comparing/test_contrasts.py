import numpy as np
import pandas as pd
import pytest

from churn.data import example_dataset
from churn.segments import BudgetConfig, SegmentConfig, contrast


@pytest.fixture(scope="module")
def dataset():
    return example_dataset()


@pytest.fixture(scope="module")
def part(dataset):
    return dataset.split().test


def chances(part, *, sticker=True):
    """Chances that differ between users and between the windows of one."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"user_id": part.user_ids, "cutoff": part.dates, "p_churn": rng.random(len(part))})
    return table.assign(p_sticker=rng.random(len(part))) if sticker else table


def test_every_user_stands_in_one_row_at_the_latest_window(dataset, part):
    scored = chances(part)
    found = contrast(dataset, part, scored, SegmentConfig(rank_by="priority", quantile=0.9, minimum_cell=2))
    latest = part.table().groupby("user_id").cutoff.idxmax()
    product = (scored.p_churn * scored.p_sticker).loc[latest]
    listed = product.nlargest(max(1, round(len(latest) * 0.1))).index
    rows = found.tests[found.tests.comparison == "priority vs all others"].set_index("feature")
    assert (rows.n_priority + rows.n_other).max() == found.users == len(latest)
    assert rows.n_priority["own_post"] == found.listed == len(listed)
    posts = pd.Series(part.summary()[:, part.features.index("own_post")])
    assert rows.mean_priority["own_post"] == pytest.approx(posts[listed].mean())


def test_a_number_for_each_day_becomes_a_share_of_all_users(dataset, part):
    per_day = len(part) / part.table().cutoff.nunique()
    found = contrast(dataset, part, chances(part), SegmentConfig(rank_by="priority", rule="number", number=5))
    assert found.per_day == pytest.approx(per_day)
    assert found.listed == round(found.users * 5 / per_day) > 5


def test_the_segment_is_a_share_by_priority_whatever_orders_and_ends_the_list(dataset, part):
    paying = BudgetConfig(contact_cost=0.5, save_rate=0.3, value=4)
    by_priority, *others = (
        contrast(dataset, part, chances(part), SegmentConfig(minimum_cell=2, rank_by=name, budget=budget))
        for name, budget in (("priority", BudgetConfig()), ("p_churn", BudgetConfig()), ("best", paying))
    )
    for other in others:
        pd.testing.assert_frame_equal(other.tests, by_priority.tests)
        assert (other.listed, other.ties) == (by_priority.listed, by_priority.ties)


def test_loyal_earners_are_compared_where_stickers_are_known(dataset, part):
    config = SegmentConfig(rank_by="priority", minimum_cell=2)
    known, unknown = (contrast(dataset, part, chances(part, sticker=one), config) for one in (True, False))
    assert "loyal earners vs all others" in set(known.tests.comparison)
    assert "loyal earners vs all others" not in set(unknown.tests.comparison)


def test_groups_under_the_least_number_are_not_tested(dataset, part):
    found = contrast(dataset, part, chances(part), SegmentConfig(rank_by="priority", minimum_cell=1_000))
    assert found.tests.p.isna().all() and found.categories.p.isna().all()


def test_features_are_circular_and_what_happened_afterwards_is_not(dataset, part):
    tests = (
        contrast(dataset, part, chances(part), SegmentConfig(rank_by="priority")).tests.set_index("feature").circular
    )
    assert tests["own_post"].all() and not tests["churn_afterwards"].any()


def test_users_of_whom_the_lot_decides_are_counted(dataset, part):
    found = contrast(
        dataset, part, chances(part).assign(p_churn=0.5, p_sticker=0.5), SegmentConfig(rank_by="priority", quantile=0.9)
    )
    assert found.ties == {"listed": found.listed, "line": found.users, "line_listed": found.listed}
