"""A calibrator as a torch module, for ONNX."""

import numpy as np
import torch
from torch import Tensor, nn

from churn.evaluation.calibration import EDGE, Calibrator
from churn.models import double, logit


class Calibration(nn.Module):
    """A calibrator in double precision, chances (n,) to calibrated ones, (n,).

    Example:
        >>> calibrator = Calibrator("isotonic", knots=((0.1, 0.3), (0.2, 0.6)))
        >>> p = np.array([0.0, 0.15, 0.9])
        >>> bool(np.allclose(Calibration(calibrator)(torch.from_numpy(p)), calibrator(p)))
        True
    """

    def __init__(self, calibrator: Calibrator) -> None:
        super().__init__()
        self.kind = calibrator.kind
        self.slope, self.shift, self.edge = double(calibrator.slope), double(calibrator.shift), double(EDGE)
        x, y = (np.asarray(side) for side in calibrator.knots)
        if len(x) == 1:
            x, y = np.append(x, x + 1), np.append(y, y)
        self.x, self.y = torch.from_numpy(x)[None], torch.from_numpy(y)

    def forward(self, p: Tensor) -> Tensor:
        """See `Calibrator.__call__`."""
        if self.kind == "none":
            return p
        if self.kind == "isotonic":
            return self._between_knots(p)
        found = torch.sigmoid(self.slope * logit(p, self.edge) + self.shift)
        return torch.minimum(torch.maximum(found, self.edge), 1 - self.edge)

    def _between_knots(self, p: Tensor) -> Tensor:
        """Values on straight lines between the knots."""
        above = torch.searchsorted(self.x, p[None], right=True)[0].clamp(1, self.x.shape[1] - 1)
        low, high = self.x[0][above - 1], self.x[0][above]
        share = ((p - low) / (high - low)).clamp(0, 1)
        return self.y[above - 1] + share * (self.y[above] - self.y[above - 1])
