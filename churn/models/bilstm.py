"""The bidirectional LSTM network."""

from torch import nn

from churn.models.gru import LastState
from churn.models.sequence import SequenceClassifier


class BiLSTM(SequenceClassifier):
    """Long short-term memory read in both directions (Graves and Schmidhuber, 2005)."""

    @property
    def width(self) -> int:
        """The width of both directions' states."""
        return 2 * self.hidden_size

    def encoder(self, n_features: int) -> nn.Module:
        """The LSTM."""
        between = self.dropout if self.layers > 1 else 0.0
        return LastState(
            nn.LSTM(n_features, self.hidden_size, self.layers, batch_first=True, dropout=between, bidirectional=True)
        )
