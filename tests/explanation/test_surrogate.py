from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit, logit

from churn.artefacts import atomic
from churn.data import example_split, user_share
from churn.errors import UserError
from churn.explanation import Surrogate, contributions, explain

pytestmark = pytest.mark.slow

DAY = -3


@pytest.fixture(scope="module")
def windows():
    return example_split().train


@pytest.fixture(scope="module")
def planted(windows):
    """Own posts three days before the cutoff lower the probability, fans' comments on the day before raise it."""
    posts, comments = windows.history()[:, DAY, 0], windows.history()[:, -1, 1]
    return expit(0.5 - np.minimum(posts, 4) + 0.3 * np.minimum(comments, 3))


@pytest.fixture(scope="module")
def surrogate(windows, planted):
    return explain(windows, planted, trees=40)


def held_out(windows):
    return windows.take(user_share(windows.panel.users)[windows.user] < 0.25)


def test_every_rows_shap_values_add_up_to_the_trees_prediction(windows, surrogate):
    told = surrogate.booster.predict(held_out(windows).flat())
    summed = surrogate.shap.sum(axis=(1, 2)) + surrogate.base
    assert len(told) == len(summed) > 300
    assert np.abs(summed - told).max() <= 1e-4
    assert np.ptp(told) > 1


def test_shap_values_equal_lightgbms_own(windows, surrogate):
    own = surrogate.booster.predict(held_out(windows).flat(), pred_contrib=True)
    np.testing.assert_array_equal(surrogate.shap.reshape(len(own), -1), own[:, :-1])
    assert surrogate.base == own[0, -1]


def test_values_lie_on_the_day_and_feature_that_they_belong_to(windows, surrogate):
    names = windows.flat_features()
    gain = surrogate.booster.feature_importance("gain")
    feature, day = names[int(gain.argmax())]
    assert (feature, day) == ("own_post", DAY)
    top = surrogate.by_day().iloc[0]
    assert (top.feature, top.day) == ("own_post", DAY)


def test_the_explained_rows_are_the_held_out_users_own(windows, surrogate):
    assert (surrogate.values == held_out(windows).history()).all()
    assert (surrogate.totals == held_out(windows).summary()).all()


def test_what_is_easily_imitated_has_a_fidelity_near_one(surrogate, windows):
    fidelity, test = surrogate.fidelity, held_out(windows)
    assert fidelity.r2 > 0.97
    assert fidelity.spearman > 0.95
    assert fidelity.top_tenth > 0.6
    assert (fidelity.n_users, fidelity.n_windows) == (len(np.unique(test.user)), len(test))


def test_random_probabilities_cannot_be_imitated(windows):
    p = np.random.default_rng(0).uniform(size=len(windows))
    fidelity = explain(windows, p, trees=15).fidelity
    assert fidelity.r2 < 0.05
    assert abs(fidelity.spearman) < 0.2
    assert fidelity.top_tenth < 0.4


def test_what_can_only_be_learnt_by_heart_is_not_imitated_since_held_out_users_were_not_trained_on(windows):
    """Each user wears a number of their own and has a probability that nothing explains."""
    rng = np.random.default_rng(0)
    panel, users = windows.panel, len(windows.panel.users)
    values = np.array(panel.counts)
    length = panel.last - panel.first + 1
    values[1:, 0] = np.repeat(rng.permutation(users) + 1, length)
    dressed = replace(windows, panel=replace(panel, counts=values))
    p = expit(rng.normal(size=users))[dressed.user]
    found = explain(dressed, p, trees=40)
    share = user_share(panel.users)[dressed.user]
    known = share >= 0.25
    told = found.booster.predict(dressed.flat())
    r2 = 1 - ((logit(p) - told)[known] ** 2).sum() / ((logit(p)[known] - logit(p)[known].mean()) ** 2).sum()
    assert r2 > 0.6, "the users trained on must have been learnt by heart"
    assert found.fidelity.r2 < 0.1


@pytest.mark.parametrize("p", [0.5, 0.36, 0.123, 0.0, 1.0])
def test_a_constant_probability_has_no_fidelity_and_no_drivers(windows, p):
    found = explain(windows, np.full(len(windows), p), trees=3)
    assert np.isnan(found.fidelity.r2)
    assert np.isnan(found.fidelity.spearman)
    assert found.shap == pytest.approx(0, abs=1e-9)
    assert set(found.by_feature().direction) == {"mixed"}


def test_probabilities_of_zero_and_one_are_no_trouble(windows):
    found = explain(windows, (windows.history()[:, DAY, 0] == 0).astype(float), trees=20)
    assert np.isfinite(found.shap).all()
    assert found.fidelity.r2 > 0.9


def test_directions_are_those_that_were_planted(surrogate):
    table = surrogate.by_feature().set_index("feature")
    assert table.direction["own_post"] == "lowers"
    assert table.direction["fan_comment"] == "raises"
    by_day = surrogate.by_day().set_index(["feature", "day"])
    assert by_day.direction["own_post", DAY] == "lowers"
    assert by_day.direction["fan_comment", -1] == "raises"


