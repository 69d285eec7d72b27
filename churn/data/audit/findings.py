"""Findings: what should be known before a run and mended, each with its remedy; here about rows and names."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn.data.dataset import Dataset
from churn.data.log.reconciliation import at_fault
from churn.data.log.repeats import Repeats
from churn.data.log.spellings import Spellings
from churn.data.members import reaching_back
from churn.data.windows.panel import Panel
from churn.language import joined, say, say_again, say_many

LOST = 0.01  # share of a table's rows
STRANGERS = 0.5  # share of a table's rows that concern nobody on the member list
UNSEEN = 0.9  # share of the member list without any event
LUMPED = 0.05  # share of the events whose type has no column of its own


@dataclass(frozen=True)
class Finding:
    """Something to know before trusting the data, and what to do about it."""

    sentence: str
    remedy: str

    @property
    def text(self) -> str:
        """The sentence and the remedy as one text."""
        return joined((self.sentence, self.remedy))

    def __str__(self) -> str:
        """The text as it is printed."""
        return self.text


def runs(where: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """The first and last position of each stretch.

    Example:
        >>> runs(np.array([True, True, False, True]))
        [(0, 1), (3, 3)]
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[False], where, [False]]).astype(np.int8)))
    return [(int(a), int(b) - 1) for a, b in edges.reshape(-1, 2)]


def lost_rows(reconciliation: dict[str, dict[str, Any]]) -> Iterator[Finding]:
    """Findings about tables with many rows that cannot be used, or that concern nobody on the member list."""
    for table, counts in reconciliation.items():
        faults = at_fault(counts["rejected"])
        lost = sum(faults.values())
        if lost > LOST * counts["read"]:
            reasons = sorted(faults.items(), key=lambda pair: -pair[1])[:3]
            why = joined([joined((say_again(reason), f"({n:,})")) for reason, n in reasons], ", ")
            yield Finding(
                say(
                    "{lost:,} of {read:,} rows of {table} could not be used: {why}.",
                    lost=lost,
                    read=counts["read"],
                    table=say_again(table),
                    why=why,
                ),
                _mending(table, faults),
            )
        if counts["non_members"] > STRANGERS * counts["read"]:
            yield Finding(
                say(
                    "{strangers:,} of {read:,} rows of {table} concern nobody on the member list.",
                    strangers=counts["non_members"],
                    read=counts["read"],
                    table=say_again(table),
                ),
                say("Compare the ids of both tables, and which column is mapped to user_id."),
            )


def _mending(table: str, faults: dict[str, int]) -> str:
    """The remedy for rows that cannot be used, by the most frequent reason: refunds and old stickers are no errors."""
    reason = max(faults, key=lambda name: faults[name])
    if reason in ("before the first event", "after the last event"):
        return say("Load the events of these days, too, or set data.first_day and data.last_day to what both cover.")
    if reason == "negative amount":
        return say(
            "Where they are refunds, set data.negative: keep, which makes the amounts net, or drop, which leaves the "
            "refunds out."
        )
    return say("Mend the rows, or the mapping of the columns of {table}.", table=say_again(table))


def empty_tables(reconciliation: dict[str, dict[str, Any]]) -> Iterator[Finding]:
    """Findings about tables of which nothing was used: an empty file, or one whose rows all concern other days."""
    for table, counts in reconciliation.items():
        if not counts["used"]:
            yield Finding(
                say("No row of {table} was used, out of {read:,}.", table=say_again(table), read=counts["read"]),
                say("Check its path and its days, or leave it out."),
            )


def lumped_types(events: pd.DataFrame, *, lumped: str) -> Iterator[Finding]:
    """A finding about many events whose types have no column of their own.

    Args:
        events: Events by type and role.
        lumped: The name of all types without a column.
    """
    every = int(events[["own", "fan"]].to_numpy().sum())
    others = int(events[["own", "fan"]].sum(axis=1).get(lumped, 0))
    if others > LUMPED * every:
        yield Finding(
            say(
                "{n:,} of {every:,} events ({share:.0%}) are of rarer types, which are counted together as {lumped}.",
                n=others,
                every=every,
                share=others / every,
                lumped=lumped,
            ),
            say("Raise data.max_event_types, which holds for each source, or write fewer and broader types."),
        )


def repeated_rows(repeats: dict[str, Repeats], panel: Panel) -> Iterator[Finding]:
    """Findings about tables whose rows, all or some, seem to have been loaded more than once."""
    for table, found in repeats.items():
        copied = runs(np.isin(panel.first_day + np.arange(panel.n_days), found.days))
        where = []
        if copied:
            where.append(say("Nearly every row is there more than once {spans}.", spans=spans(panel, copied)))
        if found.in_part:
            where.append(say("Rows come in pairs, as if one of several files had been read twice."))
        if where:
            yield Finding(
                say(
                    "{n:,} of {rows:,} usable rows of {table} ({share:.1%}) equal an earlier one in every column. "
                    "{where}",
                    n=found.rows,
                    rows=found.usable,
                    table=say_again(table),
                    share=found.rows / found.usable,
                    where=joined(where),
                ),
                say("Load each file once, or set data.deduplicate: true, which reads one of several equal rows."),
            )


