"""Journeys: what each user did in order, parted into sessions, computed where the log lies."""

from dataclasses import dataclass, field
from datetime import date
from typing import get_args

import ibis
import pandas as pd
from ibis import _
from ibis.backends import BaseBackend

from churn.data import Tables, engine_errors
from churn.eda.arguments import check_count
from churn.eda.captions import called
from churn.eda.coded_events import OTHER, Actors, coded_events, count_usable
from churn.eda.sessions import MINUTE, part
from churn.errors import UserError
from churn.language import say, say_many

LONGEST = 10_000_000  # minutes, 19 years


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
    n_of_others: int  # where no user did anything in the own room: the events of others there
    n_asked: int | None  # users who were asked for; None where all are followed

    @property
    def size(self) -> str:
        """The number of sessions or journeys, for titles."""
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
        """The reason why there are no paths to show; None where there are."""
        if self.n_of_others:
            return say(
                "No user acted in their own room, so there are no paths to show. {n:,} events there are of others: "
                'with actors="all" they are followed.',
                n=self.n_of_others,
            )
        if not self.n_events and self.n_asked:
            return say_many(
                "The {n} user asked for has no usable event in the days that are read, so there are no paths to show.",
                "None of the {n} users asked for has a usable event in the days that are read, so there are no paths "
                "to show.",
                self.n_asked,
            )
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
            event = called(self.events[0])
            return say("All events are of one type, {event}, so there are no paths to show.", event=event)
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
        """Sentences for a reader on how events were ordered and counted."""
        told = []
        if self.n_ties:
            told.append(
                say(
                    "{n:,} of {whole:,} events are at the same moment as the user's one before: of these, names "
                    "decide the order.",
                    n=self.n_ties,
                    whole=self.n_events,
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
                "{who}, {events} events (types: {types}), {n} journeys",
                who=self.who,
                events=n_events,
                types=n_types,
                n=n_sessions,
            )
        return say(
            "{who}, {events} events (types: {types}), {n} sessions, each up to a silence longer than {minutes:g} min",
            who=self.who,
            events=n_events,
            types=n_types,
            n=n_sessions,
            minutes=self.gap_minutes,
        )

    def named(self, position: object) -> str:
        """The name of a type of event by its position, from 1 on."""
        return self.events[int(str(position)) - 1]

    def opened(self) -> ibis.Table:
        """The steps, as long as the tables are open that they were counted in.

        Raises:
            UserError: behind the block of `open_tables`.
        """
        try:
            self.steps.limit(0).to_pyarrow()
        except engine_errors() as error:
            found, remedy = "journeys whose tables are closed", "count inside the block of open_tables"
            raise UserError("expected journeys whose tables are open", found, remedy) from error
        return self.steps


def _check_gap(minutes: object) -> None:
    if isinstance(minutes, bool) or not isinstance(minutes, int | float) or not 0 < minutes <= LONGEST:
        remedy = "30 is usual; None for one journey per user"
        raise UserError(f"expected gap_minutes above 0 and up to {LONGEST:,}", repr(minutes), remedy)


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
    engine, and two such events of one type are equal. So the answer depends on the log alone.

    Args:
        tables: The canonical tables, see `open_tables`.
        gap_minutes: A silence longer than this begins a new session; None for one journey per user.
        actors: `own`: what users did in their own rooms; `all`: all that happened there, as `own post`, `fan comment`.
        cutoff: Only events of days before this one.
        users: Whose journeys: user_id and, if there is one, cutoff: for each user only events of days before it, and
            since, from which day on. All users where None.
        max_event_types: The types of event with a name of their own; rarer ones are counted as `(other)`.

    Raises:
        UserError: for a gap that is not above 0, or users who are listed twice, have no user_id or no day.

    Example:
        >>> from churn.data import DataConfig, example_frames
        >>> from churn.eda.opening import open_tables
        >>> config = DataConfig(events="events", members="members")
        >>> with open_tables(config, frames=example_frames()) as tables:
        ...     print(journeys(tables, actors="all", gap_minutes=60))
        80 users, 18,965 events (types: 2), 14,722 sessions, each up to a silence longer than 60 min
        1 of 18,965 events are at the same moment as the user's one before: of these, names decide the order.
    """
    if gap_minutes is not None:
        _check_gap(gap_minutes)
    if actors not in get_args(Actors):
        raise UserError(f"expected actors out of {', '.join(get_args(Actors))}", repr(actors), "correct the name")
    check_count("max_event_types", max_event_types, most=30_000)  # which fit into two bytes
    coded = coded_events(tables, actors=actors, cutoff=cutoff, users=users, max_event_types=max_event_types)
    steps = part(coded.table, None if gap_minutes is None else int(gap_minutes * MINUTE))
    steps = tables.engine.create_table(ibis.util.gen_name("churn"), steps, temp=True)
    sizes = steps.aggregate(
        n_users=_.user.nunique(),
        n_sessions=(_.step == 0).sum().coalesce(0),
        n_events=_.count(),
        n_ties=_.tie.sum().coalesce(0),
        whole_days=_.whole.all().coalesce(True),
    ).to_pyarrow()
    counted = sizes.to_pylist()[0]
    everything = actors == "own" and cutoff is None and users is None
    of_others = count_usable(tables) if everything and not counted["n_events"] else 0
    return Journeys(
        tables.engine,
        steps,
        coded.labels,
        gap_minutes,
        **counted,
        n_lumped=coded.n_lumped,
        n_of_others=of_others,
        n_asked=None if users is None else len(users),
    )
