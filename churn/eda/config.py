"""The `explore:` block: seasons, cohorts and journeys."""

from dataclasses import dataclass, field
from typing import Annotated

from churn.errors import UserError
from churn.keys import Block, Days, Range


@dataclass(frozen=True)
class ExploreConfig(Block, key="explore"):
    """The views of the data before any model.

    Args:
        seasons: Lengths of the seasons in days; a month of 30 beside the week, for instance.
        period_days: Days of a cohort, and of its ages.
        within_days: How long one waits for silent users to come back; a silence as long ends a user's stay.
        journeys: Whether users' journeys are followed, for which the log is read once more.
        gap_minutes: A silence longer than this begins a new session.
        before_days: Days before the cutoff whose journeys are compared between groups.
    """

    seasons: Annotated[list[Annotated[int, Range(2, 1_000)]], Range(1, 5)] = field(default_factory=lambda: [7])
    period_days: Days = 14
    within_days: Days = 28
    journeys: bool = True
    gap_minutes: Annotated[float, Range(above=0, most=1_000_000)] = 30
    before_days: Days = 28

    def __post_init__(self) -> None:
        """Raises UserError for a value outside its range, or a season that is named twice."""
        super().__post_init__()
        if len(set(self.seasons)) < len(self.seasons):
            raise UserError("expected different explore.seasons", self.seasons, "leave out what is there twice")
