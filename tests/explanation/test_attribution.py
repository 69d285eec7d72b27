import subprocess
import sys
import warnings
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr

from churn.data import example_split
from churn.explanation import Attribution, attribute
from churn.models import GRU, BiLSTM, Ensemble, LightGBM, again_on, logits

pytestmark = pytest.mark.slow

DAY, COMMENTS = -2, 1  # the planted driver: fans' comments two days before the cutoff
QUICK = {"hidden_size": 8, "max_epochs": 6, "dropout": 0.0, "lr": 2e-2}


@pytest.fixture(scope="module")
def split():
    return example_split()


@pytest.fixture(scope="module")
def windows(split):
    """Some of the test part, which is enough."""
    return split.test.take(np.arange(0, len(split.test), 10))


@pytest.fixture(scope="module")
def network(split):
    return GRU(**QUICK).fit(split, target="churn")


@pytest.fixture(scope="module")
def found(split, windows, network):
    return attribute(network, windows, baseline=split.train)


@pytest.fixture(scope="module")
def planted(split, windows):
    """A network that has learnt labels which one feature of one day decides, and what is attributed to it."""

    def relabelled(windows):
        return replace(windows, labels={"churn": (windows.history()[:, DAY, COMMENTS] == 0).astype(np.int8)})

    own = replace(split, train=relabelled(split.train), val=relabelled(split.val))
    network = GRU(**QUICK | {"max_epochs": 12}).fit(own, target="churn")
    return attribute(network, windows, baseline=split.train)


def test_attributions_and_base_add_up_to_the_networks_logit(split, windows, network, found):
    p = network.predict_proba(windows)
    np.testing.assert_allclose(found.logit, np.log(p / (1 - p)), atol=1e-4)
    np.testing.assert_allclose(found.values.sum(axis=(1, 2)) + found.base, found.logit, atol=0.01)
    assert np.ptp(found.logit) > 1
    assert found.values.shape == windows.history().shape


def test_the_gap_is_the_worst_of_all_windows():
    values = np.array([[[1.0, 2.0]], [[0.5, -0.5]]])
    assert Attribution(values, values.sum(axis=1), np.array([4.0, 1.25]), 1.0, ("a", "b"), 8).gap == 0.25


def test_the_base_is_the_usual_logit(split, network, found):
    usual = logits(network, split.train.history())
    assert found.base == pytest.approx(usual.mean(), abs=0.05 * usual.std())


def test_more_references_change_little(split, windows, network, found):
    many = attribute(network, windows, baseline=split.train, references=128)
    drivers, others = (table.by_day_and_feature().set_index(["feature", "day"]) for table in (found, many))
    assert drivers.mean_abs.corr(others.mean_abs) > 0.98
    assert many.base == pytest.approx(found.base, abs=0.05)


def test_all_of_a_small_baseline_is_counted_from(split, windows, network):
    few = split.train.take(np.arange(5))
    found = attribute(network, windows, baseline=few)
    assert found.base == pytest.approx(logits(network, few.history()).mean())


def test_an_ensemble_is_attributed_as_one_model(split, windows):
    both = Ensemble([BiLSTM(**QUICK | {"max_epochs": 2}) for _ in range(2)]).fit(split, target="sticker")
    found = attribute(both, windows, baseline=split.train, references=8)
    p = both.predict_proba(windows)
    np.testing.assert_allclose(found.logit, np.log(p / (1 - p)), atol=1e-4)
    assert found.gap <= 0.01


def test_a_planted_driver_ranks_first_on_its_day(planted):
    table = planted.by_day_and_feature()
    assert (table.feature[0], table.day[0], table["rank"][0]) == ("fan_comment", DAY, 1)
    assert table.mean_abs[0] > 3 * table.mean_abs[1]


def test_a_planted_driver_speaks_for_the_outcome_where_it_is_missing(windows, planted):
    missing = windows.history()[:, DAY, COMMENTS] == 0
    own = planted.values[:, DAY, COMMENTS]
    assert own[missing].min() > 0 > own[~missing].max()


