from inspect import signature

import lightgbm
import numpy as np
import pytest
from boruta import BorutaPy

from churn.explanation.boruta_shap import PARAMS, VERDICTS, ShapForest, _beside_shadows, boruta_shap

pytestmark = pytest.mark.slow


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


def test_borutapy_still_asks_its_private_method_for_each_round_s_importances():
    assert list(signature(BorutaPy._add_shadows_get_imps).parameters) == ["self", "X", "y", "dec_reg"]
    assert list(signature(BorutaPy._get_imp).parameters) == ["self", "X", "y"]


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


class Plain(ShapForest):
    """Importances of all rows, by the package shap."""

    def fit(self, x, y):
        import shap

        params = PARAMS | {"seed": int(self.random_state.randint(2**31 - 1))}
        booster = lightgbm.train(params, lightgbm.Dataset(x, y), self.n_estimators)
        self.feature_importances_ = np.abs(shap.TreeExplainer(booster).shap_values(x)).mean(axis=0)
        return self


@pytest.mark.filterwarnings("ignore:LightGBM binary classifier")  # shap on the shape of its answer
@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")  # of matplotlib, which shap imports
@pytest.mark.parametrize("rows", [None, 900])
def test_verdicts_are_those_of_boruta_as_it_is_where_the_signal_is_clear(rows):
    rng = np.random.default_rng(5)
    x = rng.normal(size=(1200, 8))
    y = (x[:, 0] + x[:, 1] - x[:, 2] + 0.5 * rng.normal(size=1200) > 0).astype(int)
    theirs = BorutaPy(Plain(), n_estimators=30, max_iter=25, random_state=0).fit(x, y)
    ours = boruta_shap(x, y, rows=rows, explained=300)
    assert theirs.support_.tolist() == [True] * 3 + [False] * 5
    assert not theirs.support_weak_.any()
    assert ours.tolist() == ["confirmed"] * 3 + ["rejected"] * 5


def test_pure_noise_is_confirmed_in_five_of_a_hundred_at_most():
    confirmed = []
    for seed in range(25):
        rng = np.random.default_rng(seed)
        x, y = rng.normal(size=(200, 4)), rng.integers(0, 2, 200)
        confirmed += (boruta_shap(x, y, rounds=15, explained=100, seed=seed) == "confirmed").tolist()
    assert len(confirmed) == 100
    assert sum(confirmed) <= 5


@pytest.mark.parametrize("seed", range(3))
def test_permuted_labels_find_nothing(seed):
    x, y = drawn(seed)
    assert boruta_shap(x, y, rounds=15)[0] == "confirmed"
    permuted = np.random.default_rng(seed).permutation(y)
    assert "confirmed" not in boruta_shap(x, permuted, rounds=15).tolist()


@pytest.mark.parametrize("owner", [np.arange(60), np.arange(60) // 7, np.zeros(60, int)])
def test_a_shadow_has_the_values_of_its_column_and_keeps_each_user_s_rows_together(owner):
    x = np.column_stack([np.arange(100.0), -np.arange(100.0)])
    rows = np.arange(20, 80)
    both = _beside_shadows(x, np.array([1]), rows, owner, np.random.RandomState(0))
    assert both.shape == (60, 1 + 5)
    assert (both[:, 0] == x[rows, 1]).all()
    for shadow in both[:, 1:].T:
        assert sorted(shadow) == sorted(both[:, 0])
        moved = owner[(-shadow - 20).astype(int)]
        assert (np.diff(moved) != 0).sum() == len(np.unique(owner)) - 1
        assert (np.diff(-shadow)[np.diff(moved) == 0] == 1).all()
    assert len({tuple(shadow) for shadow in both[:, 1:].T}) == (1 if len(np.unique(owner)) == 1 else 5)


def test_a_single_column_is_judged_against_several_shadows():
    x, y = drawn(0)
    assert boruta_shap(x[:, :1], y, rounds=15).tolist() == ["confirmed"]
    assert boruta_shap(x[:, 1:2], y, rounds=15).tolist() != ["confirmed"]


@pytest.mark.parametrize("x", [np.ones((60, 2)), np.random.default_rng(0).normal(size=(60, 2))])
@pytest.mark.parametrize("classes", [1, 2])
def test_nothing_to_learn_confirms_nothing(x, classes):
    y = np.arange(60) % classes
    assert "confirmed" not in boruta_shap(x, y, rounds=6).tolist()


def test_importances_are_the_mean_absolute_shap_values():
    x, y = drawn(0, n=300)
    forest = ShapForest(n_estimators=10).fit(x, y)
    few = ShapForest(n_estimators=10, explained=100).fit(x, y).feature_importances_
    assert few == pytest.approx(forest.feature_importances_, rel=0.5)
    assert (few != forest.feature_importances_).any()
    assert forest.feature_importances_.shape == (6,)
    assert forest.feature_importances_.argmax() == 0
    assert (forest.feature_importances_ >= 0).all()
    again = ShapForest(n_estimators=10).fit(x[:, ::-1], y).feature_importances_
    assert again.argmax() == 5
