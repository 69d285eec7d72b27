import numpy as np
import pandas as pd
import pytest

from churn.outcomes.lists import list_stability

pytestmark = pytest.mark.slow


def day(users, listed, *, date="2024-03-01", scores=None):
    scores = np.arange(len(users), 0, -1) if scores is None else scores
    segment = ["priority" if user in listed else "other" for user in users]
    columns = {"user_id": list(users), "cutoff": pd.Timestamp(date), "priority": scores, "segment": segment}
    return pd.DataFrame(columns)


def held(first, second):
    return list_stability(first, second, rank_by="priority", compared_with="the next").iloc[0]


def test_users_who_left_the_list_are_told_from_those_who_are_no_longer_at_risk():
    row = held(day("abcdef", "abcd"), day("abcxyz", "axy", date="2024-03-08"))
    assert (row.n_list, row.n_other, row.n_both, row.days) == (4, 3, 1, 7)
    assert row.jaccard == pytest.approx(1 / 6)
    assert row.jaccard_at_risk == pytest.approx(1 / 3)  # a, b and c stood on either
    assert (row.stayed, row.left_list, row.left_risk, row.n_common) == (0.25, 2, 1, 3)


def test_lists_drawn_at_random_agree_as_chance_has_it():
    rng, users = np.random.default_rng(0), [f"u{place}" for place in range(60)]
    drawn = [held(*(day(users, set(rng.choice(users, 15, replace=False))) for _ in range(2))) for _ in range(400)]
    assert np.mean([row.jaccard for row in drawn]) == pytest.approx(drawn[0].jaccard_by_chance, abs=0.01)


def test_kendall_is_of_all_users_scored_twice():
    first = day("abcd", "a")
    assert held(first, day("abcd", "a")).kendall == 1
    assert held(first, day("abcd", "a", scores=[1, 2, 3, 4])).kendall == -1
    assert np.isnan(held(first, day("abcd", "a", scores=[1, 1, 1, 1])).kendall)


def test_empty_lists_and_users_without_anything_in_common_are_undefined_and_no_crash():
    row = held(day("ab", ""), day("cd", ""))
    assert (row.n_list, row.n_both, row.n_common) == (0, 0, 0)
    assert np.isnan([row.jaccard, row.jaccard_by_chance, row.jaccard_at_risk, row.stayed, row.kendall]).all()
