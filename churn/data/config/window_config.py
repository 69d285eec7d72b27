"""The `windows:` block: history, horizon and the users at risk."""

from dataclasses import dataclass
from typing import Literal

from churn.keys import Block, Days


@dataclass(frozen=True)
class WindowConfig(Block, key="data.windows"):
    """The windows: their history and horizon, the days between cutoffs, and the users at risk.

    Args:
        history_days: Days before the cutoff that a model sees.
        horizon_days: Days from the cutoff on that it predicts.
        stride_days: Days from one cutoff to the next.
        at_risk: `active`: users with activity in the `at_risk_days` before the cutoff; `member`: everyone on the
            member list, from the day `joined` on. That a window begins on the day of joining tells that the user
            joined, and most likely acted, on that day: where a list is made overnight, map a column with the day after.
        at_risk_days: Independent of `history_days`, so that histories are compared on the same windows.
    """

    history_days: Days = 7
    horizon_days: Days = 7
    stride_days: Days = 1
    at_risk: Literal["active", "member"] = "active"
    at_risk_days: Days = 7
