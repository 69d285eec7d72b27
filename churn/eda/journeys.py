"""Journeys: what each user did in order, parted into sessions, computed where the log lies."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, get_args

import ibis
import numpy as np
import pandas as pd
from ibis import _
from ibis.backends import BaseBackend

from churn.data.config import DataConfig
from churn.data.daily import Tables
from churn.data.dialects import dialect_of
from churn.data.events import moment
from churn.data.sources import Engines, Frame, readable_to_the_last_row
from churn.data.tables import read_tables
from churn.eda.captions import called
from churn.eda.sessions import MINUTE, part
from churn.errors import UserError
from churn.language import marked, say, say_many

START, END, OTHER = marked("(start)"), marked("(end)"), marked("(other)")
PLACES = (START, END, OTHER, "(goes on)")
Actors = Literal["own", "all"]


@dataclass(frozen=True)
class Journeys:
    """Users' events in order, parted into sessions, still in the engine.

    `steps` has a row per event: `user`, a number; `session`, a number that is unique within a user; `step`, 0 for a
    session's first; `event`, and `previous` (null for the first), which count from 1 in `events`; `minutes` since the
    previous step; `last`, whether the session ends here; `tie` and `whole`, whether it is no time, or whole days,
    since the user's event before.
    """

    engine: BaseBackend = field(repr=False)
    steps: ibis.Table = field(repr=False)
    events: tuple[str, ...]  # the types of event, in the order of their bytes; the rare ones' `(other)` last
    gap_minutes: float | None  # a longer silence begins a new session; None: a user has one
    n_users: int
    n_sessions: int
    n_events: int
    n_ties: int  # events at the very moment of the user's one before
    whole_days: bool  # whether no timestamp tells more than the day
    n_lumped: int  # types of event that are counted as `(other)`

    @property
    def size(self) -> str:
        """How much there is, for titles."""
        n = f"{self.n_sessions:,}"
        if self.gap_minutes is None:
            return say("n = {n} journeys of {who}", n=n, who=self.who)
        return say("n = {n} sessions of {who}", n=n, who=self.who)

    @property
    def who(self) -> str:
        """The number of users."""
        return say_many("{n} user", "{n} users", self.n_users)

    @property
    def empty(self) -> str | None:
        """Why there are no paths to show; None where there are."""
        if not self.n_events:
            return say("No event can be used, so there are no paths to show.")
        if self.n_users == 1:
            return say("All {n:,} events are of one user, so there is no path that users share.", n=self.n_events)
        if self.whole_days and self.n_ties:
            return say(
                "The timestamps are no finer than a day, so the order of a day's events is not known: "
                "there are no paths to show."
            )
        if len(self.events) == 1:
            return say(
                "All {n:,} events are of one type, {event}, so there are no paths to show.",
                n=self.n_events,
                event=called(self.events[0]),
            )
        if self.n_sessions == self.n_events and self.gap_minutes is None:
            return say("No user has two events, so there are no paths to show.")
        if self.n_sessions == self.n_events:
            return say(
                "No two events of a user are within {minutes:g} minutes, so every session is a single event: with a "
                "longer gap_minutes there may be paths.",
                minutes=self.gap_minutes,
            )
        return None

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a reader has to know of how events were ordered and counted."""
        told = []
        if self.n_ties:
            told.append(
                say(
                    "{share:.2%} of the events are at the same moment as the user's one before: they stand by name.",
                    share=self.n_ties / self.n_events,
                )
            )
        if self.n_lumped:
            told.append(say("{n:,} rarer types of event are counted as {other}.", n=self.n_lumped, other=called(OTHER)))
        return tuple(told)

    def __str__(self) -> str:
        """The size in a line, and the remarks."""
        return "\n".join([self._counted(), *self.remarks])

    def _counted(self) -> str:
        n_events, n_types, n_sessions = f"{self.n_events:,}", len(self.events), f"{self.n_sessions:,}"
        if self.gap_minutes is None:
            return say(
                "{who}, {events} events of {types} types, {n} journeys",
                who=self.who,
                events=n_events,
                types=n_types,
                n=n_sessions,
            )
        return say(
            "{who}, {events} events of {types} types, {n} sessions, parted by {minutes:g} minutes' silence",
            who=self.who,
            events=n_events,
            types=n_types,
            n=n_sessions,
            minutes=self.gap_minutes,
        )

    def named(self, position: object) -> str:
        """The name of a type of event by its position, from 1 on."""
        return self.events[int(str(position)) - 1]


