import numpy as np
import pytest

from churn.data import example_dataset, example_split
from churn.evaluation import Contestant, VerdictConfig
from churn.evaluation.verdicts.measures import COLUMNS, compare, tabulate
from churn.evaluation.verdicts.trials import Inquiry, Trial, attempt, best, few, places, thinned
from churn.models import LightGBM, Logistic, Majority
from churn.statistics import metric_intervals, paired_difference


class BySeed(Majority):
    """Says a number that only the seed decides."""

    def __init__(self, base=0.1):
        self.base = base

    def fit(self, split, *, target, seed=0, report=None):
        super().fit(split, target=target, seed=seed, report=report)
        self.rate = self.base + 0.1 * seed
        return self


@pytest.fixture
def inquiry():
    return Inquiry(example_dataset(), "churn", (), VerdictConfig(seeds=3, repetitions=40, windows=300), seed=2)


def trial(test, p, *, variant="a", loss_a=1.0, model="GRU"):
    return Trial(model, variant, test, test.answers, np.array([p]), loss_a)


def test_probabilities_of_the_seeds_are_averaged(inquiry):
    found = attempt(Contestant(BySeed, {"base": 0.2}), example_split(), inquiry=inquiry, variant="a")
    assert found.each[:, 0] == pytest.approx([0.4, 0.5, 0.6])
    assert found.p == pytest.approx(np.full(len(example_split().test), 0.5))
    assert found.loss_a == pytest.approx(np.log(2))


def test_choice_is_by_validation_not_by_test(inquiry):
    test = example_split().test
    right, wrong = (np.where(test.answers == side, 0.9, 0.1) for side in (1, 0))
    trials = [trial(test, right, loss_a=0.5), trial(test, wrong, loss_a=0.4), trial(test, right, variant="b", loss_a=0)]
    assert best(trials, "a") is trials[1]


def test_table_holds_the_intervals_of_the_statistics_room(inquiry):
    test, rng = example_split().test, np.random.default_rng(0)
    trials = [trial(test, rng.random(len(test)), variant=name) for name in ("first", "second")]
    table = tabulate("order", trials, inquiry=inquiry, reference="first")
    assert tuple(table.columns) == COLUMNS
    row = table.iloc[1]
    alone = metric_intervals(test.answers, trials[1].p, users=test.user, repetitions=40, seed=2)
    for name, interval in alone.items():
        if name in ("ap", "roc_auc", "log_loss"):
            assert (row[name], row[f"{name}_low"], row[f"{name}_high"]) == (interval.value, interval.low, interval.high)
    both = paired_difference(test.answers, trials[1].p, p_b=trials[0].p, users=test.user, repetitions=40, seed=2)
    gap = both["log_loss"]
    assert (row.difference, row.difference_low, row.difference_high) == (gap.value, gap.low, gap.high)
    assert (row.n_windows, row.n_users, row.base_rate) == (len(test), len(set(test.user)), test.answers.mean())
    assert table.reference.tolist() == [True, False]


def test_trials_on_other_windows_are_not_compared(inquiry):
    test = example_split().test
    p = np.full(len(test), 0.5)
    other = test.take(np.arange(len(test) - 1))
    with pytest.raises(ValueError, match="same windows"):
        compare(trial(test, p), trial(other, p[1:], variant="b"), inquiry)


def test_draw_is_of_the_size_asked_in_order_and_the_same_again():
    train = example_split().train
    drawn = few(train, 200, seed=1)
    assert len(drawn) == 200
    assert (np.diff(places(drawn)) > 0).all()
    assert np.array_equal(places(drawn), places(few(train, 200, seed=1)))
    assert not np.array_equal(places(drawn), places(few(train, 200, seed=2)))
    assert few(train, len(train), seed=1) is train


def test_thinned_split_keeps_half_a_alone_and_leaves_the_caller_its_own(inquiry):
    whole = example_split()
    thin = thinned(whole, inquiry)
    assert (len(thin.train), len(thin.val)) == (300, 75)
    assert len(thin.test) == min(300, len(whole.test))
    assert len(thin.score) == 0
    assert np.isin(places(thin.val), places(whole.val_a)).all()
    assert np.array_equal(places(thin.val_a), places(thin.val))


def test_contestant_gets_arguments_replaced_without_losing_the_rest():
    contestant = Contestant(LightGBM, {"max_trees": 5, "history_days": 3})
    assert contestant.given({"history_days": None}).arguments == {"max_trees": 5, "history_days": None}
    assert contestant.arguments["history_days"] == 3
    assert Contestant(Logistic, {}).name == "Logistic"
