import numpy as np
import pytest
import torch
from torch import nn

from churn.errors import UserError
from churn.models import GRU, BiLSTM, Ensemble, GRUBiLSTM, LightGBM, integrated_gradients, logits
from churn.models.scaling import SCALINGS
from churn.models.sequence import SequenceClassifier


class Plane(SequenceClassifier):
    """A network whose logit is a weighted sum of its inputs."""

    days = 3

    @property
    def width(self) -> int:
        return self.days * self.n_features

    def encoder(self, n_features: int) -> nn.Module:
        return nn.Flatten()


def plane(weights: np.ndarray, bias: float = 0.0, **arguments) -> Plane:
    """The network with some weights, (d, f)."""
    network = Plane(scaling="none", **arguments)
    network.days = len(weights)
    network.build(weights.shape[1])
    network.head.weight.data[:] = torch.from_numpy(weights.astype(np.float32)).reshape(1, -1)
    network.head.bias.data[:] = bias
    return network


def untrained(
    kind: type[SequenceClassifier], *, seed: int, loud: float = 3.0, constants=None, **arguments
) -> SequenceClassifier:
    """A network whose weights are so large that its gates saturate."""
    torch.manual_seed(seed)
    network = kind(hidden_size=8, **arguments)
    network.build(3, constants=constants or {})
    for parameter in network.parameters():
        parameter.data *= loud
    return network


def counts(n: int, *, seed: int = 0) -> np.ndarray:
    """Histories of counts of which a few are large, (n, 7, 3)."""
    return np.random.default_rng(seed).negative_binomial(0.5, 0.1, (n, 7, 3)).astype(np.float32)


def missed(found) -> float:
    return np.abs(found.values.sum(axis=(1, 2)) + found.base - found.logit).max(initial=0)


def test_a_plane_is_attributed_by_hand() -> None:
    weights = np.array([[1.0, -2.0], [0.0, 3.0], [0.5, 0.0]])
    x = np.array([[[1, 1], [2, 0], [4, 9]], [[0, 0], [0, 5], [2, 2]]], np.float32)
    baselines = np.array(
        [[[0, 0], [1, 1], [0, 0]], [[2, 4], [1, 3], [4, 0]]], np.float32
    )  # on average 1, 2; 1, 2; 2, 0
    found = integrated_gradients(plane(weights, bias=0.25), x, baselines=baselines, steps=2)
    by_hand = [[[0, 2], [0, -6], [1, 0]], [[-1, 4], [0, 9], [0, 0]]]
    np.testing.assert_allclose(found.values, by_hand, atol=1e-5)
    assert found.base == pytest.approx(1 * 1 - 2 * 2 + 3 * 2 + 0.5 * 2 + 0.25)
    np.testing.assert_allclose(found.logit, [1 - 2 + 2 + 0.25, 15 + 1 + 0.25])


def test_an_ensemble_of_planes_is_attributed_as_its_averaged_probability_says() -> None:
    """One feature on one day: all of the difference is its own, whatever the members make of it."""
    both = Ensemble([plane(np.array([[2.0]]), -1.0), plane(np.array([[-0.5]]), 0.5)])
    x, baseline = np.array([[[3.0]]], np.float32), np.array([[[1.0]]], np.float32)
    found = integrated_gradients(both, x, baselines=baseline, steps=16)
    p = [(1 / (1 + np.exp(1 - 2 * at)) + 1 / (1 + np.exp(0.5 * at - 0.5))) / 2 for at in (3.0, 1.0)]
    assert found.logit[0] == pytest.approx(np.log(p[0] / (1 - p[0])), abs=1e-6)
    assert found.values[0, 0, 0] == pytest.approx(np.log(p[0] / (1 - p[0])) - np.log(p[1] / (1 - p[1])), abs=1e-4)


