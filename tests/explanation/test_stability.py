from itertools import pairwise

import numpy as np
import pytest

from churn.explanation.boruta_shap import VERDICTS
from churn.explanation.stability import Relevance, _blocks, stable_relevance

pytestmark = pytest.mark.slow


def drawn(seed=0, n=1200):
    """A driver, one that drives in the second half of the time alone, and two columns of noise."""
    rng = np.random.default_rng(seed)
    x, cutoff = rng.normal(size=(n, 4)), rng.permutation(n) // 20
    late = cutoff >= np.median(cutoff)
    y = (2 * x[:, 0] + 3 * late * x[:, 1] + 0.5 * rng.normal(size=n) > 0).astype(int)
    return x, y, {"users": np.arange(n), "cutoff": cutoff}


@pytest.fixture(scope="module")
def judged():
    x, y, more = drawn()
    return stable_relevance(x, y, **more, rounds=20, seeds=2)


def test_a_driver_is_confirmed_by_all_runs(judged):
    assert judged.verdict[0] == "confirmed"
    assert judged.stability[0] == 1
    assert judged.unjudged == ""


def test_what_drives_at_one_time_alone_is_not_stable(judged):
    assert judged.verdict[1] == "tentative"
    assert judged.stability[1] < 1


def test_noise_is_not_confirmed(judged):
    assert "confirmed" not in judged.verdict[2:].tolist()


@pytest.mark.parametrize(
    ("votes", "verdict", "stability"),
    [
        ("cccccc", "confirmed", 1),
        ("ccccct", "confirmed", 5 / 6),
        ("rrrrct", "rejected", 2 / 3),
        ("tttttt", "tentative", 1),
        ("cccrrr", "tentative", 0),
        ("ccctttr", "tentative", 3 / 7),
        ("ccrrtt", "tentative", 1 / 3),
        ("cctr", "confirmed", 1 / 2),
        ("r", "rejected", 1),
    ],
)
def test_most_votes_win_and_a_tie_is_tentative(votes, verdict, stability):
    words = {word[0]: word for word in VERDICTS}
    found = Relevance.of(np.array([[words[vote]] for vote in votes]))
    assert found.verdict.tolist() == [verdict]
    assert found.stability.tolist() == pytest.approx([stability])


@pytest.mark.parametrize("blocks", [1, 2, 3])
def test_blocks_are_consecutive_and_of_much_the_same_size(blocks):
    cutoff = np.random.default_rng(0).integers(0, 90, 900)
    found = _blocks(cutoff, blocks)
    assert sorted(np.concatenate(found)) == list(range(900))
    assert all(cutoff[a].max() < cutoff[b].min() for a, b in pairwise(found))
    assert all(abs(len(block) - 900 / blocks) < 60 for block in found)
    assert all((np.diff(block) > 0).all() for block in found)


def test_a_block_with_one_class_has_no_vote():
    x, y, more = drawn()
    y = np.where(more["cutoff"] < 30, 0, y)
    found = stable_relevance(x, y, **more, rounds=15, seeds=2)
    assert found.verdict[:2].tolist() == ["confirmed", "confirmed"]
    assert found.stability[:2].tolist() == [1, 1]


def test_blocks_that_are_too_small_each_are_judged_as_one():
    x, y, more = drawn(n=60)
    found = stable_relevance(x, y, **more, rounds=10, seeds=1)
    assert found.unjudged == ""
    assert found.stability.tolist() == [1] * 4


def test_windows_of_a_single_day_are_one_block():
    x, y, more = drawn(n=400)
    found = stable_relevance(x, y, users=more["users"], cutoff=np.zeros(400, int), rounds=15, seeds=1)
    assert found.verdict[0] == "confirmed"


@pytest.mark.parametrize(
    ("y", "reason"),
    [(np.arange(10) % 2, "10 windows, fewer than 40"), (np.ones(90, int), "all windows have the same label")],
)
def test_what_cannot_be_judged_is_said_with_its_reason(y, reason):
    rows = np.arange(len(y))
    found = stable_relevance(np.random.default_rng(0).normal(size=(len(y), 3)), y, users=rows, cutoff=rows)
    assert reason in found.unjudged
    assert found.verdict.tolist() == ["tentative"] * 3
    assert np.isnan(found.stability).all()


def test_the_same_seed_says_the_same():
    x, y, more = drawn(n=400)
    first, again = (stable_relevance(x, y, **more, rounds=8, seeds=1, seed=3) for _ in range(2))
    assert (first.verdict == again.verdict).all()
    assert (first.stability == again.stability).all()
