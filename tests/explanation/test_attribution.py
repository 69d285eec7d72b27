import sys
import warnings
from dataclasses import replace

import numpy as np
import pytest
import torch

from churn.data import example_split
from churn.explanation import Attribution, attribute
from churn.models import GRU, BiLSTM, Ensemble, LightGBM, logits

DAY, COMMENTS = -2, 1  # the planted driver: fans' comments two days before the cutoff
QUICK = {"hidden_size": 8, "max_epochs": 8, "dropout": 0.0, "lr": 2e-2}


@pytest.fixture(scope="module")
def split():
    return example_split()


@pytest.fixture(scope="module")
def network(split):
    return GRU(**QUICK).fit(split, target="churn")


@pytest.fixture(scope="module")
def found(split, network):
    return attribute(network, split.test, baseline=split.train)


@pytest.fixture(scope="module")
def planted(split):
    """A network that has learnt labels which one feature of one day decides, and what is attributed to it."""

    def relabelled(windows):
        return replace(windows, churn=(windows.history()[:, DAY, COMMENTS] == 0).astype(np.int8))

    own = replace(split, train=relabelled(split.train), val_a=relabelled(split.val_a))
    network = GRU(**QUICK | {"max_epochs": 20}).fit(own, target="churn")
    return attribute(network, split.test, baseline=split.train)


def test_attributions_and_base_add_up_to_the_networks_logit(split, network, found):
    p = network.predict_proba(split.test)
    np.testing.assert_allclose(found.logit, np.log(p / (1 - p)), atol=1e-4)
    np.testing.assert_allclose(found.values.sum(axis=(1, 2)) + found.base, found.logit, atol=0.01)
    assert np.ptp(found.logit) > 1
    assert found.values.shape == split.test.history().shape


def test_the_gap_is_the_worst_of_all_windows():
    values = np.array([[[1.0, 2.0]], [[0.5, -0.5]]])
    assert Attribution(values, np.array([4.0, 1.25]), 1.0, ("a", "b"), 8).gap == 0.25


def test_the_base_is_the_usual_logit(split, network, found):
    usual = logits(network, split.train.history())
    assert found.base == pytest.approx(usual.mean(), abs=0.05 * usual.std())


def test_more_references_change_little(split, network, found):
    many = attribute(network, split.test, baseline=split.train, references=256)
    drivers, others = (table.by_day_and_feature().set_index(["feature", "day"]) for table in (found, many))
    assert drivers.mean_abs.corr(others.mean_abs) > 0.98
    assert many.base == pytest.approx(found.base, abs=0.05)


def test_all_of_a_small_baseline_is_counted_from(split, network):
    few = split.train.take(np.arange(5))
    found = attribute(network, split.test, baseline=few)
    assert found.base == pytest.approx(logits(network, few.history()).mean())


def test_an_ensemble_is_attributed_as_one_model(split):
    both = Ensemble([BiLSTM(**QUICK), BiLSTM(**QUICK)]).fit(split, target="sticker")
    found = attribute(both, split.test, baseline=split.train, references=8)
    p = both.predict_proba(split.test)
    np.testing.assert_allclose(found.logit, np.log(p / (1 - p)), atol=1e-4)
    assert found.gap <= 0.01


def test_a_planted_driver_ranks_first_on_its_day(planted):
    table = planted.by_day_and_feature()
    assert (table.feature[0], table.day[0], table["rank"][0]) == ("fan_comment", DAY, 1)
    assert table.mean_abs[0] > 3 * table.mean_abs[1]


def test_a_planted_driver_speaks_for_the_outcome_where_it_is_missing(split, planted):
    missing = split.test.history()[:, DAY, COMMENTS] == 0
    own = planted.values[:, DAY, COMMENTS]
    assert own[missing].min() > 0 > own[~missing].max()


