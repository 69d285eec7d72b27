"""The people around users: the fans of the last four weeks, day by day, counted in the engine."""

from typing import Any

import ibis
from ibis import _

from churn.data.log.daily import Daily, Tables
from churn.data.log.dialects import dialect_of

COUNTS = ("fans", "events", "most", "new", "silent")  # of a user's day
_MONTH, _WEEK = 28, 7  # days


def fans_around(tables: Tables, daily: Daily) -> ibis.Table:
    """The fans of each user's last 28 days, a row per day with any: (code, day, fans, events, most, new, silent).

    A fan is whoever acts in a user's room without being that user, on the member list or not. `events` are the fans'
    events, `most` the events of the busiest fan; `new` fans came in the last week and not in the three weeks before;
    `silent` fans have had no event in any room for a week. A day knows of itself and the 27 days before it alone.

    Everything is a span of days of one user and one fan, of 28 days at most. The engine lays spans out by day only
    while it adds them up, so that it holds a row per user and day, and none per fan and day.
    """
    acts = _cached(tables, _acts(tables, daily))
    visits = _cached(tables, _visits(acts))
    spans = ibis.union(_recent(visits), _new(visits), _silent(visits, acts))
    spans = spans.mutate(end=ibis.least(_.end, daily.last_day + 1)).filter(_.begin < _.end)
    days = spans.mutate(day=ibis.range(spans.begin, spans.end, 1).unnest()).group_by("code", "day")
    sums = {name: _[name].sum() for name in ("fans", "events", "new", "silent")}
    return _cached(tables, days.aggregate(**sums, most=_.events.max()))


def _cached(tables: Tables, table: ibis.Table) -> ibis.Table:
    return tables.engine.create_table(ibis.util.gen_name("churn"), table, temp=True)


def _acts(tables: Tables, daily: Daily) -> ibis.Table:
    """Whoever acted in whose room on a day, and how often: (code, fan, own, day, events); null for no user's room.

    Actors go by a hash, which engines sort several times faster than text.
    """
    events = tables.events.filter(_.reason.isnull())
    if "actor_id" not in events.columns:
        events = events.mutate(actor_id=_.user_id)
    fan, own, day = dialect_of(events).hashed(events.actor_id), _.user_id == _.actor_id, _.day.cast("int32")
    rooms = daily.users.select(user_id=daily.users.user_id, code=daily.users.code.cast("int32"))
    acts = events.mutate(fan=fan, own=own, day=day).left_join(rooms, "user_id")
    return acts.group_by("code", "fan", "own", "day").aggregate(events=_.count().cast("int32"))


def _visits(acts: ibis.Table) -> ibis.Table:
    """The days of each fan in a user's room: (code, fan, day, events, before, after), the last two the days beside."""
    days = acts.filter(_.code.notnull() & ~_.own).drop("own")
    return days.mutate(before=days.day.lag().over(_of_pair()), after=days.day.lead().over(_of_pair()))


def _of_pair() -> Any:
    return ibis.window(group_by=["code", "fan"], order_by="day")


def _recent(visits: ibis.Table) -> ibis.Table:
    """The days over which a fan's events of four weeks are as many, above 0.

    Of two changes on a day, the first lasts no day; the loss and the gain have to stand in one order in both windows.
    """
    gone = visits.select("code", "fan", day=(_.day + _MONTH).cast("int32"), events=-_.events)
    changes = visits.select("code", "fan", "day", "events").union(gone)
    in_order = {"group_by": ["code", "fan"], "order_by": ["day", "events"]}
    so_far = changes.events.sum().over(ibis.window(**in_order, rows=(None, 0)))
    levels = changes.mutate(events=so_far, end=changes.day.lead().over(ibis.window(**in_order)))
    return _spans(levels.filter(_.events > 0), _.day, _.end, fans=1, events=_.events)


def _new(visits: ibis.Table) -> ibis.Table:
    """The week from a visit on, less the days on which an earlier one is still of the last four weeks."""
    begin = ibis.greatest(_.day, _.before.coalesce(_.day - _MONTH) + _MONTH)
    return _spans(visits, begin, _.day + _WEEK, new=1)


def _silent(visits: ibis.Table, acts: ibis.Table) -> ibis.Table:
    """The days from a week after a fan's last event anywhere, while the last visit is of the last four weeks."""
    seen = acts.semi_join(visits, "fan").select("fan", "day").distinct()
    last = seen.mutate(until=seen.day.lead().over(ibis.window(group_by="fan", order_by="day")))
    last = last.filter(_.until.isnull() | (_.until > _.day + _WEEK))
    visits = visits.select("code", "fan", "after", visit=_.day)
    since = [last.day >= visits.visit, visits.after.isnull() | (last.day < visits.after)]
    found, forgotten = visits.join(last, ["fan", *since]), _.visit + _MONTH
    return _spans(found, _.day + _WEEK, ibis.least(forgotten, _.until.coalesce(forgotten)), silent=1)


def _spans(rows: ibis.Table, begin: Any, end: Any, **counts: Any) -> ibis.Table:
    """Spans of days: (code, begin, end, fans, events, new, silent), the counts 0 unless given."""
    given: dict[str, Any] = dict.fromkeys(("fans", "events", "new", "silent"), 0) | counts
    values = {name: ibis.literal(value) if isinstance(value, int) else value for name, value in given.items()}
    numbers = {"begin": begin, "end": end} | values
    return rows.select("code", **{name: value.cast("int32") for name, value in numbers.items()})
