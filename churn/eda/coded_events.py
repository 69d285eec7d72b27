"""The usable events of a log, of chosen users and days, in numbers."""

from dataclasses import dataclass
from datetime import date
from numbers import Number
from typing import Literal

import ibis
import numpy as np
import pandas as pd
from ibis import _

from churn.data import Tables, dialect_of, plain_ids
from churn.errors import UserError
from churn.language import marked

START, END, OTHER = marked("(start)"), marked("(end)"), marked("(other)")
PLACES = (START, END, OTHER, "(goes on)")
Actors = Literal["own", "all"]


@dataclass(frozen=True)
class CodedEvents:
    """Events whose users and types are numbers, still in the engine."""

    table: ibis.Table  # user, event, at: microseconds since 1970
    labels: tuple[str, ...]  # the types of event, which count from 1, in the order of their bytes; `(other)` last
    n_lumped: int  # types of event that are counted as `(other)`


def coded_events(
    tables: Tables,
    *,
    actors: Actors,
    cutoff: date | str | None,
    users: pd.DataFrame | None,
    max_event_types: int,
) -> CodedEvents:
    """Read the usable events; see `churn.eda.journey_log.journeys` for the arguments.

    Raises:
        UserError: for users who are listed twice or have no day, and as `day_number` does.
    """
    events = _events(tables, actors)
    if cutoff is not None:
        events = events.filter(_.day < day_number(cutoff))
    events = _walked(events, _listed(tables, events) if users is None else _chosen(events, users))
    names, n_lumped = _names(events, max_event_types)
    return CodedEvents(_coded(events, names), (*names["label"], *[OTHER] * bool(n_lumped)), n_lumped)


def day_number(day: date | str) -> int:
    """Whole days since 1970-01-01, from a date or its ISO text.

    Raises:
        UserError: for a day that is missing, or text that is no date.

    Example:
        >>> day_number("1970-01-31")
        30
    """
    try:
        moment = pd.Timestamp(str(day) if isinstance(day, Number) else day)  # a number is a year or none
    except (TypeError, ValueError) as error:
        raise UserError("expected a day", repr(day), "write it as 2024-03-01") from error
    if pd.isna(moment):
        raise UserError("expected a day", "none", "fill it in, or leave the user out")
    return int(np.datetime64(moment.date(), "D").astype(int))


def count_usable(tables: Tables) -> int:
    """The number of usable events, whoever acted."""
    return int(_events(tables, "all").count().execute())


def _events(tables: Tables, actors: Actors) -> ibis.Table:
    """The usable events as (user_id, event, own, day, at), with microseconds since 1970."""
    log = tables.events
    if "actor_id" not in log.columns:
        log = log.mutate(actor_id=_.user_id)
    if "event" not in log.columns:
        log = log.mutate(event=ibis.literal("event"))
    at = dialect_of(log).microseconds(log.timestamp)
    log = log.select("user_id", "day", "reason", event=_.event.cast("string"), own=_.user_id == _.actor_id, at=at)
    log = log.filter(_.reason.isnull()).drop("reason")
    return log.filter(_.own).mutate(own=ibis.null("boolean")) if actors == "own" else log


def _walked(events: ibis.Table, users: ibis.Table) -> ibis.Table:
    """The events of some users, and only of the days that are read: of others, not even the types are counted."""
    events = events.join(users, "user_id")
    if "cutoff" in users.columns:
        events = events.filter(_.day < _.cutoff)
    return events.filter(_.day >= _.since) if "since" in users.columns else events


def _listed(tables: Tables, events: ibis.Table) -> ibis.Table:
    """The members, or without a list whoever has events, by number: (user_id, user)."""
    listed = events if tables.members is None else tables.members.filter(_.reason.isnull())
    listed = listed.select("user_id").distinct()
    numbered = dialect_of(listed).numbered(listed, "user_id", "user").mutate(user=_.user.cast("int32"))
    return tables.engine.create_table(ibis.util.gen_name("churn"), numbered, temp=True)


def _chosen(events: ibis.Table, users: pd.DataFrame) -> ibis.Table:
    """Chosen users by their position, with the days between which their events are read."""
    if not isinstance(users, pd.DataFrame):
        raise UserError("expected a data frame of users", type(users).__name__, "make one with a column user_id")
    if "user_id" not in users.columns:
        raise UserError("expected users with a column user_id", ", ".join(map(str, users.columns)), "name it so")
    if users["user_id"].duplicated().any():
        twice = users["user_id"][users["user_id"].duplicated()].iloc[0]
        raise UserError("expected each user once", f"{twice!r} twice", "keep one row per user, with its own cutoff")
    chosen = pd.DataFrame({"user_id": users["user_id"].to_numpy(), "user": np.arange(len(users), dtype=np.int32)})
    kind = events.user_id.type()
    if kind.is_string():
        chosen["user_id"] = plain_ids(chosen["user_id"])
    elif kind.is_integer():
        numbers = pd.to_numeric(chosen["user_id"], errors="coerce")
        if (wrong := numbers.isna() | (numbers % 1 != 0)).any():
            found = repr(chosen["user_id"][wrong].iloc[0])
            raise UserError("expected user_id as in the log, whole numbers", found, "give the log's own ids")
        chosen["user_id"] = numbers.astype("int64")
    schema = {"user_id": kind, "user": "int32"}
    for column in ("since", "cutoff"):
        if column in users.columns:
            chosen[column] = [day_number(day) for day in users[column]]
            schema[column] = "int64"
    return ibis.memtable(chosen, schema=schema)


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
