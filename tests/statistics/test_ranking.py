import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from churn.statistics import bootstrap, column_aucs, column_shares, evaluate


@pytest.fixture(scope="module")
def clustered():
    """Windows of users who differ: labels, columns with and without ties, users."""
    rng = np.random.default_rng(0)
    users = np.repeat(np.arange(150), rng.integers(1, 12, 150))
    level = rng.normal(size=150)[users]
    y = rng.random(len(users)) < 1 / (1 + np.exp(-level))
    columns = np.column_stack([level + rng.normal(size=len(users)), rng.poisson(np.exp(-level)), np.ones(len(users))])
    return y, columns, users


def test_each_column_s_area_is_scikit_learn_s(clustered):
    y, columns, users = clustered
    expected = [roc_auc_score(y, column) for column in columns.T]
    np.testing.assert_allclose(column_aucs(y, columns, users=users).value, expected, atol=1e-12)


@pytest.mark.parametrize("place", [0, 1])
def test_the_lower_end_is_the_bootstrap_s_over_users(clustered, place):
    y, columns, users = clustered
    auc = column_aucs(y, columns, users=users)
    sign = 1 if auc.value[place] > 0.5 else -1
    score = np.unique(sign * columns[:, place], return_inverse=True)[1] / len(y)
    resampled = bootstrap(users, lambda w: evaluate(y, score, weights=w)["roc_auc"], repetitions=2000)
    assert auc.low[place] == pytest.approx(resampled.low, abs=0.01)


def test_users_who_come_in_copies_do_not_narrow_the_interval(clustered):
    y, columns, users = clustered
    once = column_aucs(y, columns, users=users)
    again = column_aucs(np.tile(y, 3), np.tile(columns, (3, 1)), users=np.tile(users, 3))
    np.testing.assert_allclose(again.value, once.value)
    np.testing.assert_allclose(again.low, once.low)


def test_a_column_without_a_mistake_is_no_surer_than_its_users_allow():
    y = np.repeat([0, 1], [400, 30])
    assert column_aucs(y, y[:, None], users=np.arange(430)).low[0] == pytest.approx(1 - 3 / 30)
    assert column_aucs(y, y[:, None], users=np.arange(430) // 10).low[0] == pytest.approx(1 - 3 / 3)


def test_one_class_or_other_lengths_are_refused():
    with pytest.raises(ValueError, match="both classes"):
        column_aucs([1, 1], [[1], [2]], users=[0, 1])
    with pytest.raises(ValueError, match="expected n labels"):
        column_aucs([1, 0], [[1], [2]], users=[0])


def test_a_share_and_its_error_are_the_bootstrap_s_over_users(clustered):
    y, columns, users = clustered
    chosen = columns[:, :2] > 0
    share, error = column_shares(y, chosen, users=users)
    for place in range(2):
        picked = chosen[:, place]
        assert share[place] == pytest.approx(y[picked].mean())
        found = bootstrap(users, lambda w, p=picked: (w @ (p & y)) / (w @ p), repetitions=2000)
        assert 2 * 1.96 * error[place] == pytest.approx(found.high - found.low, rel=0.08)


def test_nothing_picked_has_no_share():
    share, error = column_shares([1, 0], [[0], [0]], users=[0, 1])
    assert np.isnan(share).all() and np.isnan(error).all()
