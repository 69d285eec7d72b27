from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from churn.data import SplitConfig, WindowConfig
from churn.evaluation import Contestant
from churn.evaluation.verdicts.collinear import _sentence, collinear
from churn.models import LightGBM, Majority
from churn.statistics import Interval

from .conftest import CHEAP

pytestmark = pytest.mark.slow

TREES = Contestant(LightGBM, {"max_trees": 100, "feature_fraction": 1.0})  # which copies cannot help by being drawn


@pytest.fixture
def told(prepared, inquiry_of):
    """The verdict on a log of several kinds of events, each a matrix of counts, (u, d)."""

    def verdict(*contestants, **counts):
        tables = []
        for event, matrix in counts.items():
            user, day = np.nonzero(matrix)
            n = matrix[user, day]
            when = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.repeat(day, n), unit="D")
            names = [f"user{number:04}" for number in np.repeat(user, n)]
            tables.append(pd.DataFrame({"user_id": names, "event": event, "timestamp": when}))
        config = {"windows": WindowConfig(), "split": SplitConfig()}
        dataset = prepared({"events": pd.concat(tables, ignore_index=True)}, **config)
        return collinear(inquiry_of(dataset, config=replace(CHEAP, windows=4000), contestants=contestants or [TREES]))

    return verdict


@pytest.fixture(scope="module")
def lives():
    """Whether each user is alive on each day, (u, d), and many posts for each day of life."""
    rng = np.random.default_rng(3)
    alive = np.empty((400, 110), bool)
    alive[:, 0] = True
    for day in range(1, 110):
        alive[:, day] = np.where(alive[:, day - 1], rng.random(400) < 0.95, rng.random(400) < 0.05)
    posts = rng.poisson(rng.gamma(1, 12, (400, 1)) + 1, (400, 110))
    return alive, np.where(alive, posts, 0)


def test_a_column_that_repeats_another_does_not_matter(told, lives):
    _, posts = lives
    verdict = told(post=posts, repeat=posts)
    assert verdict.sentence == (
        "The collinear columns do not matter: without own_repeat, LightGBM says the same of everyone."
    )
    assert "Of 2 columns, 1 were removed" in verdict.note
    assert verdict.table.variant.tolist() == ["every column", "without collinear ones"]


def test_a_column_that_differs_by_a_little_matters_where_all_depends_on_the_little(told, lives):
    alive, posts = lives
    lasting = np.zeros_like(posts)  # whether the user is alive on any of the next seven days
    lasting[:, :-7] = np.max([alive[:, 1 + day : alive.shape[1] - 6 + day] for day in range(7)], axis=0)
    verdict = told(post=posts, near=np.where(posts > 0, posts + lasting, 0))
    assert verdict.sentence.startswith("The collinear columns matter: without own_")
    assert verdict.table.set_index("variant").difference_low["without collinear ones"] > 0


def test_where_no_column_is_collinear_there_is_nothing_to_compare(told, lives):
    _, posts = lives
    verdict = told(post=posts)
    assert verdict.sentence == "No column is collinear, so nothing hangs on it."
    assert verdict.table.empty


@pytest.mark.parametrize(
    ("gap", "words"),
    [
        (Interval(0.01, 0.005, 0.02), "The collinear columns matter: without b and c, GRU's log loss rises by 0.010"),
        (Interval(-0.01, -0.02, -0.005), "The collinear columns do harm here: without b and c, GRU's log loss falls"),
        (
            Interval(0.001, 0.0005, 0.0015),
            "The collinear columns do not matter, as far as can be seen: without b and c",
        ),
        (Interval(0.01, -0.005, 0.02), "The collinear columns do not matter, as far as can be seen: without b and c"),
    ],
)
def test_the_sentence_follows_the_interval(gap, words):
    assert _sentence("GRU", gap, ["b", "c"]).startswith(words)


def test_to_a_model_that_reads_no_column_none_matters(told, lives):
    _, posts = lives
    sentence = told(Contestant(Majority, {}), post=posts, repeat=posts).sentence
    assert sentence.startswith("The collinear columns do not matter: without own_repeat, Majority")
