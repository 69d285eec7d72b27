"""The `windows:` block: history, horizon and the users at risk."""

from dataclasses import dataclass, field
from typing import Annotated, Literal

from churn.errors import UserError
from churn.keys import Block, Days, Range


@dataclass(frozen=True)
class WindowConfig(Block, key="data.windows"):
    """The windows: their history and horizon, the days between cutoffs, and the users at risk.

    Args:
        history_days: Days before the cutoff that a model sees; 0 for what is known of a member on arrival alone.
        horizon_days: Days that it predicts, from the cutoff on or `lead_days` later.
        lead_days: Days between the cutoff and the horizon, of which nothing is known or asked: the time to act. Rows of
            `outcomes` are asked about as many days before their dates.
        stride_days: Days from one cutoff to the next.
        at_risk: `active`: users with activity in the `at_risk_days` before the cutoff; `member`: everyone on the
            member list, from the day `joined` on. That a window begins on the day of joining tells that the user
            joined, and most likely acted, on that day: where a list is made overnight, map a column with the day after.
            `arrival`: everyone on the member list, on the day `joined` or as many days later as `after_days` says.
        after_days: Days from joining to the cutoffs of `arrival`; several for one model of members of several ages.
            From 1 on, what members do on the day of joining is known, and is no activity to foretell.
        at_risk_days: Independent of `history_days`, so that histories are compared on the same windows.
    """

    history_days: Annotated[int, Range(0, 10_000)] = 7
    horizon_days: Days = 7
    lead_days: Annotated[int, Range(0, 10_000)] = 0
    stride_days: Days = 1
    at_risk: Literal["active", "member", "arrival"] = "active"
    at_risk_days: Days = 7
    after_days: Annotated[list[Annotated[int, Range(0, 10_000)]], Range(1, 20)] = field(default_factory=lambda: [0])

    def __post_init__(self) -> None:
        """Raises UserError for a value outside its range, and for `after_days` where users are not asked on arrival."""
        super().__post_init__()
        if self.after_days != [0] and self.at_risk != "arrival":
            remedy = "set it, or leave after_days out"
            raise UserError("expected data.windows.at_risk: arrival with after_days", self.at_risk, remedy)

    @property
    def reach_days(self) -> int:
        """Days from the cutoff to the end of the horizon."""
        return self.lead_days + self.horizon_days
