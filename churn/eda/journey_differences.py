"""Differences between the journeys of two groups of users, from their events before a cutoff alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import ibis
import numpy as np
import pandas as pd
from ibis import _

from churn.charts import BLUE, GREY, QUIET, chart
from churn.data import Tables
from churn.eda.arguments import check_count
from churn.eda.captions import called, label, titled
from churn.eda.coded_events import Actors
from churn.eda.journey_groups import checked, lacking
from churn.eda.journey_log import journeys
from churn.eda.transition_shares import compared_shares, counts_by_user
from churn.eda.transitions import arcs, named
from churn.eda.view import View
from churn.errors import UserError
from churn.language import say, say_again, say_many
from churn.statistics import FEW


@dataclass(frozen=True, repr=False, eq=False)
class JourneyDifferences(View):
    """The transitions of two groups, the ones of enough users first, by the size of the difference.

    `table` has a row per transition: from, to; share_1 and share_2, of all that follows `from` in the first and the
    second group, nan where nobody did `from`; difference, first minus second, with low and high, its interval over
    users, nan where a group has but one; n_1 and n_2, how often anything follows `from`, and users_1 and users_2, who
    did that.
    """

    groups: tuple[str, str]
    n_users: tuple[int, int]  # with events before their cutoff
    n_silent: int  # users without
    level: float
    remarks: tuple[str, ...]

    @property
    def size(self) -> str:
        """The groups with the number of their users."""
        return say(
            "{first}: n = {n_first:,} users and {second}: n = {n_second:,} users",
            first=say_again(self.groups[0]),
            n_first=self.n_users[0],
            second=say_again(self.groups[1]),
            n_second=self.n_users[1],
        )

    def _notes(self) -> list[str]:
        n = int(self.table["low"].notna().sum())
        chance = say(
            "{level:.0%} intervals over users; of {n} about {by_chance:.1g} would be clear of 0 by chance.",
            level=self.level,
            n=n,
            by_chance=(1 - self.level) * n,
        )
        silent = say_many(
            "{n} user has no event before the cutoff and is left out.",
            "{n} users have no event before their cutoff and are left out.",
            self.n_silent,
        )
        few = (self.table[["users_1", "users_2"]].min(axis=1) < FEW).any()
        grey = say("Grey: fewer than {few} users in a group.", few=FEW)
        ends = say("A session that the cutoff cuts off counts as ended there.")
        clear = (self.table["low"] > 0) | (self.table["high"] < 0)
        none = say("None of the differences is clear of 0.")
        notes = {none: n > 0 and not clear.any(), chance: True, ends: True, silent: self.n_silent, grey: few}
        return [note for note, due in notes.items() if due]

    def _say(self) -> str:
        lines = [_told(row, tuple(map(say_again, self.groups))) for row in self.table.head(5).to_dict("records")]
        return "\n".join([say("What follows what ({size})", size=self.size), *lines, *self._notes(), *self.remarks])

    def _draw(self) -> Any:
        import plotly.graph_objects as go

        rows = self.table.to_dict("records")
        names = [f"{label(row['from'])} → {label(row['to'])}" for row in rows]
        points = {name: 100 * self.table[name] for name in ("difference", "low", "high")}
        known = [min(row["users_1"], row["users_2"]) >= FEW for row in rows]
        first, second = (label(say_again(group)) for group in self.groups)
        hover = [
            f"<b>{name}</b><br>{_made(row, '1', first)}<br>{_made(row, '2', second)}"
            for name, row in zip(names, rows, strict=True)
        ]
        dots = go.Scatter(
            x=points["difference"],
            y=names,
            mode="markers",
            marker={"size": 9, "color": [BLUE if enough else GREY for enough in known]},
            error_x={
                "type": "data",
                "array": points["high"] - points["difference"],
                "arrayminus": points["difference"] - points["low"],
                "color": QUIET,
                "thickness": 1.4,
                "width": 0,
            },
            hovertext=hover,
            hoverinfo="text",
        )
        drawn = chart([dots], height=26 * len(rows) + 80)
        unit = say("percentage points")
        drawn.update_xaxes(title_text=f"{unit}<br>{first} − {second}")
        drawn.update_yaxes(categoryorder="array", categoryarray=names[::-1], showgrid=False)
        drawn.add_vline(x=0, line={"color": QUIET, "width": 1.5, "dash": "dash"}, layer="below")
        return titled(drawn, say("What follows what: shares, compared ({size})", size=self.size), *self._notes())


def compare_journeys(
    tables: Tables,
    groups: pd.DataFrame,
    *,
    gap_minutes: float | None = 30,
    actors: Actors = "own",
    history_days: int | None = None,
    top: int = 15,
    max_event_types: int = 30,
    level: float = 0.95,
) -> JourneyDifferences:
    """Compare what follows what in two groups of users, before each user's cutoff.

    Whatever the groups were made of, no event on or after a user's cutoff is read: not for sessions, nor for medians,
    nor for which types of event are rare.

    Args:
        tables: The canonical tables, see `open_tables`.
        groups: A row per user: user_id; group, one of two; cutoff, the first day that is not known yet.
        gap_minutes: A silence longer than this begins a new session; None for one journey per user.
        actors: `own`: what users did in their own rooms; `all`: all that happened there.
        history_days: How many days before the cutoff to read; all days where None.
        top: How many transitions to compare: the most frequent of both groups together, whatever their difference.
        max_event_types: The types of event with a name of their own.
        level: Of the intervals.

    Raises:
        UserError: for a missing column or cutoff, a user who is listed twice, more than two groups, or settings that
            are no numbers of their kind.

    Source:
        R. G. Newcombe, Interval estimation for the difference between independent proportions: comparison of eleven
        methods, Statistics in Medicine 17 (1998), 873-890, method 10, here from intervals that hold for users with
        several events each, see `churn.statistics.shares`; as G. Y. Zou and A. Donner, Construction of confidence
        limits about effect measures: a general approach, Statistics in Medicine 27 (2008), 1693-1702, have it.

    Example:
        >>> from churn.data import DataConfig, example_frames
        >>> from churn.eda.opening import open_tables
        >>> frames = example_frames()
        >>> groups = frames["members"][["user_id"]].assign(cutoff="2024-03-01")
        >>> groups["group"] = ["churned" if number % 3 else "stayed" for number in range(len(groups))]
        >>> with open_tables(DataConfig(events="events"), frames=frames) as tables:
        ...     found = compare_journeys(tables, groups, actors="all")
        >>> found.groups, found.n_users
        (('stayed', 'churned'), (27, 53))
    """
    check_count("top", top)
    if not (isinstance(level, float) and 0 < level < 1):
        raise UserError("expected a level between 0 and 1", level, "0.95 is usual")
    names, chosen = checked(groups, history_days)
    walks = journeys(tables, gap_minutes=gap_minutes, actors=actors, users=chosen, max_event_types=max_event_types)
    first = (chosen["group"] == names[0]).to_numpy()
    moves = arcs(walks)
    pairs = moves.group_by("source", "target").aggregate(n=_.count())
    pairs = pairs.order_by(ibis.desc("n"), "source", "target").limit(top).to_pandas()
    made, left, users = counts_by_user(moves, pairs)
    found = (int(first[users].sum()), int((~first[users]).sum()))
    empty = walks.empty or lacking(names, found)
    table = named(pairs, walks)[["from", "to"]]
    if len(table):
        table = table.join(compared_shares(made, left, first[users], level=level))
        order = np.lexsort([-table["difference"].abs(), table[["users_1", "users_2"]].min(axis=1) < FEW])
        table = table.iloc[order].reset_index(drop=True)
    silent = len(chosen) - sum(found)
    return JourneyDifferences(table, empty, names, found, silent, level, walks.remarks)


def _told(row: dict[Any, Any], groups: Sequence[str]) -> str:
    source, target = called(row["from"]), called(row["to"])
    both = {name: row[name] for name in ("share_1", "n_1", "share_2", "n_2")}
    both |= {"source": source, "target": target, "first": groups[0], "second": groups[1]}
    points = {name: 100 * row[name] for name in ("difference", "low", "high")}
    if not (row["n_1"] and row["n_2"]):
        there, other = ("1", groups[1]) if row["n_1"] else ("2", groups[0])
        return say(
            "{source} → {target}: {share:.1%} of {n:,} ({group}), nobody in {other} did {source}",
            source=source,
            target=target,
            share=row[f"share_{there}"],
            n=row[f"n_{there}"],
            group=groups[int(there) - 1],
            other=other,
        )
    if not np.isfinite(row["low"]):
        return say(
            "{source} → {target}: {share_1:.1%} of {n_1:,} ({first}), {share_2:.1%} of {n_2:,} ({second}), difference "
            "{difference:+.1f} points, too few users for an interval",
            difference=points["difference"],
            **both,
        )
    return say(
        "{source} → {target}: {share_1:.1%} of {n_1:,} ({first}), {share_2:.1%} of {n_2:,} ({second}), difference "
        "{difference:+.1f} points ({low:+.1f} to {high:+.1f})",
        **both,
        **points,
    )


def _made(row: dict[Any, Any], place: str, group: str) -> str:
    """A sentence on how often the first or the second group made a transition."""
    if not row[f"n_{place}"]:
        return say("{group}: never", group=group)
    return say_many(
        "{group}: {share:.1%} of {times:,} by {n} user",
        "{group}: {share:.1%} of {times:,} by {n} users",
        row[f"users_{place}"],
        group=group,
        share=row[f"share_{place}"],
        times=row[f"n_{place}"],
    )
