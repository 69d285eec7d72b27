"""The GRU network."""

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from churn.models.sequence import SequenceClassifier

if TYPE_CHECKING:
    import optuna


class LastState(nn.Module):
    """A recurrent layer's state after the last day, both directions side by side.

    Args:
        recurrent: A batch-first recurrent layer.
    """

    def __init__(self, recurrent: nn.RNNBase) -> None:
        super().__init__()
        self.recurrent = recurrent

    def forward(self, x: Tensor) -> Tensor:
        """(n, d, f) to (n, directions * hidden_size)."""
        _, state = self.recurrent(x)
        hidden = state[0] if isinstance(state, tuple) else state
        directions = 2 if self.recurrent.bidirectional else 1
        return torch.cat(tuple(hidden[-directions:]), dim=-1)


class GRU(SequenceClassifier):
    """Gated recurrent units, read at the last day (Cho et al., 2014).

    Example:
        >>> from churn.data import example_split
        >>> split = example_split()
        >>> GRU(hidden_size=8, max_epochs=1).fit(split, target="churn").predict_proba(split.test).shape[0] > 0
        True
    """

    @property
    def width(self) -> int:
        """The states' width, of both directions where there are two."""
        return self.hidden_size * (2 if self.bidirectional else 1)

    @classmethod
    def suggest(cls, trial: "optuna.Trial", n_features: int) -> dict[str, Any]:
        """The base class's arguments, and the direction."""
        bidirectional = trial.suggest_categorical("bidirectional", [False, True])
        return super().suggest(trial, n_features) | {"bidirectional": bidirectional}

    def encoder(self, n_features: int) -> nn.Module:
        """The GRU."""
        return LastState(gru(n_features, self))


def gru(n_features: int, network: SequenceClassifier) -> nn.GRU:
    """The layers that a network's arguments ask for."""
    return nn.GRU(
        n_features,
        network.hidden_size,
        network.layers,
        batch_first=True,
        dropout=network.dropout if network.layers > 1 else 0.0,
        bidirectional=network.bidirectional,
    )
