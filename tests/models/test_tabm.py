import sys

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.special import expit

from churn.cli import main
from churn.data import SplitConfig, WindowConfig, example_frames
from churn.models import TabM, classifier, integrated_gradients, load
from churn.runs import Run

pytestmark = pytest.mark.slow

SMALL = {"k": 3, "hidden_size": 16, "layers": 1}


@pytest.fixture(scope="module")
def planted(prepared):
    """Users who act often exactly if their age is near 50 or their tier is bronze."""
    rng = np.random.default_rng(0)
    ages, tiers, days = rng.integers(20, 80, 300), rng.integers(0, 3, 300), pd.date_range("2024-01-01", periods=60)
    users = np.array([f"user{place}" for place in range(len(ages))])
    often = (np.abs(ages - 50) < 15) ^ (tiers == 0)
    who, when = np.nonzero(rng.random((len(ages), len(days))) < np.where(often, 0.6, 0.1)[:, None])
    members = pd.DataFrame({"user_id": users, "age": ages, "tier": np.array(["bronze", "silver", "gold"])[tiers]})
    known = {"known": "arrival"}
    return prepared(
        {"events": pd.DataFrame({"user_id": users[who], "timestamp": days[when]}), "members": members},
        features=["age", "tier"],
        attributes={"age": known, "tier": known},
        windows=WindowConfig(history_days=3, horizon_days=3),
        split=SplitConfig(kind="time"),
    ).split()


@pytest.fixture(scope="module")
def fitted(planted):
    return TabM(k=4, hidden_size=32, max_epochs=6, lr=5e-3).fit(planted, target="churn")


def logits_by_hand(network, windows):
    """Each member's logit of a network with one layer, in NumPy."""
    x = windows.history().astype(np.float64)
    x = np.copysign(np.log1p(np.abs(x)), x)
    x = (x - network.scale.center.double().numpy()) / network.scale.spread.double().numpy()
    constants = sorted(network.constants)
    by_day = [place for place in range(x.shape[2]) if place not in constants]
    flat = np.concatenate([x[:, :, by_day].reshape(len(x), -1), x[:, -1, constants]], axis=1)
    (layer,) = [part for part in network.encode.modules() if type(part).__name__ == "LinearBatchEnsemble"]
    r, w, s, b = (part.detach().double().numpy() for part in (layer.r, layer.weight, layer.s, layer.bias))
    head, base = (part.detach().double().numpy() for part in (network.head.weight, network.head.bias))
    found = []
    for member in range(network.k):
        hidden = np.maximum((flat * r[member]) @ w.T * s[member] + b[member], 0)
        found.append(hidden @ head[member, :, 0] + base[member, 0])
    return np.column_stack(found)


@pytest.fixture(scope="module")
def untrained(planted):
    torch.manual_seed(0)
    network = TabM(**SMALL, dropout=0.0, positive_weight=3.0, scaling="log_standard")
    network.begin(planted.train)
    return network


def test_training_begins_from_training_windows_scale_and_base_rate(untrained, planted):
    logged = np.log1p(planted.train.history().astype(np.float64)).mean(axis=(0, 1))
    np.testing.assert_allclose(untrained.scale.center, logged, atol=1e-4)
    rate = planted.train.label("churn").mean()
    np.testing.assert_allclose(expit(untrained.head.bias.detach().numpy()), rate, atol=1e-5)


def test_the_chance_is_the_mean_of_the_members_chances_from_flat_columns(untrained, planted):
    by_hand = logits_by_hand(untrained, planted.test)
    assert by_hand.std(axis=1).mean() > 0.01
    np.testing.assert_allclose(untrained.predict_proba(planted.test), expit(by_hand).mean(axis=1), atol=1e-5)


def test_the_loss_is_the_mean_of_the_members_weighted_losses(untrained, planted):
    z, y = logits_by_hand(untrained, planted.test), planted.test.label("churn").astype(np.float64)
    p = expit(z + np.log(3))
    expected = -(3 * y[:, None] * np.log(p) + (1 - y[:, None]) * np.log(1 - p)).mean()
    x = torch.from_numpy(planted.test.history())
    assert untrained.loss(x, torch.from_numpy(y).float()).item() == pytest.approx(expected, abs=1e-5)
    p = expit(z).mean(axis=1)
    judged = untrained.judged(x, torch.from_numpy(y).float()).item()
    assert judged == pytest.approx(-(y * np.log(p) + (1 - y) * np.log(1 - p)).mean(), abs=1e-5)


