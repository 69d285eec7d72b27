"""Made-up visits of members with tastes, or without."""

import numpy as np
import pandas as pd
import pytest

from churn.data import DataConfig
from churn.offers import OfferConfig, read_visits

DAYS, ACTIVITIES = 200, 24
BEGIN = pd.Timestamp("2024-01-01")
FIRST = (BEGIN - pd.Timestamp("1970-01-01")).days


def made_visits(*, tastes: bool, seed: int = 0, members: int = 240) -> pd.DataFrame:
    """Members arrive over time and join an activity every 12 days or so, of their own half of all where they have
    tastes; some activities are more popular than others."""
    rng, rows = np.random.default_rng(seed), []
    weight = 1 / np.arange(1, ACTIVITIES // 2 + 1)
    for member in range(members):
        group = member % 2
        for day in np.cumsum(rng.geometric(1 / 12, 8)) + rng.integers(0, DAYS - 40):
            half = group if tastes else rng.integers(2)
            activity = 2 * rng.choice(ACTIVITIES // 2, p=weight / weight.sum()) + half
            if day < DAYS:
                rows.append((f"m{member:03d}", f"a{activity:02d}", BEGIN + pd.Timedelta(days=int(day), hours=12)))
    return pd.DataFrame(rows, columns=["user_id", "activity_id", "timestamp"])


@pytest.fixture(scope="session")
def visits_of():
    """Reads visits, and activities if there are any, up to the day before a day."""

    def read(visits, until=FIRST + DAYS, *, activities=None, excluded=None, **config):
        frames = {"visits": visits, "activities": activities, "excluded": excluded}
        named = {name: name for name, table in frames.items() if table is not None}
        data = DataConfig(events="events", zone=config.pop("zone", "UTC"))
        return read_visits(OfferConfig(**named | config), data, until=until, frames=frames)

    return read
