import numpy as np
import pytest

from churn.evaluation import VerdictConfig
from churn.evaluation.verdicts.split import rival_splits, split
from churn.evaluation.verdicts.trials import places

pytestmark = pytest.mark.slow

KINDS = ("time", "user_time", "user", "random")


def gap(verdict, variant):
    row = verdict.table[verdict.table.variant == variant].iloc[0]
    return row.difference, row.difference_low, row.difference_high


@pytest.fixture(scope="module")
def outages(dataset_of):
    """All users fall silent together for days of chance, and tenure tells the date."""
    rng = np.random.default_rng(4)
    on, edges = np.ones(200, bool), np.sort(rng.choice(np.arange(8, 200), 24, replace=False))
    for begin, end in zip(edges[::2], edges[1::2], strict=True):
        on[begin:end] = False
    counts = (on & (rng.random((300, 200)) < 0.6)).astype(int)
    counts[:, 0] = 1
    return dataset_of(counts, features=["tenure"])


@pytest.fixture(scope="module")
def uniform(dataset_of):
    """All users post at one rate, so there is nothing to know of a user or a day."""
    return dataset_of(np.random.default_rng(5).poisson(0.12, (500, 120)))


def test_random_split_pretends_where_days_tell_what_will_happen(outages, inquiry_of):
    verdict = split(inquiry_of(outages))
    assert verdict.sentence.startswith("A random split would have pretended a log loss of ")
    assert "honestly has" in verdict.sentence
    assert gap(verdict, "random")[2] < -0.1
    assert gap(verdict, "user")[2] < -0.1, "a split by users trains on the test's days too"


def test_random_split_pretends_nothing_where_there_is_nothing_to_know(uniform, inquiry_of):
    verdict = split(inquiry_of(uniform))
    assert verdict.sentence.startswith("A random split would have pretended nothing")
    assert abs(gap(verdict, "random")[0]) < 0.02


def test_reference_is_the_split_by_time(uniform, inquiry_of):
    table = split(inquiry_of(uniform)).table
    assert table.variant.tolist() == list(KINDS)
    assert table[table.reference].variant.tolist() == ["time"]
    assert table.difference.isna().tolist() == [True, False, False, False]


@pytest.mark.parametrize("windows", [2000, 100_000])
def test_all_four_have_the_same_test_windows_and_as_many_to_learn_from(steady, inquiry_of, windows):
    splits = rival_splits(inquiry_of(steady, config=VerdictConfig(windows=windows)))
    assert tuple(splits) == KINDS
    test = places(splits["time"].test)
    assert len(test) > 100
    for kind, each in splits.items():
        assert each.kind == kind
        assert np.array_equal(places(each.test), test)
        assert not np.isin(places(each.train), test).any()
        assert not np.isin(places(each.val), test).any()
        assert np.array_equal(places(each.val), places(each.val_a))
    for part in ("train", "val"):
        assert len({len(each.part(part)) for each in splits.values()}) == 1


def test_each_split_knows_what_its_kind_permits_and_no_more(steady, inquiry_of):
    splits = rival_splits(inquiry_of(steady, config=VerdictConfig(windows=4000)))
    test = splits["time"].test
    for kind, each in splits.items():
        for part in (each.train, each.val):
            same_users = np.isin(part.user, test.user)
            later = part.cutoff + part.horizon_days > test.cutoff.min()
            assert same_users.any() == (kind in ("time", "random"))
            assert later.any() == (kind in ("user", "random"))
    random = splits["random"].train
    neighbours = places(random.take(np.isin(random.user, test.user)))
    assert np.isin(neighbours, np.append(places(test) - 1, places(test) + 1)).any()


def test_test_windows_are_about_half_of_those_of_a_third_of_the_users(steady, inquiry_of):
    of_time = steady.split().test
    test = rival_splits(inquiry_of(steady))["time"].test
    assert np.isin(places(test), places(of_time)).all()
    assert 0.25 < len(np.unique(test.user)) / len(np.unique(of_time.user)) < 0.42
    whole = np.isin(of_time.user, test.user).sum()
    assert 0.4 < len(test) / whole < 0.6


@pytest.mark.parametrize("kind", ["random", "user", "user_time"])
def test_log_that_is_split_otherwise_is_asked_by_time_all_the_same(dataset_of, inquiry_of, kind):
    counts = np.random.default_rng(6).poisson(0.15, (200, 90))
    splits = rival_splits(inquiry_of(dataset_of(counts, split={"kind": kind})))
    by_time = dataset_of(counts).split()
    assert splits["time"].test.cutoff.min() == by_time.test.cutoff.min()
    assert splits["time"].kind == "time"


def test_embargo_holds_in_the_splits_over_time(dataset_of, inquiry_of):
    counts = np.random.default_rng(6).poisson(0.15, (300, 120))
    splits = rival_splits(inquiry_of(dataset_of(counts, split={"embargo_days": 3})))
    assert [each.embargo_days for each in splits.values()] == [3, 3, 0, 0]
    assert splits["time"].train.cutoff.max() + 7 + 3 <= splits["time"].val.cutoff.min()
