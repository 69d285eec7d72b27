"""Integrated gradients: the contribution of each feature of each day to a network's logit, from baseline histories."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from churn.errors import UserError
from churn.models.base import Classifier
from churn.models.ensemble import members
from churn.models.sequence import SequenceClassifier, one_thread

_TOLERANCE = (
    1e-2  # logits by which the gradients of a history's lines may miss the differences of their ends, on average
)
_MOST_STEPS = 512  # points on a line, however badly it misses
_LINES, _POINTS = 512, 2048  # lines at a time, and points on lines at a time: both bound the memory


@dataclass(frozen=True)
class Integral:
    """A network's gradients, integrated along the straight lines from every baseline to every history."""

    values: NDArray[np.float64]  # (n, d, f) logits, the mean over a history's lines
    logit: NDArray[np.float64]  # (n,) logits of the histories
    base: float  # the baselines' mean logit, to which a history's values add
    steps: int  # the most points that a line took


def integrated_gradients(
    model: Classifier, histories: NDArray[np.float32], *, baselines: NDArray[np.float32], steps: int = 8
) -> Integral:
    """Integrate the gradients of a network's logit, or of the logit of an ensemble's averaged probability.

    Lines whose values do not add up to the difference of their ends' logits get twice the steps, as long as the lines
    of a history miss it by over .01 on average: a few lines into saturated gates need many and most need hardly any.

    Args:
        model: A fitted network, or an ensemble of networks.
        histories: Raw features, (n, d, f), as the network's first layer scales them.
        baselines: Raw features, (b, d, f).
        steps: Points on each line, at first.

    Raises:
        UserError: if the model is not made of networks fitted on f features.

    Source:
        Sundararajan, Taly and Yan (2017), Axiomatic attribution for deep networks; averaged over baselines: Erion et
        al. (2021), Improving performance of deep learning models with axiomatic attribution priors and expected
        gradients.
    """
    networks = _networks(model, n_features=histories.shape[2])
    logit, base = logits(model, histories), logits(model, baselines)
    values, most = np.zeros(histories.shape), steps
    few = max(1, _LINES // len(baselines))
    with _predicting(networks):
        for begin in range(0, len(histories), few):
            rows = slice(begin, begin + few)
            ends = np.repeat(histories[rows], len(base), axis=0)
            starts = np.resize(baselines, ends.shape)
            rise = np.subtract.outer(logit[rows], base).ravel()
            lines, taken = _lines(networks, starts, ends, rise=rise, each=len(base), steps=steps)
            values[rows] = lines.reshape(-1, *baselines.shape).mean(axis=1)
            most = max(most, taken)
    return Integral(values, logit, float(base.mean()), most)


def logits(model: Classifier, histories: NDArray[np.float32]) -> NDArray[np.float64]:
    """The logit of each raw history, (n, d, f) to (n,); of an ensemble that of the averaged probability.

    Raises:
        UserError: if the model is not made of networks fitted on f features.

    Example:
        >>> from churn.data import example_split
        >>> from churn.models import GRU
        >>> split = example_split()
        >>> network = GRU(hidden_size=4, max_epochs=1).fit(split, target="churn")
        >>> p = 1 / (1 + np.exp(-logits(network, split.test.history())))
        >>> bool(np.allclose(p, network.predict_proba(split.test)))
        True
    """
    networks = _networks(model, n_features=histories.shape[2])
    found = np.empty(len(histories))
    with _predicting(networks), torch.inference_mode():
        for begin in range(0, len(histories), _POINTS):
            rows = slice(begin, begin + _POINTS)
            found[rows] = _logit(networks, torch.from_numpy(histories[rows]).to(networks[0].device)).cpu()
    return found


def _networks(model: Classifier, *, n_features: int) -> list[SequenceClassifier]:
    networks = [member for member in members(model) if isinstance(member, SequenceClassifier)]
    if not networks or len(networks) < len(members(model)):
        raise UserError(
            "expected a network, or an ensemble of networks, to integrate the gradients of",
            " and ".join(sorted({type(member).__name__ for member in members(model)})) or "an ensemble of nothing",
            "explain it by churn.explanation.explain, which asks for its probabilities alone",
        )
    for known in {network.n_features for network in networks} - {n_features}:
        found = f"one for {known}" if known else "one that is not fitted"
        raise UserError(f"expected a network fitted on {n_features} features", found, "fit it on windows like these")
    return networks


@contextmanager
def _predicting(networks: Sequence[SequenceClassifier]) -> Iterator[None]:
    """Use one thread, no dropout, and no cuDNN, whose recurrent layers have no gradients outside of training."""
    modes = [(module, module.training) for network in networks for module in network.modules()]
    for network in networks:
        network.eval()
    try:
        with one_thread(), torch.backends.cudnn.flags(enabled=False):
            yield
    finally:
        for module, was_training in modes:
            module.training = was_training


def _logit(networks: Sequence[SequenceClassifier], x: Tensor) -> Tensor:
    """The logit of the averaged probability, (n,), without a probability that could round to 0 or 1."""
    z = torch.stack([network(x) for network in networks])
    if len(networks) == 1:
        return z[0]
    return nn.functional.logsigmoid(z).logsumexp(dim=0) - nn.functional.logsigmoid(-z).logsumexp(dim=0)


def _lines(
    networks: Sequence[SequenceClassifier],
    starts: NDArray[np.float32],
    ends: NDArray[np.float32],
    *,
    rise: NDArray[np.float64],
    each: int,
    steps: int,
) -> tuple[NDArray[np.float64], int]:
    """The integrated gradients of each line, (lines, d, f), and the points on the line that took most."""
    values = _once(networks, starts, ends, steps=steps)
    while 2 * steps <= _MOST_STEPS:
        missed = np.abs(values.sum(axis=(1, 2)) - rise)
        on_average = missed.reshape(-1, each).mean(axis=1).repeat(each)  # over the lines of a history
        rows = np.flatnonzero((missed > _TOLERANCE) & (on_average > _TOLERANCE))
        if not len(rows):
            break
        steps *= 2
        values[rows] = _once(networks, starts[rows], ends[rows], steps=steps)
    return values, steps


def _once(
    networks: Sequence[SequenceClassifier], starts: NDArray[np.float32], ends: NDArray[np.float32], *, steps: int
) -> NDArray[np.float64]:
    from captum.attr import IntegratedGradients  # brings matplotlib along, which takes its time

    start, end = (torch.from_numpy(x).to(networks[0].device) for x in (starts, ends))
    method = IntegratedGradients(lambda x: _logit(networks, x))
    values = method.attribute(end, start, n_steps=steps, method="gausslegendre", internal_batch_size=_POINTS)
    found: NDArray[np.float64] = values.cpu().double().numpy()
    return found
