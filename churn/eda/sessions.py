"""Sessions: a user's events in order, parted where there is a long silence."""

import ibis
from ibis import _

MINUTE = 60_000_000  # microseconds
HOUR = 60 * MINUTE
DAY = 24 * HOUR


def part(coded: ibis.Table, gap: int | None) -> ibis.Table:
    """Number the steps of each session of events (user, event, at); `gap` in microseconds, None for no parting.

    A session is named by its first event's place among all of the user's. See `churn.eda.journey_log.Journeys` for the
    columns.
    """
    in_order = ibis.window(group_by="user", order_by=["at", "event"])
    rows = coded.select(
        "user",
        "event",
        row=ibis.row_number().over(in_order).cast("int32"),
        previous=_.event.lag().over(in_order),
        since=(_.at - _.at.lag().over(in_order)),
        until=(_.at.lead().over(in_order) - _.at),
    )

    def parts(silence: ibis.Value) -> ibis.Value:
        return silence.isnull() if gap is None else silence.isnull() | (silence > gap)

    rows = rows.mutate(first=parts(_.since), last=parts(_.until))
    rows = rows.mutate(session=_begun(rows))
    return rows.select(
        "user",
        "session",
        "event",
        "last",
        step=_.row - _.session,
        previous=ibis.ifelse(_.first, None, _.previous),
        minutes=ibis.ifelse(_.first, None, _.since / float(MINUTE)),
        tie=(_.since == 0).fill_null(False),
        whole=(_.since % DAY).isin([0, HOUR, DAY - HOUR]).fill_null(True),  # a day of 23 or 25 hours is one
    )


def _begun(rows: ibis.Table) -> ibis.Value:
    """The place of the first event of each row's session: the latest `first` so far."""
    begun = ibis.ifelse(rows.first, rows.row, None)
    if rows.get_backend().name != "duckdb":
        return begun.max().over(group_by=rows.user, order_by=rows.row, rows=(None, 0))
    # looking back for one takes DuckDB half as long as a running maximum
    return begun.arbitrary().over(group_by=rows.user, order_by=rows.row.desc(), rows=(0, None))
