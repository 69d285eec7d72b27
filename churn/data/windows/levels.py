"""Levels: channels of a table of days that are a state, such as subscribers, as last known on any day."""

import numpy as np
from numpy.typing import NDArray

from churn.data.windows.feature import Feature, named
from churn.data.windows.panel import Panel


def level_features(panel: Panel) -> tuple[Feature, ...]:
    """Two features per level: its value, 0 before the first, and whether it is not known yet.

    Networks bring them to comparable size by their scaling, of which `log_standard` suits levels that grow.
    """
    found = (_features(name, place) for place, name in enumerate(panel.level_names))
    return tuple(feature for both in found for feature in both)


def _features(name: str, place: int) -> tuple[Feature, Feature]:
    def values(panel: Panel, user: NDArray[np.int32], day: NDArray[np.int32]) -> NDArray[np.float32]:
        return np.nan_to_num(_known(panel, user, day, place))

    def missing(panel: Panel, user: NDArray[np.int32], day: NDArray[np.int32]) -> NDArray[np.float32]:
        return np.isnan(_known(panel, user, day, place)).astype(np.float32)

    told = f"{name}_missing"
    return Feature(name, named(name), values), Feature(told, named(told), missing, reason="yes or no")


def _known(panel: Panel, user: NDArray[np.int32], day: NDArray[np.int32], place: int) -> NDArray[np.float32]:
    """A level at the end of days, nan before the first: (n, d, 1)."""
    assert panel.levels is not None  # it has names
    return np.asarray(panel.levels[panel.newest_row(user, day), place][:, :, None], np.float32)
