"""Asking: the users of a data set to whom offers are made, now and at earlier cutoffs."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from churn.data import Dataset, Windows
from churn.offers.ranking import Places
from churn.offers.visits import Visits


def day_of(windows: Windows) -> int:
    """The latest cutoff of some windows, in days since 1970."""
    return windows.panel.first_day + int(windows.cutoff.max())


def asked_by(dataset: Dataset, visits: Visits) -> Callable[[int], Places]:
    """The places of the members that a data set asks about at a cutoff, days since 1970.

    These are the users at risk on the newest day that is no later, or of arrivals everyone who has arrived.
    """
    windows, place = dataset.windows, visits.places(pd.Index(dataset.panel.users))
    stride, day = dataset.config.windows.stride_days, windows.panel.first_day + windows.cutoff

    def at(cutoff: int) -> Places:
        inside = (day <= cutoff) & (windows.scattered | (day > cutoff - stride))
        return place[np.unique(windows.user[inside])]

    return at
