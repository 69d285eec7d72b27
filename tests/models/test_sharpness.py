"""Sharpness-aware steps: two passes each, against one worked out by hand, and plain steps at a radius of 0."""

import numpy as np
import pytest
import torch
from pytorch_lightning import Callback, Trainer
from torch import nn
from torch.utils.data import DataLoader

from churn.data import example_split
from churn.data.datamodule import ChurnDataModule
from churn.models import GRU, SequenceClassifier, Trainee

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore:.*does not have many workers")]
RHO = 0.3


class Plane(SequenceClassifier):
    """A logistic regression on the days' sums, whose first layer counts the batches that it has seen."""

    width = 2

    def encoder(self, n_features):
        return Summed()


class Summed(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("batches", torch.zeros(()))

    def forward(self, x):
        self.batches += 1
        return x.sum(dim=1)


class Plain(Trainee):
    """Steps of gradient descent by 1, of whose gradients the test keeps what the optimiser sees."""

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=1.0)


def plane(rho: float) -> Plane:
    network = Plane(dropout=0.0, scaling="none", sharpness=rho)
    network.build(2)
    with torch.no_grad():
        network.head.weight.copy_(torch.tensor([[0.4, -0.2]]))
        network.head.bias.fill_(0.1)
    return network


def step(network: Plane, batches, **options) -> Plain:
    trainee = Plain(network)
    trainer = Trainer(
        max_epochs=1,
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        enable_checkpointing=False,
        limit_val_batches=0,
        **options,
    )
    trainer.fit(trainee, *(DataLoader(batches, batch_size=None) for _ in range(2)))
    return trainee


@pytest.fixture
def batches():
    rng = np.random.default_rng(0)
    return [
        (torch.from_numpy(rng.normal(size=(8, 3, 2)).astype(np.float32)), torch.tensor([0, 1] * 4).float())
        for _ in range(2)
    ]


def slope(theta, batch):
    """The gradient of the mean log loss of a logistic regression, by hand."""
    x = np.column_stack([batch[0].numpy().astype(np.float64).sum(axis=1), np.ones(8)])
    return x.T @ (1 / (1 + np.exp(-x @ theta)) - batch[1].numpy()) / 8


def sharp(theta, batch):
    first = slope(theta, batch)
    return slope(theta + RHO * first / np.linalg.norm(first), batch)


def weights(network):
    return np.append(network.head.weight.detach().numpy().ravel(), network.head.bias.item())


START = np.array([0.4, -0.2, 0.1])


def test_a_step_is_the_one_worked_out_by_hand(batches) -> None:
    network = plane(RHO)
    step(network, batches[:1])
    np.testing.assert_allclose(weights(network), START - sharp(START, batches[0]), rtol=1e-5)


def test_the_second_gradient_is_clipped_and_the_first_is_not(batches) -> None:
    network, gradient = plane(RHO), sharp(START, batches[0])
    step(network, batches[:1], gradient_clip_val=0.05, gradient_clip_algorithm="value")
    np.testing.assert_allclose(weights(network), START - np.clip(gradient, -0.05, 0.05), rtol=1e-5)


def test_accumulated_batches_each_ascend_by_themselves(batches) -> None:
    network = plane(RHO)
    step(network, batches, accumulate_grad_batches=2)
    mean = (sharp(START, batches[0]) + sharp(START, batches[1])) / 2
    np.testing.assert_allclose(weights(network), START - mean, rtol=1e-5)


@pytest.mark.parametrize(("rho", "passes"), [(0.0, 2), (RHO, 4)])
def test_a_step_passes_twice_and_counts_its_batch_once(batches, rho, passes) -> None:
    network, seen = plane(rho), []
    network.register_forward_hook(lambda *_: seen.append(1))
    step(network, batches)
    assert len(seen) == passes
    assert network.encode.batches == 2


def test_the_optimiser_steps_from_where_the_weights_were(batches) -> None:
    class Looks(Callback):
        def on_before_optimizer_step(self, trainer, pl_module, optimizer) -> None:
            np.testing.assert_array_equal(weights(pl_module.network), START.astype(np.float32))

    step(plane(RHO), batches[:1], callbacks=[Looks()])


def test_a_radius_of_zero_changes_nothing_and_another_one_does(monkeypatch) -> None:
    split = example_split()
    plain, zero, sharp_ = (
        GRU(hidden_size=4, max_epochs=2, **more).fit(split, target="churn").predict_proba(split.test)
        for more in ({}, {"sharpness": 0.0}, {"sharpness": 0.05})
    )
    np.testing.assert_array_equal(plain, zero)
    assert 1e-4 < np.abs(plain - sharp_).max() < 0.2


def test_the_command_line_s_module_takes_the_same_steps() -> None:
    network = GRU(hidden_size=4, sharpness=0.1)
    trainer = Trainer(
        max_epochs=1,
        limit_train_batches=2,
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        enable_checkpointing=False,
        limit_val_batches=0,
    )
    passes = []
    network.register_forward_hook(lambda *_: passes.append(1))
    trainer.fit(Trainee(network), ChurnDataModule.of(example_split()))
    assert len(passes) == 4