@contextmanager
def open_tables(config: DataConfig, *, frames: Mapping[str, Frame] | None = None) -> Iterator[Tables]:
    """The canonical tables of a configuration for a block, in which the engine is open.

    Raises:
        UserError: if a source cannot be opened or read.

    Example:
        >>> from churn.data import example_frames
        >>> config = DataConfig(events="events", members="members")
        >>> with open_tables(config, frames=example_frames()) as tables:
        ...     int(tables.events.count().execute())
        18965
    """
    with Engines() as engines, readable_to_the_last_row():
        yield read_tables(config, engines=engines, frames=frames or {})


def journeys(
    tables: Tables,
    *,
    gap_minutes: float | None = 30,
    actors: Actors = "own",
    cutoff: date | str | None = None,
    users: pd.DataFrame | None = None,
    max_event_types: int = 30,
) -> Journeys:
    """Put each user's events in order and part them into sessions.

    Events of one user at one moment stand in the order of their types' names: the order of rows means nothing to an
    engine, and two such events of one type are the same. So the answer depends on the log alone.

    Args:
        tables: The canonical tables, see `open_tables`.
        gap_minutes: A silence longer than this begins a new session; None for one journey per user.
        actors: `own`: what users did in their own rooms; `all`: all that happened there, as `own post`, `fan comment`.
        cutoff: Only events of days before this one.
        users: Whose journeys: user_id and, if there is one, cutoff: for each user only events of days before it, and
            since, from which day on. All users where None.
        max_event_types: The types of event with a name of their own; rarer ones are counted as `(other)`.

    Raises:
        UserError: for a gap that is not above 0, or users who are listed twice.

    Example:
        >>> from churn.data import example_frames
        >>> config = DataConfig(events="events", members="members")
        >>> with open_tables(config, frames=example_frames()) as tables:
        ...     print(journeys(tables, actors="all", gap_minutes=60))
        80 users, 18,965 events of 2 types, 14,722 sessions, parted by 60 minutes' silence
        0.01% of the events are at the same moment as the user's one before: they stand by name.
    """
    if gap_minutes is not None and not 0 < gap_minutes < np.inf:
        raise UserError("expected gap_minutes above 0", gap_minutes, "30 is usual; None for one journey per user")
    if actors not in get_args(Actors):
        raise UserError(f"expected actors out of {', '.join(get_args(Actors))}", repr(actors), "correct the name")
    if max_event_types < 1:
        raise UserError("expected max_event_types of at least 1", max_event_types, "raise it")
    events = _events(tables, actors)
    if cutoff is not None:
        events = events.filter(_.day < day_number(cutoff))
    events = _walked(events, _listed(tables, events) if users is None else _chosen(events, users))
    names, n_lumped = _names(events, max_event_types)
    coded = _coded(events, names)
    steps = part(coded, None if gap_minutes is None else int(gap_minutes * MINUTE))
    steps = tables.engine.create_table(ibis.util.gen_name("churn"), steps, temp=True)
    sizes = steps.aggregate(
        n_users=_.user.nunique(),
        n_sessions=(_.step == 0).sum().coalesce(0),
        n_events=_.count(),
        n_ties=_.tie.sum().coalesce(0),
        whole_days=_.whole.all().coalesce(True),
    ).to_pyarrow()
    labels = (*names["label"], *[OTHER] * bool(n_lumped))
    counted = sizes.to_pylist()[0]
    return Journeys(tables.engine, steps, labels, gap_minutes, **counted, n_lumped=n_lumped)


def day_number(day: date | str) -> int:
    """Whole days since 1970-01-01, from a date or its ISO text.

    Raises:
        UserError: for text that is no date.

    Example:
        >>> day_number("1970-01-31")
        30
    """
    try:
        return int(np.datetime64(pd.Timestamp(day).date(), "D").astype(int))
    except ValueError as error:
        raise UserError("expected a day", repr(day), "write it as 2024-03-01") from error


