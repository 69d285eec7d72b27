"""Joining: several sources of events become one log."""

from collections.abc import Mapping

import ibis

from churn.data.log.dialects import dialect_of

SOURCE = "source"  # the column that names the source of each row


def joined(logs: Mapping[str, ibis.Table]) -> ibis.Table:
    """One log of several canonical ones, with `source`, the name of each; a single one as it is.

    Events of a source without types are called as the source is; without actors, all is own activity.
    """
    if len(logs) == 1:
        return next(iter(logs.values()))
    return ibis.union(*(_alike(name, table) for name, table in logs.items()))


def _alike(name: str, log: ibis.Table) -> ibis.Table:
    when = dialect_of(log).finite(log.timestamp)
    columns = {
        "user_id": log.user_id,
        "actor_id": log.actor_id if "actor_id" in log.columns else log.user_id,
        "event": log.event.cast("string") if "event" in log.columns else ibis.literal(name),
        "timestamp": dialect_of(log).local_time(when, "UTC").cast("timestamp(6)"),
        "day": log.day.cast("int64"),
        "reason": log.reason.cast("string"),
        "dated": log.dated.cast("boolean") if "dated" in log.columns else ibis.literal(False),
        SOURCE: ibis.literal(name),
    }
    return log.select(**columns)
