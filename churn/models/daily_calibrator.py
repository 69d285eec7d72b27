"""Calibration of daily hazards: the numbers by which a run's Foresight is corrected, which need no torch to be read."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

import numpy as np

from churn.artefacts import as_written, read_object, write_json

DAYS = (3, 7, 14, 28)  # horizons that are told unless others are asked for
DAILY_CALIBRATOR = "daily_calibrator.json"  # file in the folder of a run's Foresight


@dataclass(frozen=True)
class DailyCalibrator:
    """A slope and a shift of the logits of each kind of daily hazard, see `churn.models.calibrate_daily`.

    It changes hazards, not chances, so that the chances of all days and targets still fit together.

    Args:
        slopes: A factor of each kind of hazard's logits, above 0; none leaves all as they are.
        shifts: What is added to these.
    """

    slopes: tuple[float, ...] = ()
    shifts: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        """Raises ValueError for numbers that would reverse the order, or are not numbers."""
        fits = len(self.slopes) == len(self.shifts) and all(0 < slope < np.inf for slope in self.slopes)
        if not (fits and np.isfinite(self.shifts).all()):
            raise ValueError(f"expected slopes above 0 with a shift each, got {self.slopes} and {self.shifts}")

    def save(self, path: Path) -> None:
        """Write the numbers as JSON."""
        write_json(asdict(self), path)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read numbers that `save` wrote.

        Raises:
            UserError: if there are none, or they are invalid.
        """
        found = read_object(path, "slopes", "shifts")
        with as_written(path, TypeError, ValueError):
            return cls(tuple(map(float, found["slopes"])), tuple(map(float, found["shifts"])))
