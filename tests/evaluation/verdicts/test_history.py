from dataclasses import replace

import numpy as np
import pytest

from churn.data import FEATURES
from churn.evaluation import Contestant, VerdictConfig
from churn.evaluation.verdicts.history import history
from churn.models import LightGBM, Majority

pytestmark = pytest.mark.slow

QUICK = Contestant(LightGBM, {"max_trees": 5, "history_days": 2})
CHEAP = VerdictConfig(windows=6000, repetitions=100, histories=[3, 14])


def row(verdict, variant):
    return verdict.table[verdict.table.variant == variant].iloc[0]


def test_history_planted_ten_days_back_needs_two_weeks(dataset_of, inquiry_of):
    rng = np.random.default_rng(7)
    acts = rng.random((600, 16)) < 0.5  # on every tenth day a user acts, or not, as on the one before
    for slot in range(1, 16):
        acts[:, slot] = acts[:, slot - 1] ^ (rng.random(600) < 0.05)
    counts = np.zeros((600, 160), int)
    counts[np.arange(600)[:, None], np.arange(16) * 10 + rng.integers(0, 10, (600, 1))] = acts
    dataset = dataset_of(counts, windows={"at_risk_days": 30})
    verdict = history(inquiry_of(dataset, config=replace(CHEAP, histories=[3, 7, 14])))
    assert verdict.sentence.startswith("All 14 days of history help: with 7,")
    assert row(verdict, "14 days").difference_high < -0.05


def test_one_day_is_enough_where_tomorrow_depends_on_today_alone(dataset_of, inquiry_of):
    rng = np.random.default_rng(8)
    active = np.zeros((500, 120), bool)
    active[:, 0] = True
    for day in range(1, 120):
        active[:, day] = rng.random(500) < np.where(active[:, day - 1], 0.9, 0.06)
    dataset = dataset_of(active.astype(int), windows={"history_days": 3})
    verdict = history(inquiry_of(dataset, config=replace(CHEAP, histories=[1, 7])))
    assert verdict.sentence.startswith("A history of 1 day is enough, as far as can be seen: LightGBM's")
    assert verdict.table.variant.tolist() == ["1 day", "3 days", "7 days"]


def test_every_length_is_seen_on_the_same_windows(steady, inquiry_of):
    seen = []

    class Watched(LightGBM):
        def fit(self, split, *, target, seed=0, report=None):
            seen.append(split)
            return super().fit(split, target=target, seed=seed, report=report)

    few = replace(CHEAP, windows=500)
    verdict = history(inquiry_of(steady, contestants=[Contestant(Watched, QUICK.arguments)], config=few))
    assert [split.train.history_days for split in seen] == [3, 7, 14]
    for part in ("train", "val", "test"):
        first, *rest = [split.part(part) for split in seen]
        for windows in rest:
            assert np.array_equal(windows.user, first.user)
            assert np.array_equal(windows.cutoff, first.cutoff)
            assert np.array_equal(windows.history()[:, -3:], first.history())
        assert first.cutoff.min() >= 14
    assert verdict.table.reference.tolist() == [False, True, False]
    assert verdict.table.log_loss.nunique() == 3, "the contestant's own two days must give way"
    assert set(np.unique(seen[0].test.cutoff)) <= set(np.unique(steady.split().test.cutoff))


def test_lengths_that_do_not_fit_are_left_out(steady, inquiry_of):
    verdict = history(inquiry_of(steady, contestants=[QUICK], config=replace(CHEAP, histories=[3, 14, 50, 90])))
    assert verdict.table.variant.tolist() == ["3 days", "7 days", "14 days"]


def test_note_says_which_features_reach_back_further(steady, inquiry_of):
    since = next(feature for feature in FEATURES if feature.name == "days_since_activity")
    reaching = replace(steady, windows=replace(steady.windows, derived=(since,)))
    few = replace(CHEAP, windows=300)
    assert "days_since_activity" in history(inquiry_of(reaching, contestants=[QUICK], config=few)).note
    assert "days_since_activity" not in history(inquiry_of(steady, contestants=[QUICK], config=few)).note


def test_configured_length_alone_is_refused(steady, inquiry_of, refused):
    with refused("several lengths of history", "7 days alone", "verdicts.histories"):
        history(inquiry_of(steady, config=replace(CHEAP, histories=[7, 110])))


def test_length_is_enough_only_if_no_longer_one_is_clearly_worse():
    from churn.evaluation.verdicts.history import _sentence
    from churn.statistics import Interval

    level, worse = Interval(0.001, -0.002, 0.004), Interval(0.02, 0.01, 0.03)
    assert "history of 14 days is enough" in _sentence("GRU", {3: level, 7: worse, 14: level}, longest=28)
    assert "while 3 and 7 are clearly worse" in _sentence("GRU", {3: worse, 7: worse, 14: level}, longest=28)
    assert "All 28 days" in _sentence("GRU", {3: level, 7: level, 14: worse}, longest=28)


def test_model_that_looks_at_no_history_cannot_tell_how_much_is_enough(steady, inquiry_of):
    verdict = history(inquiry_of(steady, contestants=[Contestant(Majority, {})], config=replace(CHEAP, windows=500)))
    assert verdict.sentence.startswith("Cannot be told by Majority")


def test_note_says_that_the_answer_was_read_off_the_test_windows(steady, inquiry_of):
    note = history(inquiry_of(steady, contestants=[QUICK], config=replace(CHEAP, windows=500))).note
    assert "a run with another length needs later ones to be measured on" in note
    assert "by chance alone" in note
