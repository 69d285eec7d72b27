"""The stacked network: a GRU whose sequence feeds a bidirectional LSTM."""

from torch import Tensor, nn

from churn.models.gru import GRU, LastState, gru


class Sequence(LastState):
    """A recurrent layer's output on every day."""

    def forward(self, x: Tensor) -> Tensor:
        """(n, d, f) to (n, d, directions * hidden_size)."""
        output: Tensor = self.recurrent(x)[0]
        return output


class GRUBiLSTM(GRU):
    """The GRU reads the days in order; the LSTM reads its sequence in both directions."""

    @property
    def width(self) -> int:
        """The width of both directions' states."""
        return 2 * self.hidden_size

    def encoder(self, n_features: int) -> nn.Module:
        """The two layers, with dropout between them; `layers` is the GRU's depth."""
        return nn.Sequential(
            Sequence(gru(n_features, self)),
            nn.Dropout(self.dropout),
            LastState(nn.LSTM(super().width, self.hidden_size, batch_first=True, bidirectional=True)),
        )
