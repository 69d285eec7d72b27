"""The data as read: columns, times, rows, days, users, events and features."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from rich.console import RenderableType
from rich.table import Table

from churn.check.plain import table, text
from churn.data import (
    Dataset,
    Health,
    Panel,
    measured_together,
    standard_columns,
)
from churn.language import Messages, marked, say, say_again, termed

ROLES = Messages({"own": marked("own"), "fan": marked("by fans"), "away": marked("elsewhere")})
FATES = Messages(  # of members who are asked about once, or of rows of outcomes
    {
        "yes": marked("yes"),
        "no": marked("no"),
        "to_score": marked("to score: no answer yet"),
        "ended_otherwise": marked("ended otherwise: neither yes nor no"),
        "answered_before": marked("answered before the day that is asked about"),
        "without_day": marked("without a day of arrival"),
        "outside": marked("outside the days read"),
    }
)
ASKED = ("yes", "no", "to_score")  # fates that are told even of nobody
GAPS = 10  # stretches listed


def columns(dataset: Dataset) -> Table:
    """The columns of each table with their types, and the standard column that each is used as."""
    lines = []
    for name, schema in dataset.columns.items():
        mapping = dataset.config.mappings[name] or {}
        used = {own: word for word in standard_columns(name) if (own := mapping.get(word, word))}
        attributes = dataset.members.columns if name == "members" and dataset.members is not None else ()
        use = dict.fromkeys(attributes, say("attribute")) | used
        if name == "daily":
            use |= _channels(dataset)
        if name == ("outcomes" if dataset.config.outcomes else "members") and (asked := dataset.config.asked):
            use |= {asked.column: say("answer")} | ({asked.due: say("day of the answer")} if asked.due else {})
        lines += [(say_again(name), column, kind, use.get(column, "–")) for column, kind in schema.items()]
    return table((say("table"), say("column"), say("type"), say("used as")), lines)


def _channels(dataset: Dataset) -> dict[str, str]:
    """The columns of the table of days that are channels, and whether each is a count or a level."""
    words, listed = dataset.vocabulary, dataset.config.channels.listed
    kinds = dict.fromkeys(words.counted, say("count of the day")) | dict.fromkeys(words.levels, say("level"))
    return {listed.get(name, name): kind for name, kind in kinds.items()}


def times(dataset: Dataset) -> list[RenderableType]:
    """The format of each table's times, with one time as written and as read, and the first and last."""
    lines = [
        say(
            "times of {table}: {format}; {text!r} is read as {read}; the first {first}, the last {last}",
            table=say_again(name),
            **told,
        )
        for name, told in dataset.times.items()
        if "text" in told
    ]
    if (zone := dataset.config.zone) != "UTC":
        lines.append(
            say(
                "times that name no zone are UTC, and a day begins at midnight in {zone}; if they are local times, "
                "leave data.zone out, and a day begins at their own midnight",
                zone=zone,
            )
        )
    return list(map(text, lines))


def rows(dataset: Dataset) -> Table:
    """The rows of each table: read, used, of non-members, and rejected by reason."""
    lines = []
    for name, counts in dataset.reconciliation.items():
        read = counts["read"]
        lines += [(say_again(name), say("read"), f"{read:,}", ""), ("", say("used"), *_of(counts["used"], read))]
        rejected = {say("rejected: {reason}", reason=say_again(why)): n for why, n in counts["rejected"].items()}
        lost = {say("non-members"): counts["non_members"], **rejected}
        lines += [("", what, *_of(n, read)) for what, n in lost.items() if n]
    return table((say("table"), say("rows"), say("count"), say("share")), lines, right=2)


def _of(n: int, whole: int) -> tuple[str, str]:
    return f"{n:,}", f"{n / max(1, whole):.1%}"


