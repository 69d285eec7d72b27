"""Variants: the sequences of events that sessions consist of."""

from dataclasses import dataclass
from typing import Any

import ibis
import pandas as pd
from ibis import _

from churn.charts import BLUE, chart
from churn.eda.arguments import check_count
from churn.eda.captions import called, label, minutes, titled
from churn.eda.journey_log import Journeys
from churn.eda.view import View
from churn.language import say

_WORD = 62  # bits of a whole number that engines add up without overflow
DRAWN = 20
ARROW, MORE = " → ", "…"


@dataclass(frozen=True, repr=False, eq=False)
class Variants(View):
    """The most frequent sequences of events, the most frequent first.

    `table` has a row per variant: variant, its events joined by arrows; events, its events as a tuple; cut, whether
    longer sessions that begin like this are counted here; sessions, share (of all sessions), users, and
    median_minutes from the first event to the last.
    """

    size: str
    remarks: tuple[str, ...]
    n_variants: int  # in all, cut to max_steps
    n_cut: int  # sessions that are longer
    max_steps: int

    def _notes(self, shown: int) -> list[str]:
        listed = say(
            "The {n:,} most frequent of {whole:,} variants stand for {share:.1%} of all.",
            n=shown,
            whole=self.n_variants,
            share=self.table["share"].head(shown).sum(),
        )
        cut = say(
            "Longer sessions, cut (events: {steps}) and ending in {more}: {n:,}",
            n=self.n_cut,
            steps=self.max_steps,
            more=MORE,
        )
        return [listed, *[cut] * bool(self.n_cut)]

    def _say(self) -> str:
        lines = [_told(row) for row in self.table.head(5).to_dict("records")]
        return "\n".join(
            [say("Variants ({size})", size=self.size), *lines, *self._notes(len(self.table)), *self.remarks]
        )

    def _draw(self) -> Any:
        import plotly.graph_objects as go

        top = self.table.head(DRAWN)
        rows = top.to_dict("records")
        names = [f"{place}. {label(_path(row), longest=60)}" for place, row in enumerate(rows, start=1)]
        hover = [_hover(row) for row in rows]
        bars = go.Bar(
            x=top["share"], y=names, orientation="h", marker={"color": BLUE}, hovertext=hover, hoverinfo="text"
        )
        drawn = chart([bars], height=24 * len(top) + 60)
        drawn.update_xaxes(title_text=say("share of the sessions"), tickformat=".0%", rangemode="tozero")
        drawn.update_yaxes(categoryorder="array", categoryarray=names[::-1], showgrid=False)
        return titled(drawn, say("The most frequent variants ({size})", size=self.size), *self._notes(len(top)))


def variants(journeys: Journeys, *, top: int | None = 100, max_steps: int = 20) -> Variants:
    """Count the sequences of events that sessions consist of.

    A sequence becomes a number in the engine, in which every event has a few bits: sums tell sequences apart without
    sorting anything again.

    Args:
        journeys: The sessions.
        top: How many of the most frequent variants to keep; None for all.
        max_steps: Longer sessions are cut after this number of events.

    Raises:
        UserError: for a `top` or a `max_steps` that is no whole number from 1 on.

    Example:
        >>> from churn.data import DataConfig, example_frames
        >>> from churn.eda.journey_log import journeys
        >>> from churn.eda.opening import open_tables
        >>> with open_tables(DataConfig(events="events"), frames=example_frames()) as tables:
        ...     found = variants(journeys(tables, actors="all"))
        >>> found.table.loc[0, ["variant", "sessions"]].to_dict()
        {'variant': 'own post', 'sessions': 9588}
    """
    check_count("max_steps", max_steps, most=1000)
    if top is not None:
        check_count("top", top)
    bits = max(1, len(journeys.events).bit_length())
    counts = _counted(journeys, bits, max_steps)
    totals = counts.aggregate(n=_.count(), cut=ibis.ifelse(_.cut, _.sessions, 0).sum().coalesce(0)).to_pyarrow()
    words = [name for name in counts.columns if name.startswith("word")]
    ordered = counts.order_by(ibis.desc("sessions"), "cut", *words)
    table: pd.DataFrame = (ordered if top is None else ordered.limit(top)).to_pandas()
    table["events"] = [_decoded(row, bits, journeys.events) for row in table[words].itertuples(index=False)]
    ends = table["cut"].map({True: ARROW + MORE, False: ""}).astype(str)
    table["variant"] = table["events"].map(ARROW.join).astype(str) + ends
    table["share"] = table["sessions"] / max(1, journeys.n_sessions)
    columns = ["variant", "events", "cut", "sessions", "share", "users", "median_minutes"]
    n_variants, n_cut = (int(totals[name][0].as_py()) for name in ("n", "cut"))
    return Variants(
        table[columns], journeys.empty, journeys.size, journeys.remarks, n_variants, n_cut, max_steps=max_steps
    )


def _path(row: dict[Any, Any]) -> str:
    """A variant with its rare events called as the language spoken does."""
    return ARROW.join([*map(called, row["events"]), *[MORE] * row["cut"]])


def _told(row: dict[Any, Any]) -> str:
    return say(
        "{n:,} ({share:.1%}) by {users:,} users, {time}: {path}",
        n=row["sessions"],
        share=row["share"],
        users=row["users"],
        time=minutes(row["median_minutes"]),
        path=_path(row),
    )


def _hover(row: dict[Any, Any]) -> str:
    sessions = say(
        "{n:,} sessions ({share:.1%}) of {users:,} users", n=row["sessions"], share=row["share"], users=row["users"]
    )
    median = say("median {time}", time=minutes(row["median_minutes"]))
    return "<br>".join([label(_path(row), longest=200), sessions, median])


def _counted(journeys: Journeys, bits: int, max_steps: int) -> ibis.Table:
    """Sessions counted by their sequence: (word0, …, cut, sessions, users, median_minutes)."""
    per_word = _WORD // bits
    words = {}
    for number, first in enumerate(range(0, max_steps, per_word)):
        here = _.step.between(first, min(first + per_word, max_steps) - 1)
        shift = ibis.ifelse(here, (_.step - first) * bits, 0).cast("int32")
        words[f"word{number}"] = ibis.ifelse(here, _.event.cast("int64") << shift, 0).sum().cast("int64")
    length, minutes_ = _.step.max() + 1, _.minutes.sum().coalesce(0.0)
    sessions = (
        journeys.opened().group_by("user", "session").aggregate(**words, cut=length > max_steps, minutes=minutes_)
    )
    counts = sessions.group_by(*words, "cut").aggregate(
        sessions=_.count(), users=_.user.nunique(), median_minutes=_.minutes.median()
    )
    return journeys.engine.create_table(ibis.util.gen_name("churn"), counts, temp=True)


def _decoded(words: tuple[int, ...], bits: int, events: tuple[str, ...]) -> tuple[str, ...]:
    """The events of a sequence; 0 stands behind its end."""
    found = []
    for word in map(int, words):
        while word:
            found.append(events[(word & ((1 << bits) - 1)) - 1])
            word >>= bits
    return tuple(found)