def test_far_logits_give_finite_gradients_and_chances():
    network = TabM(**SMALL, dropout=0.0, scaling="none")
    network.build(2, days=3)
    x = torch.full((1, 3, 2), 1e6, requires_grad=True)
    network(x).sum().backward()
    assert torch.isfinite(network(x)).all() and torch.isfinite(x.grad).all()


def test_it_learns_a_rule_of_a_number_and_a_level_that_are_no_counts(fitted, planted):
    test, names = planted.test, planted.test.features
    last = test.history()[:, -1]
    often = (np.abs(last[:, names.index("age")] - 50) < 15) ^ (last[:, names.index("tier=bronze")] == 1)
    p = fitted.predict_proba(test)
    assert p[~often].mean() - p[often].mean() > 0.3


def test_the_same_seed_gives_the_same_weights_and_they_are_kept(planted, tmp_path):
    def made():
        return TabM(**SMALL, max_epochs=1).fit(planted, target="churn", seed=7)

    one, other = made(), made()
    one.save(tmp_path / "model")
    again = load(tmp_path / "model")
    for name, weight in one.state_dict().items():
        assert torch.equal(weight, other.state_dict()[name]) and torch.equal(weight, again.state_dict()[name])
    assert (again.constants, again.days) == (one.constants, 3)


def test_a_history_s_vector_is_of_all_members(fitted, planted):
    found = fitted.embed(planted.test)
    assert found.shape == (len(planted.test), fitted.width) == (len(planted.test), 4 * 32)
    np.testing.assert_array_equal(fitted.embed(planted.test.take(np.arange(3))).shape, (3, 128))


def test_its_gradients_are_integrated_as_any_network_s(fitted, planted):
    history = planted.test.history()
    found = integrated_gradients(fitted, history[:20], baselines=history[20:30])
    np.testing.assert_allclose(np.sum(found.values, axis=(1, 2)), found.logit - found.base, atol=0.05)


def test_what_it_cannot_learn_it_does_not_take():
    with pytest.raises(TypeError, match="pretrain"):
        TabM(pretrain="next_days")


def test_sharp_steps_end_in_other_weights(planted, fitted):
    sharp = TabM(**SMALL, max_epochs=1, sharpness=0.5).fit(planted, target="churn")
    plain = TabM(**SMALL, max_epochs=1).fit(planted, target="churn")
    assert np.abs(sharp.predict_proba(planted.test) - plain.predict_proba(planted.test)).max() > 1e-3


def test_without_its_package_the_extra_is_named(monkeypatch, refused):
    monkeypatch.setitem(sys.modules, "tabm", None)
    monkeypatch.delitem(sys.modules, "churn.models.tabm")
    monkeypatch.delattr("churn.models.TabM")
    with refused("the package tabm for churn.models.TabM", "tabm", "pip install 'churn[tabm]'"):
        classifier("churn.models.TabM")


def test_a_run_that_names_it_compares_it_and_blends_it(tmp_path):
    for name, frame in example_frames().items():
        frame.to_parquet(tmp_path / f"{name}.parquet", index=False)
    config = tmp_path / "config.yaml"
    config.write_text(f"""
data:
  events: {tmp_path}/events.parquet
  members: {tmp_path}/members.parquet
  features: []
models:
  - class_path: churn.models.TabM
    init_args: {{k: 2, hidden_size: 8, max_epochs: 1}}
  - churn.models.Logistic
tuning: {{trials: 1}}
training: {{seeds: 1, refit: all}}
evaluation: {{repetitions: 20}}
verdicts: {{ask: []}}
explanation: {{windows: 300, sample: 50, trees: 10, rounds: 3, seeds: 1}}
explore: {{journeys: false}}
""")
    assert main(["run", "--config", str(config), "--out", str(tmp_path / "run"), "--quiet"]) == 0
    board = pd.read_csv(tmp_path / "run" / "leaderboard.csv")
    assert {"TabM", "Logistic", "Blend"} <= set(board.model)
    assert Run(tmp_path / "run").embeddings("churn", model="TabM").shape[1] >= 16
