import numpy as np
import pytest

from churn.data import example_split
from churn.models import GRU, Ensemble, LightGBM, load

pytestmark = pytest.mark.slow

QUICK = {"hidden_size": 4, "max_epochs": 1}


def test_members_start_from_seeds_of_their_own_and_are_averaged(tmp_path) -> None:
    split = example_split()
    both = Ensemble([GRU(**QUICK), GRU(**QUICK)]).fit(split, target="churn", seed=5)
    alone = [GRU(**QUICK).fit(split, target="churn", seed=seed).predict_proba(split.test) for seed in (5, 6)]
    assert np.abs(alone[0] - alone[1]).max() > 1e-4
    np.testing.assert_allclose(both.predict_proba(split.test), np.mean(alone, axis=0), atol=1e-9)


def test_more_than_ten_members_keep_their_order(tmp_path) -> None:
    split = example_split()
    many = Ensemble([LightGBM(max_trees=trees) for trees in range(1, 13)]).fit(split, target="churn")
    many.save(tmp_path / "model")
    assert [member.arguments["max_trees"] for member in load(tmp_path / "model").members] == list(range(1, 13))


def test_an_ensemble_is_a_network_as_its_members_are() -> None:
    assert Ensemble([GRU()]).is_network
    assert not Ensemble([LightGBM()]).is_network