def days(dataset: Dataset, health: Health) -> list[RenderableType]:
    """The span of days, the usual number of events or rows on one, and stretches without any."""
    panel, events = dataset.panel, health.events_per_day
    low, median, high = _quartiles(events)
    span = say(
        "days: {first} to {last}, {n:,} of them, in {zone}",
        first=panel.date(0).date(),
        last=panel.date(panel.n_days - 1).date(),
        n=panel.n_days,
        zone=dataset.config.zone,
    )
    told = {"median": median, "low": low, "high": high, "last": events[-1]}
    if dataset.config.daily is not None:
        usual = say(
            "rows a day: median {median:,.0f}, half of the days between {low:,.0f} and {high:,.0f}; on the last day "
            "{last:,.0f}",
            **told,
        )
    else:
        usual = say(
            "events a day: median {median:,.0f}, half of the days between {low:,.0f} and {high:,.0f}; on the last day "
            "{last:,.0f}",
            **told,
        )
    return [text(span), text(usual), text(_gaps(panel, health.gaps))]


def _gaps(panel: Panel, gaps: Sequence[tuple[int, int]]) -> str:
    """Stretches of days without any event or row, the first few with their days."""
    if not gaps and panel.reported is not None:
        return say("days without any row: none")
    if not gaps:
        return say("days without any event: none")
    dates = [(panel.date(first).date(), panel.date(last).date()) for first, last in gaps[:GAPS]]
    spans = [say("{first} to {last}", first=a, last=b) if b > a else str(a) for a, b in dates]
    more = say(" and {n:,} more stretches", n=len(gaps) - GAPS) if len(gaps) > GAPS else ""
    total = sum(last - first + 1 for first, last in gaps)
    if panel.reported is not None:
        return say("days without any row: {n:,}: {spans}{more}", n=total, spans=", ".join(spans), more=more)
    return say("days without any event: {n:,}: {spans}{more}", n=total, spans=", ".join(spans), more=more)


def _quartiles(values: NDArray[np.float64]) -> list[float]:
    return [float(value) for value in np.quantile(values, (0.25, 0.5, 0.75))]


def users(dataset: Dataset, health: Health) -> list[RenderableType]:
    """The number of users, and of members without any event or row; arrivals by their fate."""
    n = len(dataset.panel.users)
    if dataset.fates is not None:
        return [text(_listed(dataset, health)), _fates(dataset)]
    if dataset.members is None and dataset.config.daily is not None:
        return [text(say("users: {n:,}, all who have a row in the table of days", n=n))]
    if dataset.members is None:
        return [text(say("users: {n:,}, all who have events of their own", n=n))]
    if dataset.config.daily is not None:
        return [
            text(
                say(
                    "users: {n:,} on the member list, {unseen:,} of whom have no row in the table of days",
                    n=n,
                    unseen=health.unseen,
                )
            )
        ]
    unseen = say(
        "users: {n:,} on the member list, {unseen:,} of whom never appear in the events", n=n, unseen=health.unseen
    )
    return [text(unseen)]


def _listed(dataset: Dataset, health: Health) -> str:
    """The number of users who are asked about; where many days may be, also how many the log has never seen."""
    n, unseen = len(dataset.panel.users), health.unseen
    if not dataset.config.outcomes:
        return say("users: {n:,} on the member list", n=n)
    return say("users: {n:,} asked about, {unseen:,} of whom never appear in the events", n=n, unseen=unseen)


def _fates(dataset: Dataset) -> Table:
    """The numbers of members, or of rows, by their fate: who ended so, or otherwise, or is to be scored."""
    target = termed(dataset.windows.targets[0])
    lines = [(FATES[fate], f"{n:,}") for fate, n in (dataset.fates or {}).items() if n or fate in ASKED]
    return table((target, say("rows") if dataset.config.outcomes else say("users")), lines, right=1)


def events(health: Health) -> Table:
    """The count of each event by role."""
    lines = [(event, *(f"{n:,}" for n in row)) for event, *row in health.events.itertuples()]
    return table((say("event"), *(ROLES[role] for role in health.events.columns)), lines, right=1)


def features(dataset: Dataset, health: Health) -> list[RenderableType]:
    """The features of windows, and which of these tell nothing, or nothing new, on the training days."""
    names = {
        "features": dataset.windows.features,
        "constant": health.constant,
        "equal": [f"{a} = {b}" for a, b in health.duplicates],
    }
    listed = {name: ", ".join(found) or say("none") for name, found in names.items()}
    return [
        text(say("features: {names}", names=listed["features"])),
        text(say("constant on the training days: {names}", names=listed["constant"])),
        text(say("equal on the training days: {names}", names=listed["equal"])),
        *([text(measured_together(health.together, dataset.windows.targets[0]))] if health.together else []),
    ]
