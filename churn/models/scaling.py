"""Scaling: a network's first layer, filled from the training part and kept with the weights."""

from typing import Literal, get_args

import numpy as np
import torch
from torch import Tensor, nn

from churn.data import Windows
from churn.keys import OneOf

Scaling = Literal["none", "standard", "log_standard", "robust", "min_max"]
SCALINGS: tuple[Scaling, ...] = get_args(Scaling)
_MOST = 50_000  # windows that the buffers are filled from: enough for means and quartiles to three digits


class Scale(nn.Module):
    """The first layer: brings each feature to comparable size by statistics of the training part.

    Args:
        n_features: Columns per day.
        kind: `none`; `standard`: mean 0 and standard deviation 1; `log_standard`: as `standard`, after
            log(1 + |x|) with the sign of x; `robust`: median 0 and a distance of 1 between the quartiles; `min_max`:
            from 0 to 1. As scikit-learn's scalers, a feature without spread is moved but not stretched.

    Raises:
        UserError: for another kind.
    """

    center: Tensor  # (f,)
    spread: Tensor  # (f,)

    def __init__(self, n_features: int, *, kind: Scaling) -> None:
        super().__init__()
        OneOf(SCALINGS).check("scaling", kind)
        self.kind = kind
        self.register_buffer("center", torch.zeros(n_features))
        self.register_buffer("spread", torch.ones(n_features))

    def fit(self, windows: Windows) -> None:
        """Fill the buffers from the days of some training windows, evenly drawn where there are very many."""
        if self.kind == "none":
            return
        few = windows.take(np.unique(np.linspace(0, len(windows) - 1, min(len(windows), _MOST), dtype=np.int64)))
        values = self._transformed(torch.from_numpy(few.history()).flatten(0, 1)).double()
        center, spread = self._measured(values)
        self.center.copy_(center)
        self.spread.copy_(torch.where(spread > 0, spread, 1.0))

    def forward(self, x: Tensor) -> Tensor:
        """Scale a history, (n, d, f)."""
        return (self._transformed(x) - self.center) / self.spread

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
        return torch.copysign(torch.log1p(x.abs()), x) if self.kind == "log_standard" else x
