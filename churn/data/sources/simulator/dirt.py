"""Dirt that a log may have: rows that a reader has to reject, each for one reason, and oddities that it accepts."""

from dataclasses import dataclass, fields

from churn.errors import UserError

# Each kind's name in the ledger: the reader's reason where the row is rejected.
KINDS = {
    "null_user_id": "null user_id",
    "null_actor_id": "null actor_id",
    "null_event": "null event",
    "null_event_id": "null event_id",
    "unreadable_timestamp": "null or unreadable timestamp",
    "before_span": "before the span",
    "after_span": "after the span",
    "null_amount": "null amount",
    "negative_amount": "negative amount",
    "repeated_event_id": "repeated event_id",
    "non_member": "non-member",
    "late": "late",
    "foreign_zone": "foreign zone",
}
NEEDS = {"null_event": "event", "null_amount": "amount", "negative_amount": "amount"}  # a column that not all have


@dataclass(frozen=True)
class Dirt:
    """The number of rows of each kind of dirt, in each of the log's two tables that can have the kind.

    A dirty log has a column `event_id`, and its timestamps are text with an offset from UTC. Its usable rows equal
    the log without dirt, so the truth holds for it too. A reader has to know the span and the members.

    Args:
        null_user_id: Rows without a room.
        null_actor_id: Rows without an actor.
        null_event: Events without a type.
        null_event_id: Rows without an id.
        unreadable_timestamp: Rows whose timestamp is null or text that is no time.
        before_span: Rows up to a year before the first day.
        after_span: Rows up to a year after the last day.
        null_amount: Stickers without an amount.
        negative_amount: Stickers with one below zero.
        repeated_event_id: Rows that come again, a day to two weeks later.
        non_member: Rows of rooms that are on no list, by their owners and by fans.
        late: Usable rows that come two days to two weeks after their time; at most all.
        foreign_zone: Usable rows whose timestamp has another offset; at most all.

    Example:
        >>> Dirt(late=3).foreign_zone, Dirt.of_every_kind(5).foreign_zone
        (0, 5)
    """

    null_user_id: int = 0
    null_actor_id: int = 0
    null_event: int = 0
    null_event_id: int = 0
    unreadable_timestamp: int = 0
    before_span: int = 0
    after_span: int = 0
    null_amount: int = 0
    negative_amount: int = 0
    repeated_event_id: int = 0
    non_member: int = 0
    late: int = 0
    foreign_zone: int = 0

    def __post_init__(self) -> None:
        """Raises UserError for a negative number of rows."""
        for kind in KINDS:
            if (rows := getattr(self, kind)) < 0:
                raise UserError(f"expected dirt of at least 0 rows ({KINDS[kind]})", rows, "raise it")

    @classmethod
    def of_every_kind(cls, rows: int) -> "Dirt":
        """Dirt with one number of rows for every kind."""
        return cls(**{kind.name: rows for kind in fields(cls)})