def several_spellings(spellings: dict[str, Spellings]) -> Iterator[Finding]:
    """Findings about users and event types with several spellings, and ids that mean "missing" or were rounded."""
    if (found := spellings.get("user_id")) and found.names:
        yield Finding(
            say_many(
                "{n} user stands under several ids ({written:,} in all) that differ in case, blanks, Unicode form or "
                "the writing of a number alone: {examples}.",
                "{n} users stand under several ids ({written:,} in all) that differ in case, blanks, Unicode form or "
                "the writing of a number alone: {examples}.",
                found.names,
                written=found.written,
                examples=_ways(found),
            ),
            say(
                "Write each id in one way in every table, or in a view of it, such as lower(trim(user_id)): "
                "each spelling counts as a user who acts less, and falls silent where the spelling changes."
            ),
        )
    if (found := spellings.get("event")) and found.names:
        yield Finding(
            say_many(
                "{n} event type stands under several names that differ in case, blanks or Unicode form alone: "
                "{examples}.",
                "{n} event types stand under several names that differ in case, blanks or Unicode form alone: "
                "{examples}.",
                found.names,
                examples=_ways(found),
            ),
            say("Write each name in one way: each spelling is counted in a column of its own."),
        )
    if (found := spellings.get("user_id")) and found.nobody:
        yield Finding(
            say("There is a user called {names}.", names=", ".join(map(repr, found.nobody))),
            say("If that stands for a missing id, make it null, and its rows are rejected and counted."),
        )
    if (found := spellings.get("user_id")) and found.rounded:
        yield Finding(
            say_many(
                "{n} user has an id that a column of floats has rounded, such as {example}: users with numbers close "
                "to each other may have become one.",
                "{n} users have an id that a column of floats has rounded, such as {example}: users with numbers close "
                "to each other may have become one.",
                found.rounded,
                example=found.rounded_as,
            ),
            say("Write the ids as text or as whole numbers from the start, in every file: a null makes pandas round."),
        )


def _ways(found: Spellings) -> str:
    """Examples of the spellings; where two look alike, their character codes."""

    def shown(ways: list[str]) -> str:
        composed = {unicodedata.normalize("NFC", way) for way in ways}
        return " = ".join(map(repr if len(composed) == len(ways) else ascii, ways))

    return ", ".join(map(shown, found.examples)) + (", …" if found.names > len(found.examples) else "")


def unknown_events(events: dict[str, int]) -> Iterator[Finding]:
    """A finding about event types that have no column."""
    if events:
        names = ", ".join(f"{name} ({n:,})" for name, n in list(events.items())[:5])
        more = say(" and {n:,} more", n=len(events) - 5) if len(events) > 5 else ""
        yield Finding(
            say(
                "{n:,} events are of types that the training span does not have, so without columns: {names}{more}.",
                n=sum(events.values()),
                names=names,
                more=more,
            ),
            say("If a name has changed, give both the same; if the platform has, train on later days."),
        )


def shorter_past(dataset: Dataset) -> Iterator[Finding]:
    """A finding about new data that go back less far than training's, where features know of the past."""
    first, trained = dataset.panel.first_day, dataset.vocabulary.first_day
    names = reaching_back(dataset.config, {"weeks"})
    if names and first > trained:
        days = [pd.Timestamp(0) + pd.Timedelta(days=day) for day in (first, trained)]
        yield Finding(
            say(
                "{names} know of the days since {first} alone, and in training of the days since {trained}.",
                names=", ".join(names),
                first=days[0].date(),
                trained=days[1].date(),
            ),
            say("Load the whole log for scores that know the whole past."),
        )


def unseen_members(dataset: Dataset, unseen: int) -> Iterator[Finding]:
    """A finding about a member list most of whose users never appear in the log."""
    users = len(dataset.panel.users)
    if dataset.members is not None and unseen > UNSEEN * users:
        yield Finding(
            say("{unseen:,} of {users:,} members never appear in the events.", unseen=unseen, users=users),
            say("Compare the ids of both tables, or shorten the list to those who matter."),
        )


def spans(panel: Panel, stretches: list[tuple[int, int]]) -> str:
    """Stretches of days in words, five at most."""
    dates = [(panel.date(first).date(), panel.date(last).date()) for first, last in stretches[:5]]
    words = [
        say("on {first}", first=first) if first == last else say("from {first} to {last}", first=first, last=last)
        for first, last in dates
    ]
    more = say(" and in {n:,} more stretches", n=len(stretches) - 5) if len(stretches) > 5 else ""
    return joined((joined(words, ", "), more), "")
