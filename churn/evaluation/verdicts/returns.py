"""Returns: the share of silent users who act again after the horizon."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from churn.data import Windows

BACK_DAYS = 28  # days after the horizon in which silent users may come back


@dataclass(frozen=True)
class Returns:
    """The users who came back among the users who were silent on every horizon day."""

    came: NDArray[np.bool_]  # (m,) for each window of a silent user: whether there was activity in the days after
    user: NDArray[np.int32]  # (m,) the window's user

    @property
    def share(self) -> float:
        """The share that came back; nan if nobody was silent."""
        return float(self.came.mean()) if len(self.came) else float("nan")


def returns(windows: Windows, *, longest_days: int) -> Returns:
    """Look at the four weeks after the horizon of each silent window.

    Only windows count whose lead, `longest_days` and four weeks from the cutoff on lie in the log, so that several
    horizons are compared on the same windows.
    """
    over = windows.cutoff + windows.lead_days + longest_days + BACK_DAYS <= windows.panel.n_days
    silent = windows.take(over & (windows.answers == 1))
    after = silent.rows(first=silent.reach_days, last=silent.reach_days + BACK_DAYS - 1)
    return Returns(np.asarray(np.take(silent.panel.active, after).any(axis=1)), silent.user)
