"""The stacked network: a GRU whose sequence feeds a bidirectional LSTM."""

from torch import Tensor, nn

from churn.models.gru import GRU, LastState, gru


class Sequence(nn.Module):
    """A recurrent layer's output on every day.

    Args:
        recurrent: A batch-first recurrent layer.
    """

    def __init__(self, recurrent: nn.RNNBase) -> None:
        super().__init__()
        self.recurrent = recurrent

    def forward(self, x: Tensor) -> Tensor:
        """(n, d, f) to (n, d, directions * hidden_size)."""
        output: Tensor = self.recurrent(x)[0]
        return output


class GRUBiLSTM(GRU):
    """The GRU reads the days in order; the LSTM reads its sequence in both directions."""

    @property
    def width(self) -> int:
        """The width of both directions' states."""
        return 2 * int(self.hparams["hidden_size"])

    def encoder(self, n_features: int) -> nn.Module:
        """The two layers, with dropout between them; `layers` is the GRU's depth."""
        h = self.hparams
        return nn.Sequential(
            Sequence(gru(n_features, h)),
            nn.Dropout(h["dropout"]),
            LastState(nn.LSTM(super().width, h["hidden_size"], batch_first=True, bidirectional=True)),
        )