def test_the_logit_of_an_ensemble_stays_finite_where_probabilities_are_0_or_1() -> None:
    both = Ensemble([plane(np.array([[2.0]])), plane(np.array([[3.0]]))])
    x = np.array([[[300.0]], [[-300.0]]], np.float32)
    np.testing.assert_allclose(logits(both, x), [600 + np.log(2), -600 - np.log(2)], rtol=1e-5)
    found = integrated_gradients(both, x, baselines=np.zeros((1, 1, 1), np.float32))
    np.testing.assert_allclose(found.values.ravel(), found.logit, rtol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("scaling", SCALINGS)
@pytest.mark.parametrize("kind", [GRU, BiLSTM, GRUBiLSTM])
def test_attributions_add_up_to_the_logit(kind, scaling) -> None:
    network = untrained(kind, seed=1, scaling=scaling)
    if scaling != "none":  # as the training part would fill it: most counts are small
        network.scale.center[:] = 0.5
        network.scale.spread[:] = 2.0
    x = counts(20)
    found = integrated_gradients(network, x, baselines=counts(6, seed=1))
    assert np.ptp(found.logit) > 0.5
    assert missed(found) <= 0.01
    np.testing.assert_allclose(found.logit, logits(network, x))


def test_attributions_of_an_ensemble_add_up_to_its_logit() -> None:
    members = [untrained(GRU, seed=seed) for seed in range(3)]
    x = counts(20)
    found = integrated_gradients(Ensemble(members), x, baselines=counts(6, seed=1))
    p = np.mean([1 / (1 + np.exp(-logits(member, x))) for member in members], axis=0)
    np.testing.assert_allclose(found.logit, np.log(p / (1 - p)), atol=1e-5)
    assert missed(found) <= 0.01


def test_attributions_of_columns_that_are_mostly_equal_add_up_in_few_steps() -> None:
    network = untrained(GRU, seed=1, constants={2: "number"})
    x = counts(20)
    x[:, :, 2] = np.random.default_rng(0).integers(0, 5, (20, 1))
    network.join.fit(torch.tensor([[0.0]] * 60 + [[float(n)] for n in range(20)]))
    found = integrated_gradients(network, x, baselines=np.zeros((1, 7, 3), np.float32))
    assert missed(found) <= 0.01 and found.steps < 512


def test_lines_that_miss_get_more_steps_and_the_others_do_not() -> None:
    network, baselines = untrained(GRU, seed=1, scaling="none"), np.zeros((1, 7, 3), np.float32)
    far, near = counts(10) * 20, np.full((1, 7, 3), 1e-3, np.float32)
    assert integrated_gradients(network, near, baselines=baselines, steps=2).steps == 2
    assert integrated_gradients(network, far, baselines=baselines, steps=2).steps > 16


def test_a_sum_over_many_fine_steps_agrees() -> None:
    """The gradient by differences of the logit, at the middles of 400 equal steps, in double precision."""
    network = untrained(GRU, seed=2)
    x, baselines = counts(1), counts(2, seed=1)
    found = integrated_gradients(network, x, baselines=baselines, steps=64)
    network.double().eval()
    expected = np.mean([by_differences(network, x[0], baseline) for baseline in baselines.astype(np.float64)], axis=0)
    np.testing.assert_allclose(found.values[0], expected, atol=5e-3)
    assert np.abs(expected).max() > 0.1


@torch.inference_mode()
def by_differences(network: SequenceClassifier, x: np.ndarray, baseline: np.ndarray, steps: int = 400) -> np.ndarray:
    along = (np.arange(steps) + 0.5)[:, None, None] / steps
    points = torch.from_numpy(baseline + along * (x - baseline))
    values = np.zeros(x.shape)
    for place in np.ndindex(*x.shape):
        moved = torch.zeros(x.shape, dtype=torch.float64)
        moved[place] = 1e-5
        values[place] = float((network(points + moved) - network(points - moved)).mean()) / 2e-5
    return values * (x - baseline)


def test_what_the_network_cannot_see_gets_exactly_nothing() -> None:
    network = untrained(BiLSTM, seed=3, history_days=2)
    network.encode.recurrent.weight_ih_l0.data[:, 1] = 0
    network.encode.recurrent.weight_ih_l0_reverse.data[:, 1] = 0
    values = integrated_gradients(network, counts(10), baselines=counts(4, seed=1)).values
    assert not values[:, :-2].any()
    assert not values[:, :, 1].any()
    assert (np.abs(values[:, -2:][:, :, [0, 2]]).max(axis=0) > 0).all()


def test_the_network_is_left_as_it_was() -> None:
    network = untrained(GRUBiLSTM, seed=4, dropout=0.5)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    x, baselines = counts(4), counts(2, seed=1)
    network.train()
    network.encode[0].eval()  # one part alone
    first, second = (integrated_gradients(network, x, baselines=baselines).values for _ in range(2))
    assert (first == second).all(), "dropout must be off, and nothing drawn"
    assert network.training
    assert network.drop.training
    assert not network.encode[0].training
    assert all(parameter.grad is None and parameter.requires_grad for parameter in network.parameters())
    assert all(torch.equal(before[name], tensor) for name, tensor in network.state_dict().items())


def test_windows_are_attributed_each_on_its_own() -> None:
    """More of them than are integrated at a time."""
    network, x, baselines = untrained(GRU, seed=5), counts(60), counts(20, seed=1)
    together = integrated_gradients(network, x, baselines=baselines)
    alone = [integrated_gradients(network, row[None], baselines=baselines).values[0] for row in x[[0, 24, 26, 59]]]
    np.testing.assert_allclose(together.values[[0, 24, 26, 59]], alone, atol=1e-4)


def test_no_histories_have_no_attributions() -> None:
    found = integrated_gradients(untrained(GRU, seed=0), counts(0), baselines=counts(2))
    assert found.values.shape == (0, 7, 3)
    assert found.logit.shape == (0,)
    assert np.isfinite(found.base)


def test_a_network_that_says_nothing_has_attributions_of_nothing() -> None:
    found = integrated_gradients(untrained(GRU, seed=0, loud=0.0), counts(3), baselines=counts(2, seed=1))
    assert not found.values.any()


@pytest.mark.parametrize("model", [LightGBM(), Ensemble([LightGBM(), LightGBM()]), Ensemble([GRU(), LightGBM()])])
def test_other_models_have_no_gradients(model) -> None:
    with pytest.raises(UserError, match=r"expected a network.*got .*LightGBM.*; explain it by churn\.explanation"):
        integrated_gradients(model, counts(2), baselines=counts(1))


def test_networks_of_other_features_are_refused() -> None:
    with pytest.raises(UserError, match=r"fitted on 2 features, got one for 3; fit it"):
        logits(untrained(GRU, seed=0), np.zeros((1, 7, 2), np.float32))
    with pytest.raises(UserError, match=r"fitted on 2 features, got one that is not fitted"):
        logits(GRU(), np.zeros((1, 7, 2), np.float32))


def test_one_thread_computes_and_the_others_come_back() -> None:
    network, seen, threads = untrained(GRU, seed=0), [], torch.get_num_threads()
    network.scale.register_forward_hook(lambda *_: seen.append(torch.get_num_threads()))
    try:
        torch.set_num_threads(2)
        integrated_gradients(network, counts(1), baselines=counts(1, seed=1))
        assert set(seen) == {1}
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(threads)
