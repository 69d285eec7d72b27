from dataclasses import replace

import numpy as np
import pytest

from churn.data import FEATURES, WindowConfig, example_split, slide


def test_windows_with_some_features_hold_those_columns_in_their_own_order() -> None:
    train = example_split().train
    whole, few = train.history(), train.only(["stickers_received", "own_post"])
    places = [train.features.index(name) for name in few.features]
    assert places == sorted(places)
    assert len(few.sources) == 2
    assert (few.history() == whole[:, :, places]).all()
    assert (few.summary() == train.summary()[:, places]).all()
    assert few.flat_features()[:2] == [(name, -train.history_days) for name in few.features]
    assert (few.recent(2).history() == whole[:, -2:, places]).all()
    assert few.take(np.array([1])).features == few.features


def test_derived_features_can_be_left_alone_and_selected_twice() -> None:
    chosen = tuple(feature for feature in FEATURES if feature.name in ("weekday", "tenure"))
    train = replace(example_split().train, derived=chosen)
    few = train.only(["tenure", "own_post"])
    place = train.features.index("tenure")
    assert (few.only(["tenure"]).history()[:, :, 0] == train.history()[:, :, place]).all()
    assert few.only(["tenure"]).sources[0].name == "tenure"


@pytest.mark.parametrize(("names", "found"), [(["own_pots"], "'own_pots'"), ([], "none")])
def test_features_that_there_are_not_cannot_be_selected(names, found, refused) -> None:
    with refused("features out of own_post", found, "correct"):
        example_split().train.only(names)


@pytest.mark.parametrize(("lead_days", "days"), [(0, "x.bo"), (2, "bo..")])
def test_the_days_ahead_begin_with_the_horizon(panel_of, lead_days, days) -> None:
    config = WindowConfig(history_days=2, horizon_days=2, at_risk_days=2, lead_days=lead_days)
    windows = slide(panel_of("xxx.bo..x"), config)
    [ahead] = windows.take(windows.cutoff == 2).ahead(4)
    assert ahead[:, 0].tolist() == [float(sign in "xb") for sign in days]
    assert ahead[:, 1].tolist() == [float(sign in "ob") for sign in days]


def test_days_ahead_that_were_not_seen_are_unknown(panel_of) -> None:
    windows = slide(panel_of("xxx.bo..x"), WindowConfig(history_days=2, horizon_days=2, at_risk_days=2))
    by_cutoff = dict(zip(windows.cutoff, windows.ahead(4)[:, :, 0], strict=True))
    np.testing.assert_array_equal(by_cutoff[6], [0, 0, 1, np.nan])
    np.testing.assert_array_equal(by_cutoff[9], [np.nan] * 4)
    [earlier] = windows.take(windows.cutoff == 2).ahead(4, until=5)[:, :, 0]
    np.testing.assert_array_equal(earlier, [1, 0, 1, np.nan])


def test_the_counts_ahead_are_the_panel_s_without_amounts_and_whether_there_was_activity(panel_of) -> None:
    windows = slide(panel_of("x3x.bo..x"), WindowConfig(history_days=2, horizon_days=2, at_risk_days=2))
    [ahead] = windows.take(windows.cutoff == 3).counts_ahead(4, until=6)
    np.testing.assert_array_equal(ahead, [[0, 0, 0], [1, 1, 1], [0, 1, 0], [np.nan] * 3])
    train = example_split().train.sample(50)
    assert train.counts_ahead(3).shape == (50, 3, len(train.panel.features))  # one is an amount, activity is added


def test_the_labels_are_those_of_the_days_ahead() -> None:
    train = example_split().train
    ahead = train.ahead(train.horizon_days)
    assert (train.label("churn") == (ahead[:, :, 0] == 0).all(axis=1)).all()
    assert (train.label("sticker") == (ahead[:, :, 1] > 0).any(axis=1)).all()
    assert ((ahead[:, :, 2] > 0) == (ahead[:, :, 1] > 0)).all()
