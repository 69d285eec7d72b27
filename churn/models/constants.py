"""The columns that are constant over a history, embedded once and joined to a network's state."""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn

Constant = Literal["number", "flag"]
_BINS = 8  # of a number, between quantiles of the training part
_LEAST_WIDTH = 1e-6  # of a bin


class Constants(nn.Module):
    """A vector of the columns that are constant over a history.

    A number is encoded piecewise linearly: one input per bin, which rises from 0 to 1 within it (Gorishniy et al., On
    Embeddings for Numerical Features in Tabular Deep Learning, 2022). A bin between equal quantiles has no width to
    rise in and stays 0: as a step it would hide from the gradients along which a chance is attributed to columns. A
    flag is taken as it is, so that the layer that follows holds an embedding of each level.

    Args:
        kinds: The kind of each column, (c,).
        width: The length of the vector.
        dropout: Share of the vector dropped while training.
    """

    numbers: Tensor  # (m,) positions among the columns
    edges: Tensor  # (m, bins + 1) rising

    def __init__(self, kinds: Sequence[Constant], *, width: int, dropout: float) -> None:
        super().__init__()
        numbers = [place for place, kind in enumerate(kinds) if kind == "number"]
        self.register_buffer("numbers", torch.tensor(numbers, dtype=torch.int64), persistent=False)
        self.register_buffer("edges", torch.zeros(len(numbers), _BINS + 1))
        self.embed = nn.Sequential(nn.Linear(len(kinds) + len(numbers) * _BINS, width), nn.ReLU(), nn.Dropout(dropout))

    def fit(self, values: Tensor) -> None:
        """Set the edges of the bins from training values, (n, c)."""
        shares = torch.linspace(0, 1, _BINS + 1, dtype=torch.float64)
        if len(self.numbers):
            self.edges.copy_(torch.quantile(values[:, self.numbers].double(), shares, dim=0).T)

    def forward(self, x: Tensor) -> Tensor:
        """(n, c) to (n, width)."""
        low, high = self.edges[:, :-1], self.edges[:, 1:]
        own = x[:, self.numbers, None]
        width = high - low
        within = ((own - low) / width.clamp(min=_LEAST_WIDTH)).clamp(0, 1) * (width > _LEAST_WIDTH)
        found: Tensor = self.embed(torch.cat([x, within.flatten(1)], dim=1))
        return found
