from dataclasses import replace

import numpy as np
import pytest

from churn.data import example_split
from churn.models import GRU, Ensemble, LightGBM, Selected, again_on, load

pytestmark = pytest.mark.slow

SEEN = ["own_post", "stickers_received"]


@pytest.fixture(scope="module")
def split():
    return example_split()


@pytest.fixture(scope="module")
def model(split):
    return Selected(SEEN, LightGBM(max_trees=10)).fit(split, target="churn", seed=3)


def test_it_says_what_the_model_alone_says_of_those_features(split, model):
    few = split.mapped(lambda windows: windows.only(SEEN))
    alone = LightGBM(max_trees=10).fit(few, target="churn", seed=3)
    assert np.array_equal(model.predict_proba(split.test), alone.predict_proba(few.test))
    assert model.steps == alone.steps


def test_what_it_does_not_see_changes_nothing(split, model):
    panel = split.test.panel
    unseen = [place for place, name in enumerate(panel.features) if name not in SEEN]
    counts = np.array(panel.counts)
    counts[:, unseen] = 9
    other = replace(split.test, panel=replace(panel, counts=counts))
    assert np.array_equal(model.predict_proba(other), model.predict_proba(split.test))
    counts[:, panel.features.index("own_post")] = 9
    assert not np.array_equal(model.predict_proba(other), model.predict_proba(split.test))


def test_a_saved_one_says_the_same(split, model, tmp_path):
    model.save(tmp_path / "model")
    again = load(tmp_path / "model")
    assert again.features == SEEN
    assert np.array_equal(again.predict_proba(split.test), model.predict_proba(split.test))


def test_it_learns_again_from_those_features(split, model):
    before = model.predict_proba(split.test)
    twin = again_on(SEEN, LightGBM(max_trees=10)).fit(split, target="churn", seed=3).refit(split.val, target="churn")
    assert twin.predict_proba(split.test).shape == before.shape
    assert not np.array_equal(twin.predict_proba(split.test), before)


def test_a_twin_of_several_fits_has_as_many_with_the_same_arguments(split, tmp_path):
    both = Ensemble([GRU(hidden_size=4, max_epochs=1), GRU(hidden_size=4, max_epochs=1)])
    twin = again_on(SEEN, both).fit(split, target="churn")
    assert twin.is_network
    assert [member.model.arguments["hidden_size"] for member in twin.members] == [4, 4]
    assert twin.members[0].model.n_features == 2
    twin.save(tmp_path / "model")
    np.testing.assert_allclose(load(tmp_path / "model").predict_proba(split.test), twin.predict_proba(split.test))


def test_a_feature_that_there_is_not_is_refused(split, refused):
    with refused("features out of own_post", "'own_pots'", "correct"):
        Selected(["own_pots"], LightGBM()).fit(split, target="churn")


def test_what_a_model_sees_are_its_features_and_days(split):
    both = again_on(SEEN, Ensemble([GRU(history_days=3), GRU(history_days=3)]))
    seen = both.sees(split.test)
    assert (seen.features, seen.history_days) == (("own_post", "stickers_received"), 3)
    assert LightGBM().sees(split.test) is split.test
