import signal
import subprocess
import sys

import numpy as np
import pytest
import torch
from pytorch_lightning import Trainer

from churn.data import WindowConfig, example_split, slide
from churn.data.datamodule import ChurnDataModule
from churn.models import GRU, BiLSTM, Foresight, GRUBiLSTM, Majority, Trainee
from churn.stopping import StoppedError, stoppable

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("kind", [GRU, BiLSTM, GRUBiLSTM])
def test_a_network_reads_the_order_of_the_days(kind) -> None:
    torch.manual_seed(0)
    network = kind(hidden_size=8)
    network.build(3)
    network.eval()
    x = torch.rand(5, 7, 3)
    assert (network(x) - network(x.flip(1))).abs().max() > 1e-4


def test_the_bidirectional_network_reads_both_ends() -> None:
    network = BiLSTM(hidden_size=8)
    network.build(3)
    network.eval()
    x = torch.rand(1, 7, 3, requires_grad=True)
    network(x).sum().backward()
    assert x.grad.abs().sum(dim=(0, 2)).min() > 0


@pytest.mark.parametrize("kind", [GRU, BiLSTM, GRUBiLSTM, Foresight])
def test_a_vector_is_of_a_history_whoever_has_it(kind, panel_of) -> None:
    panel = panel_of("xxx.b..x.", "..xx.b..x", "xxx.b..x.")
    windows = slide(panel, WindowConfig(history_days=7, horizon_days=2, at_risk_days=7))
    network = kind(hidden_size=6)
    network.begin(windows)
    one, other, like_one = (network.embed(windows.take(windows.user == user)) for user in range(3))
    assert one.shape[1] == network.width == network.head.in_features and np.isfinite(one).all()
    np.testing.assert_array_equal(one, like_one)
    assert np.abs(one[0] - other[0]).max() > 1e-3
    np.testing.assert_array_equal(one, network.embed(windows.take(windows.user == 0)))


def test_a_model_that_is_no_network_has_no_vectors(refused) -> None:
    split = example_split()
    with refused("a network that gives vectors", "Majority", "another model"):
        Majority().fit(split, target="churn").embed(split.test)


def test_the_scale_is_filled_from_the_training_part_alone() -> None:
    split = example_split()
    network = GRU(hidden_size=4, max_epochs=1, scaling="standard").fit(split, target="churn")
    expected = split.train.history().mean(axis=(0, 1))
    np.testing.assert_allclose(network.scale.center.numpy(), expected, rtol=1e-4)


def test_a_checkpoint_loads_with_weights_only(tmp_path) -> None:
    network = GRU(hidden_size=4, target="sticker")
    trainer = Trainer(
        max_epochs=1, logger=False, enable_progress_bar=False, enable_model_summary=False, default_root_dir=tmp_path
    )
    trainer.fit(Trainee(network), ChurnDataModule.of(example_split()))
    trainer.save_checkpoint(tmp_path / "network.ckpt")
    content = torch.load(tmp_path / "network.ckpt", weights_only=True)
    assert content["n_features"] == network.n_features
    assert content["hyper_parameters"] == {"_class_path": "churn.models.gru.GRU", **network.arguments}
    assert list(content["state_dict"]) == list(network.state_dict())
    blank = GRU(hidden_size=4, target="sticker")
    again = Trainee.load_from_checkpoint(tmp_path / "network.ckpt", network=blank, weights_only=True).network
    windows = example_split().test
    np.testing.assert_allclose(again.predict_proba(windows), network.predict_proba(windows), atol=1e-7)


def test_a_network_that_is_loaded_to_score_loads_no_lightning(tmp_path) -> None:
    network = GRU(hidden_size=4)
    network.build(3)
    network.save(tmp_path / "network")
    script = "import pathlib, sys, churn.models as m; m.load(pathlib.Path(sys.argv[1])); print(*sys.modules)"
    command = [sys.executable, "-c", script, str(tmp_path / "network")]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert "churn.models.gru" in loaded and not {"pytorch_lightning", "lightning_fabric"} & set(loaded)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_training_at_once_whatever_lightning_makes_of_it(number) -> None:
    epochs = []

    def report(epoch: int, _: float) -> None:
        epochs.append(epoch)
        signal.raise_signal(number)

    before = signal.signal(number, signal.SIG_DFL)  # which tests in the background have to ignore
    try:
        with stoppable() as stop, pytest.raises(StoppedError):
            GRU(hidden_size=2, max_epochs=3).fit(example_split(), target="churn", report=report)
    finally:
        signal.signal(number, before)
    assert (epochs, stop.number) == ([0], number)


def test_the_best_epoch_is_kept_not_the_last() -> None:
    """A learning rate that wrecks the network after its best epoch must not spoil what is kept."""
    split, losses = example_split(), []
    network = GRU(hidden_size=8, max_epochs=8, patience=8, lr=0.3)
    network.fit(split, target="churn", report=lambda _, loss: losses.append(loss))
    y, p = split.val_a.answers, np.clip(network.predict_proba(split.val_a), 1e-7, 1 - 1e-7)
    kept = -(y * np.log(p) + (1 - y) * np.log(1 - p)).mean()
    assert len(losses) == 8
    assert abs(kept - min(losses)) < 1e-3


@pytest.mark.parametrize("weight", [0.2, 5.0])
def test_weighing_a_class_does_not_move_the_probabilities(weight) -> None:
    split = example_split()
    plain, weighted = (
        GRU(hidden_size=8, max_epochs=5, positive_weight=w).fit(split, target="sticker").predict_proba(split.train)
        for w in (1.0, weight)
    )
    assert abs(weighted.mean() - split.train.label("sticker").mean()) < 0.03
    assert np.corrcoef(plain, weighted)[0, 1] > 0.9


def test_a_network_says_the_base_rate_before_its_first_step() -> None:
    train = example_split().train
    network = GRU(hidden_size=8, target="sticker")
    network.begin(train)
    assert network.predict_proba(train).mean() == pytest.approx(train.label("sticker").mean(), abs=0.1)


def test_learning_again_takes_the_epochs_that_the_fit_kept(monkeypatch) -> None:
    split, steps = example_split(), []
    network = GRU(hidden_size=8, max_epochs=6, patience=2, lr=0.1).fit(split, target="churn")
    network.epochs = 2
    monkeypatch.setattr(Trainee, "on_train_batch_end", lambda trainee, *_: steps.append(trainee.trainer.current_epoch))
    network.refit(split.train, target="churn")
    assert sorted(set(steps)) == [0, 1]


@pytest.mark.parametrize(("n", "expected"), [(100, 32), (4000, 100), (400_000, 1024)])
def test_batches_are_small_enough_for_an_epoch_to_have_steps(n, expected) -> None:
    train = example_split().train
    many = train.take(np.resize(np.arange(len(train)), n))
    assert GRU(batch_size=1024)._batch_size(many) == expected
