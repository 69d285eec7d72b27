import numpy as np
import pandas as pd
import pytest

from churn.data import SplitConfig, WindowConfig
from churn.evaluation import Contestant, VerdictConfig
from churn.evaluation.verdicts.trials import Inquiry
from churn.models import LightGBM

TREES = Contestant(LightGBM, {"learning_rate": 0.1, "num_leaves": 15, "max_trees": 150, "patience": 20})
CHEAP = VerdictConfig(windows=6000, repetitions=100)


@pytest.fixture(scope="session")
def dataset_of(prepared):
    """A dataset of own posts drawn as a matrix of counts, (u, d); `config` are keys of the data block."""

    def dataset(counts, *, windows=None, split=None, **config):
        user, day = np.nonzero(counts)
        n = counts[user, day]
        events = pd.DataFrame(
            {
                "user_id": [f"user{number:04}" for number in np.repeat(user, n)],
                "event": "post",
                "timestamp": pd.Timestamp("2024-01-01") + pd.to_timedelta(np.repeat(day, n), unit="D"),
            }
        )
        config |= {"windows": WindowConfig(**windows or {}), "split": SplitConfig(**split or {})}
        return prepared({"events": events}, **config)

    return dataset


@pytest.fixture(scope="session")
def inquiry_of():
    """An inquiry about churn with trees, cheaply."""

    def inquiry(dataset, *, contestants=(TREES,), config=CHEAP, target="churn"):
        return Inquiry(dataset, target, tuple(contestants), config)

    return inquiry


@pytest.fixture(scope="session")
def steady(dataset_of):
    """Every user posts at a rate of the user's own, day by day alike: neither order nor the date tells anything."""
    rng = np.random.default_rng(1)
    rate = np.exp(rng.normal(-1.7, 1, (500, 1)))
    return dataset_of(rng.poisson(np.broadcast_to(rate, (500, 120))))


@pytest.fixture(scope="session")
def mortal(dataset_of):
    """Users fall silent for long on a day of chance, and come back likewise: the last days tell most."""
    rng = np.random.default_rng(2)
    alive = np.empty((500, 120), bool)
    alive[:, 0] = rng.random(500) < 0.5
    for day in range(1, 120):
        turned = rng.random(500) < 0.06
        alive[:, day] = alive[:, day - 1] ^ turned
    return dataset_of((alive & (rng.random(alive.shape) < 0.7)).astype(int))
