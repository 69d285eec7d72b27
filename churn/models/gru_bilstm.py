"""The stacked network: a GRU whose sequence feeds a bidirectional LSTM."""

from torch import Tensor, nn

from churn.models.gru import LastState
from churn.models.sequence import SequenceClassifier


class Sequence(nn.Module):
    """A recurrent layer's output on every day.

    Args:
        recurrent: A batch-first recurrent layer.
    """

    def __init__(self, recurrent: nn.RNNBase) -> None:
        super().__init__()
        self.recurrent = recurrent

    def forward(self, x: Tensor) -> Tensor:
        """(n, d, f) to (n, d, hidden_size)."""
        output: Tensor = self.recurrent(x)[0]
        return output


class GRUBiLSTM(SequenceClassifier):
    """The GRU reads the days in order; the LSTM reads its sequence in both directions."""

    @property
    def width(self) -> int:
        """Both directions' states."""
        return 2 * int(self.hparams["hidden_size"])

    def encoder(self, n_features: int) -> nn.Module:
        """The two layers, with dropout between them; `layers` is the GRU's depth."""
        h = self.hparams
        size, between = h["hidden_size"], h["dropout"] if h["layers"] > 1 else 0.0
        return nn.Sequential(
            Sequence(nn.GRU(n_features, size, h["layers"], batch_first=True, dropout=between)),
            nn.Dropout(h["dropout"]),
            LastState(nn.LSTM(size, size, batch_first=True, bidirectional=True)),
        )
