import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from churn.segments.behaviour.nulls import OneKind, shuffled
from churn.segments.behaviour.stability import clustered, scaler, search

pytestmark = pytest.mark.slow

KINDS = np.array([[2, 2, 20, 1, 5], [20, 10, 2, 1, 5], [1, 1, 1, 1, 40]])
LEVELS = np.array([0.5, 1, 2, 0, -1])


def planted(seed, n=240):
    rng = np.random.default_rng(seed)
    kind = rng.integers(0, len(KINDS), n)
    return rng.poisson(KINDS[kind] * np.exp(rng.normal(0, 0.3, (n, 5)))).astype(float), kind


def lively(seed, n=240):
    """Users who differ in how active they are, and beside that in nothing but chance."""
    rng = np.random.default_rng(seed)
    rates = np.exp(rng.normal(0, 1, (n, 1)) + rng.normal(LEVELS, 0.5, (n, 5)))
    return rng.poisson(rates).astype(float)


def independent(seed, n=240):
    rng = np.random.default_rng(seed)
    return rng.poisson(np.exp(rng.normal(LEVELS, 1, (n, 5)))).astype(float)


@pytest.mark.parametrize("seed", range(4))
def test_planted_groups_are_found_in_their_number(seed):
    counts, kind = planted(seed)
    found = search(counts, most=5, seed=seed)
    assert found.number == 3
    points = scaler(counts).transform(np.log1p(counts))
    assert adjusted_rand_score(kind, clustered(points, 3, seed=seed).labels_) > 0.9


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("crowd", [lively, independent])
def test_a_continuous_crowd_has_no_groups(crowd, seed):
    found = search(crowd(seed), most=5, seed=seed)
    assert found.number == 1
    assert found.table.groups.tolist() == [2, 3, 4, 5]


def test_a_lively_half_is_stable_and_yet_no_group():
    """What shuffling alone would take for a group."""
    two = search(lively(0), most=2).table.iloc[0]
    assert two.stability > 0.8 > two.shuffled
    assert two.explained > two.explained_shuffled + 0.05
    assert not two.beats_both


def test_the_same_seed_finds_the_same():
    counts, _ = planted(1)
    first, second = (search(counts, most=3, seed=5).table for _ in range(2))
    assert first.equals(second)


@pytest.mark.parametrize("counts", [np.ones((1, 2)), np.zeros((0, 2)), np.zeros((200, 0)), np.ones((59, 3))])
def test_of_too_little_nothing_is_looked_for(counts):
    found = search(counts, most=8)
    assert (found.number, len(found.table), found.n_users) == (1, 0, len(counts))


def test_users_of_two_patterns_alone_warn_of_nothing():
    counts = np.repeat([[0.0, 9, 0], [9, 0, 9]], 60, axis=0)
    assert search(counts, most=4).number == 2


def test_no_group_is_left_without_thirty_users_on_average():
    assert search(planted(0, n=100)[0], most=8).table.groups.tolist() == [2, 3]


def test_shuffling_keeps_each_column_and_breaks_their_ties():
    counts = np.repeat(np.arange(200.0)[:, None], 2, axis=1)
    found = shuffled(counts, np.random.default_rng(0))
    assert (np.sort(found, axis=0) == counts).all()
    assert abs(np.corrcoef(found.T)[0, 1]) < 0.3


@pytest.mark.parametrize("rates", ["lognormal", "gamma"])
def test_users_of_one_kind_have_the_moments_of_the_logarithms(rates):
    counts, rng = np.log1p(lively(3, n=2000)), np.random.default_rng(0)
    drawn = np.log1p(OneKind.like(lively(3, n=2000), rng, rates=rates).draw(5000, rng))
    assert np.abs(drawn.mean(axis=0) - counts.mean(axis=0)).max() < 0.12
    assert np.abs(drawn.std(axis=0) / counts.std(axis=0) - 1).max() < 0.12
    assert np.abs(np.corrcoef(drawn.T) - np.corrcoef(counts.T)).max() < 0.12
