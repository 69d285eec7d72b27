"""The bidirectional LSTM network."""

from torch import nn

from churn.models.gru import LastState
from churn.models.sequence import SequenceClassifier


class BiLSTM(SequenceClassifier):
    """Long short-term memory read in both directions (Graves and Schmidhuber, 2005)."""

    @property
    def width(self) -> int:
        """The width of both directions' states."""
        return 2 * int(self.hparams["hidden_size"])

    def encoder(self, n_features: int) -> nn.Module:
        """The LSTM."""
        h = self.hparams
        between = h["dropout"] if h["layers"] > 1 else 0.0
        return LastState(
            nn.LSTM(n_features, h["hidden_size"], h["layers"], batch_first=True, dropout=between, bidirectional=True)
        )
