"""The blend: fitted weights where there are many users, near to equal ones where there are few."""

import numpy as np
import pytest

from churn.data import example_split
from churn.models import Blend, LightGBM, Logistic, Majority
from churn.models.blend import fitted_weights
from churn.statistics import log_loss

pytestmark = pytest.mark.slow


def noisy(n=4_000, seed=0):
    """Labels, the logit that made them, and two views of it, the first the better one."""
    rng = np.random.default_rng(seed)
    logit = rng.normal(0, 1.5, n)
    views = np.column_stack([logit + rng.normal(0, 0.7, n), logit + rng.normal(0, 1.4, n)])
    return (rng.random(n) < 1 / (1 + np.exp(-logit))).astype(np.int8), views


def loss(y, views, weights):
    return log_loss(y, 1 / (1 + np.exp(-views @ np.asarray(weights))))


def test_the_weights_of_many_users_minimise_the_log_loss():
    y, views = noisy()
    weights = fitted_weights(views, y, users=1_000_000)
    others = [(first, 1 - first) for first in np.linspace(0, 1, 101)]
    assert loss(y, views, weights) <= min(loss(y, views, other) for other in others) + 1e-6
    assert weights.sum() == pytest.approx(1) and (weights >= 0).all()


def test_models_that_are_nearly_alike_are_weighed_too():
    y, views = noisy()
    near = np.column_stack([views[:, 0], views[:, 0] + np.random.default_rng(1).normal(0, 0.15, len(y))])
    weights = fitted_weights(near, y, users=1_000_000)
    others = [(first, 1 - first) for first in np.linspace(0, 1, 101)]
    assert loss(y, near, weights) <= min(loss(y, near, other) for other in others) + 1e-6
    assert weights[0] > 0.6


def test_few_users_draw_the_weights_towards_equal_ones():
    y, views = noisy()
    first = [fitted_weights(views, y, users=users)[0] for users in (5, 50, 500, 50_000)]
    assert first == sorted(first)
    assert first[0] < 0.55 < 0.7 < first[-1]


def test_a_model_that_knows_nothing_gets_no_weight_from_many_users():
    y, views = noisy()
    known = np.column_stack([views[:, 0], np.zeros(len(y)), -views[:, 0]])
    assert fitted_weights(known, y, users=50_000)[2] == pytest.approx(0, abs=1e-3)


def test_a_blend_is_no_worse_on_half_a_than_each_of_its_members():
    split = example_split()
    members = [LightGBM(max_trees=20).fit(split, target="churn"), Logistic().fit(split, target="churn")]
    blend, half_a = Blend(members=members).weighted(split, target="churn"), split.val_a
    y = half_a.label("churn")
    alone = [log_loss(y, model.predict_proba(half_a)) for model in members]
    equal = Blend([0.5, 0.5], members)
    assert log_loss(y, blend.predict_proba(half_a)) <= min([*alone, log_loss(y, equal.predict_proba(half_a))]) + 0.02
    one = Blend([1.0, 0.0], members).predict_proba(split.test)
    assert np.allclose(one, members[0].predict_proba(split.test))


def test_a_certain_member_does_not_make_the_blend_certain():
    split = example_split()
    sure = Majority().fit(split, target="churn")
    sure.rate = 1.0
    blend = Blend([0.5, 0.5], [sure, Majority().fit(split, target="churn")])
    assert (blend.predict_proba(split.test) < 1).all()
