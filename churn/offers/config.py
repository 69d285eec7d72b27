"""The `segments.offers:` block: the activities that members visit, and how far back popularity reaches."""

from dataclasses import dataclass

from churn.errors import UserError
from churn.keys import Block, Days

Mapped = dict[str, str | None] | None  # standard column name to the table's own; null leaves a column unused


@dataclass(frozen=True)
class OfferConfig(Block, key="segments.offers"):
    """The offers: which activity a user may like to join next.

    Args:
        visits: Visits of activities, a row each: a file, folder, glob, or an ibis URL and a table. Without it nothing
            is offered.
        visit_columns: Standard name to the table's own: user_id, activity_id, timestamp, and left, the moment from
            which the user is in the activity no more; time_format. Rows without a user_id are visitors without one.
        activities: The activities that can be offered, a row each; by default every visited one. Visits of others are
            left out and counted.
        activity_columns: Standard name to the table's own: activity_id, title, text, opened and closed (before, and
            from which on, it is not offered), full (yes or no), capacity and members (places, and places taken; by
            default the users who joined and did not leave); time_format.
        excluded: A table with a column activity_id: activities that are never offered.
        days: Days before the cutoff in which visits make an activity popular.
    """

    visits: str | None = None
    visit_columns: Mapped = None
    activities: str | None = None
    activity_columns: Mapped = None
    excluded: str | None = None
    days: Days = 28

    def __post_init__(self) -> None:
        """Raises UserError for a value outside its range, and for other keys without visits."""
        super().__post_init__()
        others = ("activities", "excluded", "visit_columns", "activity_columns")
        if self.visits is None and (alone := [name for name in others if getattr(self, name) is not None]):
            expected = f"expected segments.offers.visits with segments.offers.{alone[0]}"
            raise UserError(expected, "none", "name the table of visits")

    @property
    def sources(self) -> dict[str, str]:
        """The source of each table that is configured, by its key."""
        every = {"visits": self.visits, "activities": self.activities, "excluded": self.excluded}
        return {f"segments.offers.{name}": source for name, source in every.items() if source is not None}
