"""The `windows:` block: history, horizon and the users at risk."""

from dataclasses import dataclass
from typing import Annotated, Literal

from churn.errors import UserError
from churn.keys import Block, Days, Range


@dataclass(frozen=True)
class WindowConfig(Block, key="data.windows"):
    """The windows: their history and horizon, the days between cutoffs, and the users at risk.

    Args:
        history_days: Days before the cutoff that a model sees; 0 for what is known of a member on arrival alone.
        horizon_days: Days from the cutoff on that it predicts.
        stride_days: Days from one cutoff to the next.
        at_risk: `active`: users with activity in the `at_risk_days` before the cutoff; `member`: everyone on the
            member list, from the day `joined` on. That a window begins on the day of joining tells that the user
            joined, and most likely acted, on that day: where a list is made overnight, map a column with the day after.
            `arrival`: everyone on the member list once, on the day `joined`.
        at_risk_days: Independent of `history_days`, so that histories are compared on the same windows.
    """

    history_days: Annotated[int, Range(0, 10_000)] = 7
    horizon_days: Days = 7
    stride_days: Days = 1
    at_risk: Literal["active", "member", "arrival"] = "active"
    at_risk_days: Days = 7

    def __post_init__(self) -> None:
        """Raises UserError for a value outside its range, and for no history where users are not asked on arrival."""
        super().__post_init__()
        if not self.history_days and self.at_risk != "arrival":
            remedy = "correct it, or set data.windows.at_risk: arrival"
            raise UserError("expected data.windows.history_days of at least 1", 0, remedy)