def test_shaps_own_expected_gradients_agree(split, network, found):
    """It draws points of the lines at random, so the averages are compared."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from shap import GradientExplainer

    class Column(torch.nn.Module):
        def forward(self, x):
            return network(x)[:, None]

    network.eval()
    history = torch.from_numpy(split.train.history()[::5])
    drawn = GradientExplainer(Column(), history).shap_values(
        torch.from_numpy(split.test.history()), nsamples=400, rseed=0
    )
    drawn = np.asarray(drawn).reshape(found.values.shape)
    ours, theirs = np.abs(found.values).mean(axis=0).ravel(), np.abs(drawn).mean(axis=0).ravel()
    assert np.corrcoef(ours, theirs)[0, 1] > 0.97
    assert np.corrcoef(found.values.ravel(), drawn.ravel())[0, 1] > 0.9


def test_drivers_are_ranked_by_their_mean_absolute_attribution(split, found):
    table = found.by_day_and_feature()
    assert table.columns.tolist() == ["feature", "day", "attribution", "mean_abs", "rank"]
    assert table["rank"].tolist() == list(range(1, len(table) + 1))
    assert table.mean_abs.is_monotonic_decreasing
    by_place = table.set_index(["feature", "day"])
    for place, name in enumerate(split.test.features):
        for day in range(-split.test.history_days, 0):
            own = found.values[:, day, place]
            assert by_place.attribution[name, day] == pytest.approx(own.mean())
            assert by_place.mean_abs[name, day] == pytest.approx(np.abs(own).mean())


def test_the_table_says_whose_value_each_is(split, found):
    windows = split.test
    table = found.table(windows)
    assert table.columns.tolist() == ["user_id", "cutoff", "feature", "day", "attribution"]
    assert len(table) == found.values.size
    keys = ["user_id", "cutoff", "feature", "day"]
    by_key = table.set_index(keys).attribution
    for i, day, j in [(0, -1, 0), (7, -3, 2), (len(windows) - 1, -windows.history_days, 3)]:
        assert by_key[windows.user_ids[i], windows.dates[i], windows.features[j], day] == found.values[i, day, j]


def test_the_table_of_other_windows_is_refused(split, found, refused):
    with refused(f"the {len(split.test)} windows", str(len(split.train)), "pass those"):
        found.table(split.train)


def test_the_days_that_a_network_does_not_see_get_exactly_nothing(split):
    network = GRU(**QUICK | {"history_days": 3, "max_epochs": 2}).fit(split, target="churn")
    found = attribute(network, split.test, baseline=split.train, references=4)
    assert not found.values[:, :-3].any()
    assert (np.abs(found.values[:, -3:]).max(axis=(0, 2)) > 0).all()
    assert found.gap <= 0.01


def test_no_windows_have_empty_tables(split, network):
    nothing = split.test.take(np.empty(0, np.int64))
    found = attribute(network, nothing, baseline=split.train, references=4)
    assert found.gap == 0
    assert found.by_day_and_feature().columns.tolist() == ["feature", "day", "attribution", "mean_abs", "rank"]
    assert found.by_day_and_feature().empty
    assert found.table(nothing).columns.tolist() == ["user_id", "cutoff", "feature", "day", "attribution"]
    assert found.table(nothing).empty


def test_a_single_feature_can_be_attributed(split):
    one = replace(split.train.panel, features=("own_post",), counts=np.array(split.train.panel.counts)[:, :1])
    one = replace(one, amounts=None)
    parts = {name: replace(getattr(split, name), panel=one, sticker=None) for name in ("train", "val_a", "test")}
    network = GRU(**QUICK).fit(replace(split, **parts), target="churn")
    found = attribute(network, parts["test"], baseline=parts["train"], references=4)
    assert found.values.shape == (len(split.test), 7, 1)
    assert found.gap <= 0.01


def test_a_constant_network_has_attributions_of_nothing_ranked_in_order(split):
    network = GRU(hidden_size=4)
    network.begin(split.train)
    torch.nn.init.zeros_(network.head.weight)
    found = attribute(network, split.test, baseline=split.train, references=4)
    assert not found.values.any()
    table = found.by_day_and_feature()
    assert table.day.is_monotonic_increasing
    assert table.feature[:4].tolist() == list(split.test.features)


def test_the_same_windows_get_the_same_attributions(split, network, found):
    assert (attribute(network, split.test, baseline=split.train).values == found.values).all()


def test_trees_are_refused(split, refused):
    trees = LightGBM(max_trees=2).fit(split, target="churn")
    with refused("a network", "LightGBM", "churn.explanation.explain"):
        attribute(trees, split.test, baseline=split.train)


def test_a_baseline_of_nothing_or_of_other_days_is_refused(split, network, refused):
    with refused("windows to count attributions from", "none", "training part"):
        attribute(network, split.test, baseline=split.train.take(np.empty(0, np.int64)))
    with refused("the windows' days and features", "3 days of own_post", "one split"):
        attribute(network, split.test, baseline=split.train.recent(3))


def test_explaining_does_not_load_torch_before_a_network_is_attributed():
    import subprocess

    code = "import sys, churn.explanation; sys.exit('torch' in sys.modules or 'captum' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
