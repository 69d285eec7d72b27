"""Returns: how many of the silent act again once the horizon is over."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from churn.data import Windows

BACK_DAYS = 28  # after the horizon, in which the silent may come back


@dataclass(frozen=True)
class Returns:
    """Who came back of those who were silent on every horizon day."""

    came: NDArray[np.bool_]  # (m,) a window of a silent user each: whether there was activity in the days after
    user: NDArray[np.int32]  # (m,) whose

    @property
    def share(self) -> float:
        """The share that came back; nan of none."""
        return float(self.came.mean()) if len(self.came) else float("nan")


def returns(windows: Windows, *, longest_days: int) -> Returns:
    """Look at the four weeks after the horizon of each silent window.

    Only windows count whose `longest_days` and four weeks from the cutoff on lie in the log, so that several horizons
    are looked at on the same ones.
    """
    over = windows.cutoff + longest_days + BACK_DAYS <= windows.panel.n_days
    silent = windows.take(over & (windows.churn == 1))
    after = silent.rows(first=silent.horizon_days, last=silent.horizon_days + BACK_DAYS - 1)
    return Returns(np.asarray(np.take(silent.panel.active, after).any(axis=1)), silent.user)