def test_shaps_own_expected_gradients_agree(split, windows, network):
    """It draws windows and points on the lines to them at random."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from shap import GradientExplainer

    class Column(torch.nn.Module):
        def forward(self, x):
            return network(x)[:, None]

    few = windows.take(np.arange(15))
    network.eval()
    drawn = GradientExplainer(Column(), torch.from_numpy(split.train.history())).shap_values(
        torch.from_numpy(few.history()), nsamples=1500, rseed=0
    )
    ours = attribute(network, few, baseline=split.train, references=128).values
    theirs = np.asarray(drawn).reshape(ours.shape)
    assert np.corrcoef(ours.ravel(), theirs.ravel())[0, 1] > 0.97
    assert np.polyfit(ours.ravel(), theirs.ravel(), 1)[0] == pytest.approx(1, abs=0.1)


def test_drivers_are_ranked_by_their_mean_absolute_attribution(windows, found):
    table = found.by_day_and_feature()
    assert table.columns.tolist() == ["feature", "day", "attribution", "mean_abs", "direction", "rank"]
    assert table["rank"].tolist() == list(range(1, len(table) + 1))
    assert table.mean_abs.is_monotonic_decreasing
    by_place = table.set_index(["feature", "day"])
    for place, name in enumerate(windows.features):
        for day in range(-windows.history_days, 0):
            own = found.values[:, day, place]
            assert by_place.attribution[name, day] == pytest.approx(own.mean())
            assert by_place.mean_abs[name, day] == pytest.approx(np.abs(own).mean())


def test_a_direction_is_told_by_rank_though_the_mean_over_usual_windows_is_nothing(split, windows, network, found):
    table = found.by_day_and_feature().drop_duplicates("feature").set_index("feature")
    whole = found.values.sum(axis=1)
    for place, name in enumerate(windows.features):
        rank = spearmanr(windows.summary()[:, place], whole[:, place]).statistic
        assert table.direction[name] == ("raises" if rank > 0.2 else "lowers" if rank < -0.2 else "mixed")
    assert {"raises", "lowers"} & set(table.direction)


def test_a_network_on_some_features_is_attributed_to_those(split, windows):
    few = ["own_post", "stickers_received"]
    model = again_on(few, Ensemble([GRU(**QUICK), GRU(**QUICK)])).fit(split, target="churn")
    found = attribute(model, windows, baseline=split.train, references=4)
    assert found.features == ("own_post", "stickers_received")
    assert found.values.shape == (len(windows), windows.history_days, 2)
    p = model.predict_proba(windows)
    assert found.logit == pytest.approx(np.log(p / (1 - p)), abs=1e-4)
    assert found.gap <= 0.01


def test_the_table_says_whose_value_each_is(windows, found):
    table = found.table(windows)
    assert table.columns.tolist() == ["user_id", "cutoff", "feature", "day", "attribution"]
    assert len(table) == found.values.size
    keys = ["user_id", "cutoff", "feature", "day"]
    by_key = table.set_index(keys).attribution
    for i, day, j in [(0, -1, 0), (7, -3, 2), (len(windows) - 1, -windows.history_days, 3)]:
        assert by_key[windows.user_ids[i], windows.dates[i], windows.features[j], day] == found.values[i, day, j]


def test_the_table_of_other_windows_is_refused(split, windows, found, refused):
    with refused(f"the {len(windows)} windows", str(len(split.train)), "pass those"):
        found.table(split.train)


def test_the_days_that_a_network_does_not_see_get_exactly_nothing(split, windows):
    network = GRU(**QUICK | {"history_days": 3, "max_epochs": 2}).fit(split, target="churn")
    found = attribute(network, windows, baseline=split.train, references=4)
    assert not found.values[:, :-3].any()
    assert (np.abs(found.values[:, -3:]).max(axis=(0, 2)) > 0).all()
    assert found.gap <= 0.01


def test_no_windows_have_empty_tables(split, windows, network):
    nothing = windows.take(np.empty(0, np.int64))
    found = attribute(network, nothing, baseline=split.train, references=4)
    assert found.gap == 0
    assert found.by_day_and_feature().columns.tolist() == [
        "feature",
        "day",
        "attribution",
        "mean_abs",
        "direction",
        "rank",
    ]
    assert found.by_day_and_feature().empty
    assert found.table(nothing).columns.tolist() == ["user_id", "cutoff", "feature", "day", "attribution"]
    assert found.table(nothing).empty


def test_a_single_feature_can_be_attributed(split):
    counts = np.array(split.train.panel.counts)[:, :1]
    panel = replace(split.train.panel, features=("own_post",), counts=counts, amounts=None)
    parts = {name: replace(split.part(name), panel=panel) for name in ("train", "val", "test")}
    network = GRU(**QUICK | {"max_epochs": 2}).fit(replace(split, **parts), target="churn")
    found = attribute(network, parts["test"], baseline=parts["train"], references=4)
    assert found.values.shape == (len(split.test), split.test.history_days, 1)
    assert found.gap <= 0.01


def test_a_constant_network_has_attributions_of_nothing_ranked_in_order(split, windows):
    network = GRU(hidden_size=4)
    network.begin(split.train)
    torch.nn.init.zeros_(network.head.weight)
    found = attribute(network, windows, baseline=split.train, references=4)
    assert not found.values.any()
    table = found.by_day_and_feature()
    assert table.day.is_monotonic_increasing
    assert table.feature[:4].tolist() == list(windows.features)


def test_the_same_windows_get_the_same_attributions(split, windows, network, found):
    assert (attribute(network, windows, baseline=split.train).values == found.values).all()


def test_trees_are_refused(split, windows, refused):
    trees = LightGBM(max_trees=2).fit(split, target="churn")
    with refused("a network", "LightGBM", "churn.explanation.explain"):
        attribute(trees, windows, baseline=split.train)


def test_a_baseline_of_nothing_or_of_other_days_is_refused(split, windows, network, refused):
    with refused("windows to count attributions from", "none", "training part"):
        attribute(network, windows, baseline=split.train.take(np.empty(0, np.int64)))
    with refused("the windows' days and features", "3 days of own_post", "one split"):
        attribute(network, windows, baseline=split.train.recent(3))


def test_explaining_does_not_load_torch_before_a_network_is_attributed():
    script = "import sys, churn.explanation; print(sorted({'torch', 'captum', 'matplotlib'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
