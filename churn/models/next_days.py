"""Learning without labels: a network's trunk learns to foretell the counts of the next days."""

from inspect import signature
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from churn.data import Windows
from churn.models.sequence import SequenceClassifier, is_trunk

SPANS = (1, 2, 4, 8)  # days, one span after the other
_SAMPLE = 20_000  # windows whose counts ahead set the head's first outputs
_LEAST, _MOST = 1e-2, 1e2  # sizes of a negative binomial that training begins from


class NextDays(SequenceClassifier):
    """A network's twin with a head for counts: the sums of each count over spans of days ahead, 1, 2, 4 and 8 long.

    Each sum has a negative binomial distribution, whose size and odds the head gives. It is trained on user-days, see
    `churn.data.user_days`, by the loop that trains every network.

    Args:
        like: The network whose trunk is taught: its layers up to the head.
        until: The first day that may not be read.
    """

    def __init__(self, like: SequenceClassifier, *, until: int) -> None:
        given = {name: getattr(like, name) for name in signature(SequenceClassifier).parameters}
        epochs = (like.max_epochs + 1) // 2  # more gained nothing
        super().__init__(**given | {"pretrain": None, "sharpness": 0.0, "max_epochs": epochs})
        self._encoder, self._width, self.until, self.counts = like.encoder, like.width, until, 0

    @property
    def arguments(self) -> dict[str, Any]:
        """No arguments: it is never saved."""
        return {}

    def encoder(self, n_features: int) -> nn.Module:
        """The encoder of the network that it teaches."""
        return self._encoder(n_features)

    @property
    def width(self) -> int:
        """The width of that encoder's vector."""
        return self._width

    @property
    def days_ahead(self) -> int:
        """The days of all spans."""
        return sum(SPANS)

    @property
    def outputs(self) -> int:
        """Two numbers for each count and span."""
        return 2 * len(SPANS) * self.counts

    def begin(self, train: Windows) -> None:
        """Make the layers for the counts of the panel."""
        self.counts = train.take(np.arange(1)).counts_ahead(1).shape[2]
        super().begin(train)

    def base(self, train: Windows) -> NDArray[np.float64]:
        """The head's outputs that give each sum the mean and, as far as they can, the variance that it has."""
        ahead = torch.from_numpy(train.sample(_SAMPLE).counts_ahead(self.days_ahead, until=self.until))
        sums = in_spans(ahead).double().numpy()
        mean, variance = np.nanmean(sums, axis=0), np.nanvar(sums, axis=0)
        mean = np.nan_to_num(mean).clip(1e-4)
        size = (mean**2 / np.nan_to_num(variance - mean).clip(1e-6)).clip(_LEAST, _MOST)
        return np.concatenate([np.log(size).ravel(), np.log(mean / size).ravel()])

    def loss(self, x: Tensor, y: Tensor) -> Tensor:
        """The mean of -log p over the sums whose days were all seen, by histories and counts ahead, (n, days, c).

        Channels of a table of days may be below 0: such a sum counts as 0.
        """
        log_size, odds = self.head(self.state(x)).unflatten(1, (2, len(SPANS), self.counts)).unbind(dim=1)
        sums = in_spans(y)
        seen = ~sums.isnan()
        log_p = log_likelihood(sums.nan_to_num().clamp(min=0), log_size=log_size, odds=odds)
        return -(log_p * seen).sum() / seen.sum().clamp(min=1)

    def teach(self, network: SequenceClassifier) -> None:
        """Give a network this one's trunk."""
        trunk = {name: value for name, value in self.state_dict().items() if is_trunk(name)}
        network.load_state_dict(trunk, strict=False)


def in_spans(ahead: Tensor) -> Tensor:
    """The sums over the spans, nan where a day was not seen: (n, days, counts) to (n, spans, counts).

    Example:
        >>> in_spans(torch.ones(1, 15, 1)).flatten().tolist()
        [1.0, 2.0, 4.0, 8.0]
    """
    return torch.stack([part.sum(dim=1) for part in torch.split(ahead, list(SPANS), dim=1)], dim=1)


def log_likelihood(sums: Tensor, *, log_size: Tensor, odds: Tensor) -> Tensor:
    """The logarithm of negative binomial probabilities, all of one shape.

    Args:
        sums: Whole numbers of at least 0.
        log_size: The logarithm of the distribution's size, which is held between -7 and 7.
        odds: The logarithm of its mean over its size, held between -20 and 20.
    """
    size, odds = log_size.clamp(-7, 7).exp(), odds.clamp(-20, 20)
    ways = torch.lgamma(sums + size) - torch.lgamma(size) - torch.lgamma(sums + 1)
    return ways + size * nn.functional.logsigmoid(-odds) + sums * nn.functional.logsigmoid(odds)
