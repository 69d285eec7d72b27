import numpy as np
import pytest

from churn.explanation.boruta_shap import VERDICTS, ShapForest, boruta_shap


def drawn(seed, n=700, noise=5):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 1 + noise))
    return x, (rng.uniform(size=n) < 1 / (1 + np.exp(-3 * x[:, 0]))).astype(int)


@pytest.mark.parametrize("seed", [0, 1])
def test_a_driver_is_confirmed_and_noise_is_mostly_rejected(seed):
    x, y = drawn(seed)
    verdict = boruta_shap(x, y, rounds=15, seed=seed)
    assert verdict.shape == (6,)
    assert set(verdict) <= set(VERDICTS)
    assert verdict[0] == "confirmed"
    assert (verdict[1:] == "confirmed").sum() <= 1
    assert (verdict[1:] == "rejected").sum() >= 3


def test_two_columns_that_say_the_same_may_both_be_relevant():
    x, y = drawn(0, noise=3)
    x[:, 1] = x[:, 0] + 0.1 * x[:, 1]
    assert boruta_shap(x, y, rounds=15)[:2].tolist() == ["confirmed", "confirmed"]


def test_the_same_seed_says_the_same():
    x, y = drawn(2, n=300)
    assert (boruta_shap(x, y, rounds=8, seed=4) == boruta_shap(x, y, rounds=8, seed=4)).all()


@pytest.mark.parametrize("seed", [0, 1])
def test_a_number_that_only_tells_users_apart_is_no_driver_when_users_are_shuffled_whole(seed):
    """Windows of one user overlap: without blocks a label of theirs is learnt by heart through any such number."""
    rng = np.random.default_rng(seed)
    user = np.repeat(np.arange(120), 10)
    leaning, name = 1.5 * rng.normal(size=120), rng.normal(size=(120, 3))
    y = (rng.uniform(size=len(user)) < 1 / (1 + np.exp(-leaning[user]))).astype(int)
    x = name[user] + 0.01 * rng.normal(size=(len(user), 3))
    assert (boruta_shap(x, y, rounds=12, seed=seed) == "confirmed").sum() >= 2
    assert (boruta_shap(x, y, users=user, rounds=12, seed=seed) == "confirmed").sum() <= 1


def test_a_driver_is_confirmed_when_users_are_shuffled_whole():
    x, y = drawn(0)
    assert boruta_shap(x, y, users=np.arange(len(y)) // 3, rounds=15)[0] == "confirmed"


@pytest.mark.parametrize("x", [np.ones((60, 2)), np.random.default_rng(0).normal(size=(60, 2))])
@pytest.mark.parametrize("classes", [1, 2])
def test_nothing_to_learn_confirms_nothing(x, classes):
    y = np.arange(60) % classes
    assert "confirmed" not in boruta_shap(x, y, rounds=6).tolist()


def test_importances_are_the_mean_absolute_shap_values():
    x, y = drawn(0, n=300)
    forest = ShapForest(n_estimators=10).fit(x, y)
    assert forest.feature_importances_.shape == (6,)
    assert forest.feature_importances_.argmax() == 0
    assert (forest.feature_importances_ >= 0).all()
    again = ShapForest(n_estimators=10).fit(x[:, ::-1], y).feature_importances_
    assert again.argmax() == 5
