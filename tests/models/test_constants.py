import numpy as np
import pandas as pd
import pytest
import torch

from churn.data import SplitConfig, WindowConfig
from churn.models import GRU, BiLSTM, integrated_gradients, load
from churn.models.constants import Constants

pytestmark = pytest.mark.slow

COLUMNS = ("own_event", "age", "tier=silver", "tier=gold")


@pytest.fixture(scope="module")
def split(prepared):
    """Users who act now and then, and more often the nearer their age is to 50, which never changes."""
    rng = np.random.default_rng(0)
    ages, days = rng.integers(20, 80, 200), pd.date_range("2024-01-01", periods=60)
    users = [f"user{place}" for place in range(len(ages))]
    acts = rng.random((len(ages), len(days))) < np.where(np.abs(ages - 50) < 15, 0.5, 0.15)[:, None]
    who, when = np.nonzero(acts)
    events = pd.DataFrame({"user_id": np.array(users)[who], "timestamp": days[when]})
    members = pd.DataFrame({"user_id": users, "age": ages, "tier": np.where(ages % 2, "gold", "silver")})
    known = {"known": "arrival"}
    return prepared(
        {"events": events, "members": members},
        features=["age", "tier"],
        attributes={"age": known, "tier": known},
        windows=WindowConfig(history_days=5, horizon_days=3),
        split=SplitConfig(kind="time"),
    ).split()


def test_windows_say_which_columns_are_constant_and_of_what_kind(split):
    assert split.train.features == COLUMNS
    assert split.train.constants == {1: "number", 2: "flag", 3: "flag"}


def test_a_number_rises_within_its_bin_alone_and_a_flag_is_taken_as_it_is():
    torch.manual_seed(0)
    constants = Constants(["number", "flag"], width=4, dropout=0.0)
    constants.embed = torch.nn.Identity()
    constants.fit(torch.column_stack([torch.arange(0.0, 81.0), torch.zeros(81)]))
    found = constants(torch.tensor([[-5.0, 1.0], [25.0, 0.0], [999.0, 1.0]]))
    assert found[:, :2].tolist() == [[-5, 1], [25, 0], [999, 1]]
    assert found[0, 2:].tolist() == [0] * 8
    assert found[1, 2:].tolist() == [1, 1, 0.5, 0, 0, 0, 0, 0]
    assert found[2, 2:].tolist() == [1] * 8


def test_a_number_that_is_mostly_equal_rises_without_a_step():
    constants = Constants(["number"], width=4, dropout=0.0)
    constants.embed = torch.nn.Identity()
    constants.fit(torch.cat([torch.zeros(60, 1), torch.arange(1.0, 21.0)[:, None]]))
    at, above, far = constants(torch.tensor([[0.0], [1e-3], [99.0]]))
    assert (above - at).abs().max() < 0.01
    assert (far - at)[1:].tolist() == [0] * 5 + [1] * 3  # bins that have a width


def test_a_number_with_one_value_gives_finite_numbers():
    constants = Constants(["number"], width=4, dropout=0.0)
    constants.fit(torch.full((9, 1), 3.0))
    assert torch.isfinite(constants(torch.tensor([[3.0], [4.0], [-1e9]]))).all()


def test_constants_reach_a_network_once_and_not_by_day(split):
    network = GRU(hidden_size=8, max_epochs=1).fit(split, target="churn")
    assert network.encode.recurrent.input_size == 1
    network.eval()
    x = torch.from_numpy(split.test.history()[:20])
    earlier, last = x.clone(), x.clone()
    earlier[:, :-1, 1:] += 5
    last[:, -1, 1:] += 5
    assert torch.equal(network(x), network(earlier))
    assert (network(x) - network(last)).abs().max() > 1e-3


def test_a_number_whose_middle_matters_is_learnt(split):
    only = split.mapped(lambda windows: windows.only(["own_event", "age"]))
    network = GRU(hidden_size=16, max_epochs=15).fit(only, target="churn")
    test = only.test
    p, age = network.predict_proba(test), test.history()[:, -1, 1]
    middle = np.abs(age - 50) < 15
    quiet = test.history()[:, :, 0].sum(axis=1) == 0
    assert p[middle & quiet].mean() < p[~middle & quiet].mean() - 0.1


def test_a_saved_network_joins_what_it_joined(split, tmp_path):
    network = BiLSTM(hidden_size=4, max_epochs=1).fit(split, target="churn")
    network.save(tmp_path / "network")
    again = load(tmp_path / "network")
    assert again.constants == network.constants
    np.testing.assert_allclose(again.predict_proba(split.test), network.predict_proba(split.test), atol=1e-7)


def test_attributions_of_constants_stand_on_the_last_day(split):
    network = GRU(hidden_size=4, max_epochs=1).fit(split, target="churn")
    history = split.test.history()
    found = vars(integrated_gradients(network, history[:4], baselines=history[-4:]))["values"]
    assert (found[:, :-1, 1:] == 0).all()
    assert np.abs(found[:, -1, 1]).max() > 0


def test_networks_learn_from_constants_alone(prepared):
    rng = np.random.default_rng(1)
    visits = rng.integers(0, 10, 400)
    members = pd.DataFrame(
        {
            "user_id": [f"lead{place}" for place in range(400)],
            "joined": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 100, 400), unit="D"),
            "visits": visits,
            "state": np.where(rng.random(400) < visits / 10, "won", "lost"),
        }
    )
    split = prepared(
        {"members": members},
        features=["visits"],
        attributes={"visits": {"known": "arrival"}},
        outcome={"column": "state", "positive": ["won"], "name": "deal_won"},
        windows=WindowConfig(at_risk="arrival", history_days=0, horizon_days=7),
        split=SplitConfig(kind="user"),
    ).split()
    network = GRU(hidden_size=8, max_epochs=10).fit(split, target="deal_won")
    p, seen = network.predict_proba(split.test), split.test.history()[:, -1, 0]
    assert np.corrcoef(p, seen)[0, 1] > 0.9
