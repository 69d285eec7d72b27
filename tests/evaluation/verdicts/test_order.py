from dataclasses import replace

import numpy as np
import pytest

from churn.data import WindowConfig, example_split, slide
from churn.evaluation import Contestant
from churn.evaluation.verdicts.order import order
from churn.evaluation.verdicts.reordered import Permuted, Summed
from churn.models import GRU, LightGBM, Majority, Persistence

from .conftest import CHEAP, TREES

pytestmark = pytest.mark.slow

SMALL_GRU = Contestant(GRU, {"hidden_size": 8, "max_epochs": 8, "lr": 0.02, "batch_size": 512})


def gap(verdict, variant, model="LightGBM"):
    row = verdict.table[(verdict.table.variant == variant) & (verdict.table.model == model)].iloc[0]
    return row.difference, row.difference_low, row.difference_high


@pytest.fixture(scope="module")
def of_mortals(mortal, inquiry_of):
    return order(inquiry_of(mortal, contestants=(TREES, SMALL_GRU)))


def test_order_matters_where_users_fall_silent_for_long(of_mortals):
    assert of_mortals.sentence.startswith("Order matters: with the days of each history shuffled,")
    for model in ("LightGBM", "GRU"):
        for variant in ("days permuted", "last day only", "sums only"):
            assert gap(of_mortals, variant, model)[1] > 0


def test_order_does_not_matter_where_every_day_is_alike(steady, inquiry_of):
    verdict = order(inquiry_of(steady))
    assert verdict.sentence.startswith("Order does not matter here")
    _, low, high = gap(verdict, "days permuted")
    assert low < 0 < high
    assert gap(verdict, "last day only")[1] > 0
    assert gap(verdict, "sums only")[0] < 0.005


def test_order_does_harm_where_it_turns_round_in_the_test_part(dataset_of, inquiry_of):
    rng = np.random.default_rng(3)
    counts = np.zeros((400, 130), int)
    for user in range(400):
        day = int(rng.integers(0, 9))
        while day < 130:  # at first a day of posts is followed by eight without, later by more or by the end
            counts[user, day] = 1
            day += 9 if day < 95 else (1 if rng.random() < 0.85 else 20)
    verdict = order(inquiry_of(dataset_of(counts, split={"val_from": "2024-03-11", "test_from": "2024-04-08"})))
    assert verdict.sentence.startswith("Order does more harm than good here")
    assert "falls by 6." in verdict.sentence
    assert gap(verdict, "days permuted")[2] < 0


def test_table_compares_log_losses_on_the_same_windows(of_mortals):
    for _, table in of_mortals.table.groupby("model"):
        reference = table[table.reference]
        assert reference.variant.tolist() == ["days in order"]
        assert reference.difference.isna().all()
        rest = table[~table.reference]
        assert rest.difference.to_numpy() == pytest.approx((rest.log_loss - reference.log_loss.iloc[0]).to_numpy())
        assert table.n_windows.nunique() == table.base_rate.nunique() == 1


def test_shuffled_days_are_the_same_days_in_another_order():
    windows = example_split().train
    plain, shuffled = windows.history(), Permuted.of(windows).history()
    assert (np.sort(Permuted.of(windows).order(), axis=1) == np.arange(7)).all()
    assert not np.array_equal(plain, shuffled)

    def sorted_days(history):
        return np.array([day[np.lexsort(day.T)] for day in history])

    assert np.array_equal(sorted_days(plain[:300]), sorted_days(shuffled[:300]))


def test_each_window_has_an_order_of_its_own_and_keeps_it():
    permuted = Permuted.of(example_split().train)
    found = permuted.order()
    assert np.array_equal(found, permuted.order())
    some = np.arange(0, len(permuted), 7)
    assert isinstance(permuted.take(some), Permuted)
    assert np.array_equal(permuted.take(some).history(), permuted.history()[some])
    assert len(np.unique(found, axis=0)) > 0.25 * len(permuted)
    neighbours = permuted.user[1:] == permuted.user[:-1]
    assert (found[1:] == found[:-1]).all(axis=1)[neighbours].mean() < 0.01
    shares = np.array([np.bincount(found[:, place], minlength=7) for place in range(7)]) / len(found)
    assert np.abs(shares - 1 / 7).max() < 0.03


def test_sums_hold_every_day_once(panel_of):
    windows = slide(panel_of("1.2....3....", "x5x..x.2...."), WindowConfig(history_days=4, horizon_days=2))
    summed = Summed.of(windows)
    assert summed.history().shape == (len(windows), 1, 2)
    assert np.array_equal(summed.history()[:, 0], windows.history().sum(axis=1))
    assert np.array_equal(summed.flat(), windows.history().sum(axis=1))
    assert np.array_equal(summed.take(np.array([3, 1])).flat(), summed.flat()[[3, 1]])


def test_contestant_with_a_history_of_its_own_keeps_it(mortal, inquiry_of):
    seen = []

    class Watched(LightGBM):
        def fit(self, split, *, target, seed=0, report=None):
            seen.append(split.train)
            return super().fit(split, target=target, seed=seed, report=report)

    order(inquiry_of(mortal, contestants=[Contestant(Watched, {"history_days": 3, "max_trees": 3})]))
    in_order, permuted, last, sums = seen
    assert [windows.history_days for windows in seen] == [3, 3, 1, 1]
    assert np.array_equal(np.sort(in_order.history(), axis=1), np.sort(permuted.history(), axis=1))
    assert np.array_equal(last.history()[:, 0], in_order.history()[:, -1])
    assert np.array_equal(sums.history()[:, 0], in_order.history().sum(axis=1))


def test_derived_features_take_no_part_and_the_note_says_so(mortal, dataset_of, inquiry_of):
    from churn.data import FEATURES

    tenure = next(feature for feature in FEATURES if feature.name == "days_since_activity")
    dataset = replace(mortal, windows=replace(mortal.windows, derived=(tenure,)))
    quick = Contestant(LightGBM, {"max_trees": 20})
    verdict, plain = (order(inquiry_of(data, contestants=[quick])) for data in (dataset, mortal))
    assert "days_since_activity took no part" in verdict.note
    assert "took no part" not in plain.note
    assert verdict.table.log_loss.tolist() == plain.table.log_loss.tolist()


@pytest.mark.parametrize(
    "blind", [Contestant(Majority, {}), Contestant(Persistence, {}), Contestant(LightGBM, {"history_days": 1})], ids=str
)
def test_model_that_sees_no_order_cannot_tell_whether_it_matters(mortal, inquiry_of, blind):
    verdict = order(inquiry_of(mortal, contestants=[blind], config=replace(CHEAP, windows=500)))
    assert verdict.sentence.startswith(f"Cannot be told by {blind.name}")


def test_sums_do_not_tell_persistence_which_day_was_the_last(mortal, inquiry_of):
    verdict = order(inquiry_of(mortal, contestants=[Contestant(Persistence, {})], config=replace(CHEAP, windows=500)))
    table = verdict.table.set_index("variant")
    assert table.log_loss["sums only"] != table.log_loss["last day only"]