def _events(tables: Tables, actors: Actors) -> ibis.Table:
    """The usable events as (user_id, event, own, day, at), with microseconds since 1970."""
    log = tables.events
    if "actor_id" not in log.columns:
        log = log.mutate(actor_id=_.user_id)
    if "event" not in log.columns:
        log = log.mutate(event=ibis.literal("event"))
    at = dialect_of(log).microseconds(moment(log, "events"))
    log = log.select("user_id", "day", "reason", event=_.event.cast("string"), own=_.user_id == _.actor_id, at=at)
    log = log.filter(_.reason.isnull()).drop("reason")
    return log.filter(_.own).mutate(own=ibis.null("boolean")) if actors == "own" else log


def _names(events: ibis.Table, limit: int) -> tuple[pd.DataFrame, int]:
    """The types (own, event, label, code), and how many more there are.

    Codes go from 1 on in the order of the labels' bytes; rare types are missing.
    """
    counts = events.group_by("own", "event").aggregate(n=_.count())
    counts = counts.mutate(types=_.count().over())
    top = counts.order_by(ibis.desc("n"), "own", dialect_of(events).by_bytes(_.event)).limit(limit)
    names = top.select("own", "event", "types").to_pandas()
    n_types = int(names["types"].max()) if len(names) else 0
    role = names["own"].map({True: "own ", False: "fan "}).fillna("").astype(str)
    label = role + names["event"].astype(str)
    names["label"] = label.where(~label.isin(PLACES), "“" + label + "”")  # an event that is called as a place is
    names = names.sort_values("label", key=lambda labels: labels.str.encode("utf8"), ignore_index=True)
    names["code"] = np.arange(1, len(names) + 1)
    return names, n_types - len(names)


def _listed(tables: Tables, events: ibis.Table) -> ibis.Table:
    """The members, or without a list whoever has events, by number: (user_id, user)."""
    listed = events if tables.members is None else tables.members.filter(_.reason.isnull())
    listed = listed.select("user_id").distinct()
    numbered = listed.mutate(user=ibis.row_number().over(order_by="user_id").cast("int32"))
    return tables.engine.create_table(ibis.util.gen_name("churn"), numbered, temp=True)


def _chosen(events: ibis.Table, users: pd.DataFrame) -> ibis.Table:
    """Chosen users by their position, with the days between which their events are read."""
    if users["user_id"].duplicated().any():
        twice = users["user_id"][users["user_id"].duplicated()].iloc[0]
        raise UserError("expected each user once", f"{twice!r} twice", "keep one row per user, with its own cutoff")
    chosen = pd.DataFrame({"user_id": users["user_id"].to_numpy(), "user": np.arange(len(users), dtype=np.int32)})
    kind = events.user_id.type()
    if kind.is_string():
        chosen["user_id"] = chosen["user_id"].astype(str)
    schema = {"user_id": kind, "user": "int32"}
    for column in ("since", "cutoff"):
        if column in users.columns:
            chosen[column] = [day_number(day) for day in users[column]]
            schema[column] = "int64"
    return ibis.memtable(chosen, schema=schema)


def _walked(events: ibis.Table, users: ibis.Table) -> ibis.Table:
    """The events of some users, and only of the days that are read: of others, not even the types are counted."""
    events = events.join(users, "user_id")
    if "cutoff" in users.columns:
        events = events.filter(_.day < _.cutoff)
    return events.filter(_.day >= _.since) if "since" in users.columns else events


def _coded(events: ibis.Table, names: pd.DataFrame) -> ibis.Table:
    """Events as numbers: (user, event, at); what has no code of its own gets the one after the last."""
    roles = {"as_own": names["own"].isin([True, None]), "as_fan": names["own"].isin([False])}
    codes = pd.DataFrame({"event": names["event"].drop_duplicates()})
    for role, rows in roles.items():
        codes[role] = codes["event"].map(names[rows].set_index("event")["code"]).astype("Int16")
    schema = {"event": "string", "as_own": "int16", "as_fan": "int16"}
    coded = events.left_join(ibis.memtable(codes, schema=schema), "event")
    coded = coded.mutate(code=ibis.ifelse(_.own.fill_null(True), _.as_own, _.as_fan))
    return coded.select("user", "at", event=_.code.coalesce(len(names) + 1).cast("int16"))
