"""Beginnings of sessions: a Sankey diagram of their first steps."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import ibis
import pandas as pd
from ibis import _

from churn.charts import COLOUR_BLIND, GREY, QUIET, chart
from churn.eda.arguments import check_count
from churn.eda.captions import called, label, titled
from churn.eda.coded_events import END, OTHER, START
from churn.eda.journey_log import Journeys
from churn.eda.view import View
from churn.language import marked, say, say_many

GOES_ON = marked("(goes on)")
_OUTSIDE = {START: QUIET, END: QUIET, GOES_ON: QUIET, OTHER: GREY}
_NAMED = 0.03  # share of the sessions from which on a node has its name beside it: names of thinner ones would overlap
_Node = tuple[int, str]  # step, event


@dataclass(frozen=True, repr=False, eq=False)
class FirstSteps(View):
    """The first steps of sessions.

    `table` has a row per flow: step, the place of `to` in the session, 1 the first; from, to; sessions, users, and
    share, of all sessions. Sessions come from `(start)` and leave to `(end)`, or to `(goes on)` behind the last step
    that is shown; rarer events are `(other)`. As many sessions leave an event at a step as enter it.
    """

    size: str
    remarks: tuple[str, ...]
    k: int
    n_lumped: int  # types of event that are shown as (other)

    def _notes(self) -> list[str]:
        on, other = called(GOES_ON), called(OTHER)
        shown = say("Steps shown: {k}, with the number of sessions as width; {on}: longer sessions.", k=self.k, on=on)
        lumped = say_many(
            "{n} rarer type of event is {other}.", "{n} rarer types of event are {other}.", self.n_lumped, other=other
        )
        return [shown, *[lumped] * bool(self.n_lumped)]

    def _say(self) -> str:
        shares = self.table.groupby(["step", "to"])["share"].sum()
        lines = []
        for step in range(1, min(self.k, int(self.table["step"].max())) + 1):
            at = shares[step].sort_values(ascending=False, kind="stable")
            most = ", ".join(f"{called(str(name))} {_percent(share)}" for name, share in at.head(4).items())
            lines.append(say("step {step}: {shares}", step=step, shares=most))
        return "\n".join([say("First steps ({size})", size=self.size), *lines, *self._notes(), *self.remarks])

    def _draw(self) -> Any:
        import plotly.graph_objects as go

        ends = [(step, name) for step, name in zip(self.table["step"] - 1, self.table["from"], strict=True)]
        heads = [
            (0, name) if name in (END, GOES_ON) else (step, name)
            for step, name in zip(self.table["step"], self.table["to"], strict=True)
        ]
        shares = self._shares(ends, heads)
        nodes = list(shares)
        names = sorted({name for _, name in nodes} - set(_OUTSIDE))
        colours = {name: COLOUR_BLIND[place % len(COLOUR_BLIND)] for place, name in enumerate(names)} | _OUTSIDE
        hover = [_hover(row) for row in self.table.to_dict("records")]
        flows = go.Sankey(
            node={
                "label": [label(name) if share >= _NAMED else "" for (_, name), share in shares.items()],
                "customdata": [label(name) for _, name in nodes],
                "color": [colours[name] for _, name in nodes],
                "pad": 14,
                "thickness": 14,
                "line": {"width": 0},
                "hovertemplate": "%{customdata}: " + say("{n} sessions", n="%{value:,}") + "<extra></extra>",
            },
            link={
                "source": [nodes.index(node) for node in ends],
                "target": [nodes.index(node) for node in heads],
                "value": self.table["sessions"].tolist(),
                "color": [f"rgba{_faded(colours[name])}" for _, name in ends],
                "customdata": hover,
                "hovertemplate": "%{customdata}<extra></extra>",
            },
        )
        return titled(chart([flows], height=420), say("How sessions begin ({size})", size=self.size), *self._notes())

    def _shares(self, ends: list[_Node], heads: list[_Node]) -> dict[_Node, float]:
        """The share of the sessions that goes through each node, the ends of the flows first."""
        out, into = Counter[_Node](), Counter[_Node]()
        for end, head, share in zip(ends, heads, self.table["share"], strict=True):
            out[end] += share
            into[head] += share
        return {node: max(out[node], into[node]) for node in dict.fromkeys([*ends, *heads])}


def _percent(share: float) -> str:
    return f"{share:.1%}" if share >= 0.0005 else "< 0.1%"


def _hover(row: dict[Any, Any]) -> str:
    source, target = label(row["from"]), label(row["to"])
    move = say("{source} → {target}, step {step}", source=source, target=target, step=row["step"])
    sessions = say(
        "{n:,} sessions ({share:.1%}) of {users:,} users", n=row["sessions"], share=row["share"], users=row["users"]
    )
    return f"{move}<br>{sessions}"


def first_steps(journeys: Journeys, *, k: int = 5, top: int = 8) -> FirstSteps:
    """Count how sessions go through their first steps.

    Args:
        journeys: The sessions.
        k: How many steps to show.
        top: How many types of event keep their name, the most frequent within these steps.

    Raises:
        UserError: for a `k` or a `top` that is no whole number from 1 on.

    Example:
        >>> from churn.data import DataConfig, example_frames
        >>> from churn.eda.journey_log import journeys
        >>> from churn.eda.opening import open_tables
        >>> with open_tables(DataConfig(events="events"), frames=example_frames()) as tables:
        ...     begun = first_steps(journeys(tables, actors="all"), k=2)
        >>> begun.table.loc[0, ["from", "to", "sessions"]].to_dict()
        {'from': '(start)', 'to': 'own post', 'sessions': 10755}
    """
    check_count("k", k, most=1000)
    check_count("top", top)
    steps = journeys.opened().filter(_.step < k)
    seen = steps.group_by("event").aggregate(n=_.count()).order_by(ibis.desc("n"), "event").to_pandas()["event"]
    kept = [int(event) for event in seen[:top]] if len(seen) > top + 1 else [int(event) for event in seen]
    flows = _flows(steps, kept, k).group_by("step", "source", "target")
    table: pd.DataFrame = flows.aggregate(sessions=_.count(), users=_.user.nunique()).to_pandas()
    names = dict(enumerate(journeys.events, start=1)) | {_REST: OTHER, _OUT: END, _ON: GOES_ON}
    table["from"] = table["source"].map(names | {_OUT: START}).astype(str)
    table["to"] = table["target"].map(names).astype(str)
    table["share"] = table["sessions"] / max(1, journeys.n_sessions)
    table = table.sort_values(["step", "sessions", "from", "to"], ascending=[True, False, True, True])
    table = table[["step", "from", "to", "sessions", "share", "users"]].reset_index(drop=True)
    return FirstSteps(table, journeys.empty, journeys.size, journeys.remarks, k, len(seen) - len(kept))


_OUT, _REST, _ON = 0, -1, -2  # places that are no event


def _flows(steps: ibis.Table, kept: list[int], k: int) -> ibis.Table:
    """A row per flow of a session: (user, step, source, target)."""

    def shown(event: ibis.Value) -> ibis.Value:
        return ibis.ifelse(event.isin(kept), event, ibis.literal(_REST, "int16"))

    out, on = ibis.literal(_OUT, "int16"), ibis.literal(_ON, "int16")
    source = ibis.ifelse(_.previous.isnull(), out, shown(_.previous))
    into = steps.select("user", step=_.step + 1, source=source, target=shown(_.event))
    left = steps.filter(_.last | (_.step == k - 1))
    return into.union(left.select("user", step=_.step + 2, source=shown(_.event), target=ibis.ifelse(_.last, out, on)))


def _faded(colour: str) -> tuple[float, ...]:
    """A colour of a flow: #rrggbb to what `rgba` takes."""
    return (*(int(colour[at : at + 2], 16) for at in (1, 3, 5)), 0.3)
