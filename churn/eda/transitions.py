"""The directly-follows graph: which event comes after which, how often, and after how long."""

from dataclasses import dataclass
from typing import Any

import ibis
import pandas as pd
from ibis import _

from churn.eda.arguments import check_count
from churn.eda.captions import called, minutes
from churn.eda.coded_events import END, START
from churn.eda.journey_log import Journeys
from churn.eda.process_map import EDGES, draw_map, left_out
from churn.eda.view import View
from churn.language import say

NOWHERE = 0  # the place before a session's first step and after its last


@dataclass(frozen=True, repr=False, eq=False)
class DirectlyFollows(View):
    """The transitions from one event to the next, the most frequent first.

    `table` has a row per transition: from, to, count; share, of all that follows `from`; users, who made it at least
    once; median_minutes between the two events, and n, the number of spans that it is the median of. Sessions begin
    with `(start)` and finish with `(end)`, which take no time.
    """

    size: str
    remarks: tuple[str, ...]

    def map(self, *, edges: int = EDGES) -> Any:
        """The process map: a plotly figure of the most frequent transitions.

        Args:
            edges: How many transitions to draw; a note says what is left out.
        """
        check_count("edges", edges)
        return draw_map(self.table, edges=edges, size=self.size)

    def _draw(self) -> Any:
        return self.map()

    def _say(self) -> str:
        inner = self.table[self.table["n"] > 0].head(5)
        lines = [_told(row) for row in inner.to_dict("records")]
        rest = left_out(self.table)
        notes = [say("On the map: {rest}", rest=rest)] * bool(rest)
        first = say("{n} transitions ({size})", n=len(self.table), size=self.size)
        return "\n".join([first, *lines, *notes, *self.remarks])


def directly_follows(journeys: Journeys) -> DirectlyFollows:
    """Count which event directly follows which within a session.

    Source:
        W. van der Aalst, Process Mining: Data Science in Action, 2nd edition (2016), chapter 5.

    Example:
        >>> from churn.data import DataConfig, example_frames
        >>> from churn.eda.journey_log import journeys
        >>> from churn.eda.opening import open_tables
        >>> with open_tables(DataConfig(events="events"), frames=example_frames()) as tables:
        ...     graph = directly_follows(journeys(tables, actors="all"))
        >>> graph.table.loc[0, ["from", "to", "count"]].to_dict()
        {'from': 'own post', 'to': '(end)', 'count': 10773}
    """
    counts = (
        arcs(journeys)
        .group_by("source", "target")
        .aggregate(count=_.count(), users=_.user.nunique(), median_minutes=_.minutes.median(), n=_.minutes.count())
    )
    table = named(counts.to_pandas(), journeys)
    table["share"] = table["count"] / table.groupby("from")["count"].transform("sum")
    table = table.sort_values(["count", "from", "to"], ascending=[False, True, True], ignore_index=True)
    columns = ["from", "to", "count", "share", "users", "median_minutes", "n"]
    return DirectlyFollows(table[columns], journeys.empty, journeys.size, journeys.remarks)


def _told(row: dict[Any, Any]) -> str:
    return say(
        "{source} → {target}: {n:,} times, {share:.0%} of what follows {source}, {users:,} users, median {time}",
        source=called(row["from"]),
        target=called(row["to"]),
        n=row["count"],
        share=row["share"],
        users=row["users"],
        time=minutes(row["median_minutes"]),
    )


def arcs(journeys: Journeys) -> ibis.Table:
    """A row per transition, into the first and out of the last step too: (user, source, target, minutes)."""
    nowhere, never = ibis.literal(NOWHERE, "int16"), ibis.null("float64")
    steps = journeys.opened()
    into = steps.select("user", "minutes", source=_.previous.coalesce(nowhere), target=_.event)
    out = steps.filter(_.last).select("user", minutes=never, source=_.event, target=nowhere)
    return into.union(out)


def named(table: pd.DataFrame, journeys: Journeys) -> pd.DataFrame:
    """Give the transitions (source, target) their names, from and to."""
    names = dict(enumerate(journeys.events, start=1))
    return table.assign(
        **{
            "from": table["source"].map({NOWHERE: START, **names}).astype(str),
            "to": table["target"].map({NOWHERE: END, **names}).astype(str),
        }
    )
