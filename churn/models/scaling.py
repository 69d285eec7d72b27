"""Scaling: a network's first layer, filled from the training part and kept with the weights."""

from typing import Literal, get_args

import numpy as np
import torch
from torch import Tensor, nn

from churn.data import Windows
from churn.keys import OneOf

Scaling = Literal["none", "standard", "log_standard", "robust", "min_max", "quantile"]
SCALINGS: tuple[Scaling, ...] = get_args(Scaling)[:-1]  # that the search of recurrent networks tries
_EDGES = 501  # quantiles of a feature
_MOST = 50_000  # windows that the buffers are filled from: enough for means and quartiles to three digits


class Scale(nn.Module):
    """The first layer: brings each feature to comparable size by statistics of the training part.

    Args:
        n_features: Columns per day.
        kind: `none`; `standard`: mean 0 and standard deviation 1; `log_standard`: as `standard`, after
            log(1 + |x|) with the sign of x; `robust`: median 0 and a distance of 1 between the quartiles; `min_max`:
            from 0 to 1; `quantile`: standard normal, by the mean rank of equal values, on straight lines between 501
            quantiles. As scikit-learn's scalers, a feature without spread is moved but not stretched.

    Raises:
        UserError: for another kind.
    """

    center: Tensor  # (f,)
    spread: Tensor  # (f,)
    edges: Tensor  # (f, 501) rising, of `quantile` alone
    scores: Tensor | None = None  # of the edges, once they are kept

    def __init__(self, n_features: int, *, kind: Scaling) -> None:
        super().__init__()
        OneOf(get_args(Scaling)).check("scaling", kind)
        self.kind = kind
        self.register_buffer("center", torch.zeros(n_features))
        self.register_buffer("spread", torch.ones(n_features))
        if kind == "quantile":
            self.register_buffer("edges", torch.linspace(0, 1, _EDGES).repeat(n_features, 1))

    def fit(self, windows: Windows) -> None:
        """Fill the buffers from the days of some training windows, evenly drawn where there are very many."""
        if self.kind == "none":
            return
        few = windows.take(np.unique(np.linspace(0, len(windows) - 1, min(len(windows), _MOST), dtype=np.int64)))
        days = torch.from_numpy(few.history()).flatten(0, 1)
        if self.kind == "quantile":
            self.edges.copy_(torch.from_numpy(np.quantile(days.numpy(), np.linspace(0, 1, _EDGES), axis=0).T))
            return
        values = self._transformed(days).double()
        center, spread = self._measured(values)
        self.center.copy_(center)
        self.spread.copy_(torch.where(spread > 0, spread, 1.0))

    def forward(self, x: Tensor) -> Tensor:
        """Scale a history, (n, d, f)."""
        if self.kind == "quantile":
            scores = _scores(self.edges) if self.scores is None else self.scores
            return _normal_scores(x.flatten(0, 1).T.contiguous(), self.edges, scores).T.reshape(x.shape)
        return (self._transformed(x) - self.center) / self.spread

    def keep_scores(self) -> None:
        """Compute once what depends on the edges alone, for a layer that learns no more."""
        self.scores = _scores(self.edges) if self.kind == "quantile" else None

    def _measured(self, values: Tensor) -> tuple[Tensor, Tensor]:
        """The location and the spread of each feature over days (n, f): two arrays (f,)."""
        if self.kind == "robust":
            low, middle, high = torch.from_numpy(np.percentile(values.numpy(), [25, 50, 75], axis=0))
            return middle, high - low
        if self.kind == "min_max":
            low, high = values.aminmax(dim=0)
            return low, high - low
        return values.mean(dim=0), values.std(dim=0, correction=0)

    def _transformed(self, x: Tensor) -> Tensor:
        return torch.log1p(x.abs()) * x.sign() if self.kind == "log_standard" else x


def _scores(edges: Tensor) -> Tensor:
    """The normal quantiles of edges' ranks, (f, e); equal edges share a rank."""
    ranks = torch.searchsorted(edges, edges) + torch.searchsorted(edges, edges, right=True)
    found: Tensor = torch.special.ndtri(ranks / (2 * edges.shape[1]))
    return found


def _normal_scores(values: Tensor, edges: Tensor, scores: Tensor) -> Tensor:
    """The scores of values on straight lines between the edges', (f, m) of (f, m), (f, e) and (f, e)."""
    above = torch.searchsorted(edges, values, right=True).clamp(1, edges.shape[1] - 1)
    low, high = edges.gather(1, above - 1), edges.gather(1, above)
    share = ((values - low) / (high - low).clamp(min=1e-12)).clamp(0, 1)
    found: Tensor = torch.lerp(scores.gather(1, above - 1), scores.gather(1, above), share)
    return found
