from dataclasses import replace

import numpy as np
import pytest

from churn.data import FEATURES, example_split


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