def test_a_days_direction_is_about_that_day_and_not_about_the_whole_history():
    day = np.linspace(0, 1, 50)
    values = np.stack([day, -3 * day], axis=1)[:, :, None]
    shap = np.stack([day, 0 * day], axis=1)[:, :, None]
    found = Surrogate(None, ("own_post",), None, None, shap, values, values.sum(axis=1), 0.0).by_day().set_index("day")
    assert found.direction[-2] == "raises"
    assert found.direction[-1] == "mixed"


def test_by_day_finds_the_planted_days(surrogate):
    table = surrogate.by_day()
    own = table[table.feature == "own_post"].set_index("day").mean_abs_shap
    assert own.idxmax() == DAY
    assert own.drop(DAY).max() < 0.1 * own[DAY]
    assert table[table.feature == "fan_comment"].set_index("day").mean_abs_shap.idxmax() == -1


def test_ranks_run_from_one_down_the_mean_absolute_values(surrogate, windows):
    for table, n in ((surrogate.by_feature(), 4), (surrogate.by_day(), 4 * windows.history_days)):
        assert table["rank"].tolist() == list(range(1, n + 1))
        assert table.mean_abs_shap.is_monotonic_decreasing
    expected = np.abs(surrogate.shap.sum(axis=1)).mean(axis=0)
    table = surrogate.by_feature().set_index("feature")
    assert table.mean_abs_shap[list(surrogate.features)].to_numpy() == pytest.approx(expected)


def test_saved_trees_explain_as_those_in_memory_do(surrogate, windows, tmp_path):
    surrogate.save(tmp_path / "surrogate")
    again = contributions(tmp_path / "surrogate", held_out(windows))
    assert again.shape == surrogate.shap.shape
    assert again == pytest.approx(surrogate.shap, abs=1e-9)


def test_what_the_model_does_not_see_has_no_part_in_its_explanation(windows, planted, tmp_path):
    seen = windows.only(["own_post", "fan_comment"]).recent(3)
    found = explain(seen, planted, trees=20)
    assert found.shap.shape[1:] == (3, 2)
    found.save(tmp_path / "surrogate")
    again = contributions(tmp_path / "surrogate", held_out(windows))
    assert again.shape == (*found.shap.shape[:1], windows.history_days, len(windows.features))
    places = [windows.features.index(name) for name in seen.features]
    assert again[:, -3:, places] == pytest.approx(found.shap, abs=1e-9)
    assert np.abs(again).sum() == pytest.approx(np.abs(found.shap).sum())


def test_no_surrogate_where_none_was_saved_is_an_error(windows, tmp_path, refused):
    with refused("saved surrogate", "no seen.json", "again"):
        contributions(tmp_path, windows)


def test_a_surrogate_of_another_target_or_of_other_trees_is_refused(surrogate, windows, tmp_path, refused):
    with atomic(tmp_path / "surrogate") as scratch:
        surrogate.save(scratch, target="sticker")
    with refused("target churn", "sticker", "bring it back"):
        contributions(tmp_path / "surrogate", windows, target="churn")
    with (tmp_path / "surrogate" / "trees.txt").open("a") as file:
        file.write("\n")
    with refused("trees.txt as it was written", "another content", "bring it back"):
        contributions(tmp_path / "surrogate", windows, target="sticker")


def test_no_windows_have_no_contributions(surrogate, windows, tmp_path):
    surrogate.save(tmp_path / "surrogate")
    assert contributions(tmp_path / "surrogate", windows.take(np.empty(0, np.int64))).shape[0] == 0


def test_a_single_window_can_be_explained(surrogate, windows, tmp_path):
    surrogate.save(tmp_path / "surrogate")
    one = contributions(tmp_path / "surrogate", held_out(windows).take(np.array([7])))
    assert one[0] == pytest.approx(surrogate.shap[7], abs=1e-9)


def test_a_sample_limits_what_is_explained_but_not_what_is_judged(windows, planted, surrogate):
    found = explain(windows, planted, sample=50, trees=40)
    assert found.shap.shape == (50, windows.history_days, 4)
    assert found.fidelity == surrogate.fidelity


def test_the_same_seed_grows_the_same_trees(windows, planted):
    first, second = (explain(windows, planted, trees=5, seed=3) for _ in range(2))
    assert (first.shap == second.shap).all()


def test_one_user_is_too_few(windows, planted, refused):
    one = windows.user == windows.user[0]
    with refused("enough users", "1 users", "load more"):
        explain(windows.take(one), planted[one])


def test_users_of_whom_none_falls_into_the_quarter_are_too_few(windows, planted):
    known = user_share(windows.panel.users)[windows.user] >= 0.25
    with pytest.raises(UserError):
        explain(windows.take(known), planted[known])
