"""What should be known before a run and mended, each finding with its remedy."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn.data.dataset import Dataset
from churn.data.leaks import Alarm
from churn.data.panel import Panel
from churn.data.parts import CAUTIONS, Split
from churn.data.repeats import Repeats
from churn.data.views import FEWEST
from churn.language import say, say_again, say_many
from churn.statistics import column_shares

LOST = 0.01  # share of a table's rows
THIN = 0.10  # of the median of the days around
AROUND = 29  # days, the thin one in their middle
USUAL = 20  # events of the days around under which a thin day is chance
LONG_GAP = 14  # days without any event
STOPPED = 2  # times the longest silence between two days with stickers
HALF_A_DAY = 0.5  # of the quietest of the last four same weekdays: an unfinished last day
STRANGERS = 0.5  # share of a table's rows that concern nobody on the member list
UNSEEN = 0.9  # share of the member list without any event
RARE = 0.01  # base rate
NOISE = 3.0  # standard errors between the rates of two parts
SHIFT = 0.1  # of the training part's rate


@dataclass(frozen=True)
class Finding:
    """Something to know before trusting the data, and what to do about it."""

    sentence: str
    remedy: str

    def __str__(self) -> str:
        """Both as one text."""
        return f"{self.sentence} {self.remedy}"


def runs(where: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """The first and last position of each stretch.

    Example:
        >>> runs(np.array([True, True, False, True]))
        [(0, 1), (3, 3)]
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[False], where, [False]]).astype(np.int8)))
    return [(int(a), int(b) - 1) for a, b in edges.reshape(-1, 2)]


def lost_rows(reconciliation: dict[str, dict[str, Any]]) -> Iterator[Finding]:
    """Tables of which many rows were rejected, or concern nobody on the member list."""
    for table, counts in reconciliation.items():
        lost = sum(counts["rejected"].values())
        if lost > LOST * counts["read"]:
            reasons = sorted(counts["rejected"].items(), key=lambda pair: -pair[1])[:3]
            why = ", ".join(f"{reason} ({n:,})" for reason, n in reasons)
            yield Finding(
                say(
                    "{lost:,} of {read:,} rows of {table} could not be used: {why}.",
                    lost=lost,
                    read=counts["read"],
                    table=say_again(table),
                    why=why,
                ),
                say("Mend the rows, or the mapping of the columns of {table}.", table=say_again(table)),
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


def repeated_rows(repeats: dict[str, Repeats], panel: Panel) -> Iterator[Finding]:
    """Tables of which all or some rows seem to have been loaded more than once."""
    for table, found in repeats.items():
        copied = runs(np.isin(panel.first_day + np.arange(panel.n_days), found.days))
        where = []
        if copied:
            where.append(say("Nearly every row is there more than once {spans}.", spans=_spans(panel, copied)))
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
                    where=" ".join(where),
                ),
                say("Load each file once, or set data.deduplicate: true, which reads one of several equal rows."),
            )


def unknown_events(events: dict[str, int]) -> Iterator[Finding]:
    """Event types that have no column."""
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


def unseen_members(dataset: Dataset, unseen: int) -> Iterator[Finding]:
    """A member list most of whom never appear."""
    users = len(dataset.panel.users)
    if dataset.members is not None and unseen > UNSEEN * users:
        yield Finding(
            say("{unseen:,} of {users:,} members never appear in the events.", unseen=unseen, users=users),
            say("Compare the ids of both tables, or shorten the list to those who matter."),
        )


def thin_days(panel: Panel, events: NDArray[np.float64], gaps: tuple[tuple[int, int], ...]) -> Iterator[Finding]:
    """Gaps, days with hardly any event, and a last day that may not be over."""
    long = [(first, last) for first, last in gaps if last - first + 1 >= LONG_GAP]
    if long:
        yield Finding(
            say("There is no event at all {spans}.", spans=_spans(panel, long)),
            say("Load the missing days, or set data.first_day or data.last_day where a stray row lies beyond them."),
        )
    around = pd.Series(events).rolling(AROUND, center=True, min_periods=1).median().to_numpy()
    is_thin = (events < THIN * around) & (around >= USUAL)
    thin = [run for run in runs(is_thin[:-1]) if run not in long]
    if thin:
        n = sum(last - first + 1 for first, last in thin)
        yield Finding(
            say_many(
                "{n} day with under a tenth of the events of the days around: {spans}.",
                "{n} days with under a tenth of the events of the days around: {spans}.",
                n,
                spans=_spans(panel, thin),
            ),
            say("Load what is missing: a day without its rows looks like silence."),
        )
    yield from _unfinished(panel, events)


def stopped_stickers(panel: Panel) -> Iterator[Finding]:
    """Stickers that end long before the log does: a table that was not brought up to date."""
    rows = panel.sticker_rows()
    days = np.unique(panel.days_where(rows)[1]) if rows is not None else np.empty(0, np.int32)
    if len(days) < FEWEST:
        return
    silent = panel.n_days - 1 - int(days[-1])
    if silent > STOPPED * int(np.diff(days).max()):
        yield Finding(
            say(
                "The last sticker is of {day}, {silent} days before the log ends; before, there were never more than "
                "{most} days between two.",
                day=panel.date(int(days[-1])).date(),
                silent=silent,
                most=int(np.diff(days).max()),
            ),
            say("Load the stickers up to the last day of the events."),
        )


def _unfinished(panel: Panel, events: NDArray[np.float64]) -> Iterator[Finding]:
    same_weekdays = events[:-1][::-1][6::7][:4]  # one, two, three and four weeks before the last day
    least = same_weekdays.min(initial=np.inf)
    if len(same_weekdays) == 4 and least >= USUAL and events[-1] < HALF_A_DAY * least:
        yield Finding(
            say(
                "The last day, {day}, has {events:,.0f} events, where the same weekday of the four weeks "
                "before had at least {least:,.0f}: it may not be over.",
                day=panel.date(panel.n_days - 1).date(),
                events=events[-1],
                least=least,
            ),
            say(
                "Set data.last_day to {day}, lest its missing hours count as silence.",
                day=panel.date(panel.n_days - 2).date(),
            ),
        )


def _spans(panel: Panel, stretches: list[tuple[int, int]]) -> str:
    """Stretches of days in words, five at most."""
    dates = [(panel.date(first).date(), panel.date(last).date()) for first, last in stretches[:5]]
    words = ", ".join(
        say("on {first}", first=first) if first == last else say("from {first} to {last}", first=first, last=last)
        for first, last in dates
    )
    return words + (say(" and in {n:,} more stretches", n=len(stretches) - 5) if len(stretches) > 5 else "")


def careless_split(dataset: Dataset) -> Iterator[Finding]:
    """What a split that does not hold the times apart does to every measure."""
    if caution := say_again(CAUTIONS.get(dataset.config.split.kind, "")):
        yield Finding(
            f"{caution[0].upper()}{caution[1:]}.",
            say("Set split.kind to time or user_time, and keep this one for showing the difference."),
        )


def base_rates(split: Split) -> Iterator[Finding]:
    """Parts with few users of a class, base rates near 0 or 1, and a rate that changed."""
    for target in split.train.targets:
        found = {}
        for name in ("train", "val", "test"):
            part = split.part(name)
            ones = part.label(target) == 1
            found[name] = share_of(ones, part.user)
            for side, outcome in ((ones, 1), (~ones, 0)):
                if (n := len(np.unique(part.user[side]))) < FEWEST:
                    yield Finding(
                        say(
                            "{part} has {n:,} users with {target} = {outcome}: too few to learn from or to judge by.",
                            part=say_again(name),
                            n=n,
                            target=say_again(target),
                            outcome=outcome,
                        ),
                        say("Move the split's dates, or load more days or users."),
                    )
        yield from _rate(target, found["train"][0])
        yield from _shift(target, found["train"], found["test"])


def thin_folds(folds: Sequence[Split]) -> Iterator[Finding]:
    """The older folds whose training part is too small to say anything."""
    for place, fold in enumerate(folds[:-1], start=1):
        for target in fold.train.targets:
            label = fold.train.label(target)
            n = min(len(np.unique(fold.train.user[label == outcome])) for outcome in (0, 1))
            if n < FEWEST:
                yield Finding(
                    say(
                        "Fold {place} of {folds} trains on {n:,} users of a class of {target}: too few.",
                        place=place,
                        folds=len(folds),
                        n=n,
                        target=say_again(target),
                    ),
                    say("Lower split.folds or split.test_share, or load more days."),
                )


def share_of(ones: NDArray[np.bool_], user: NDArray[np.int32]) -> tuple[float, float]:
    """A rate with its standard error over users."""
    share, error = column_shares(ones, np.ones((len(ones), 1), bool), users=user)
    return float(share[0]), float(error[0])


def _rate(target: str, rate: float) -> Iterator[Finding]:
    if not RARE <= rate <= 1 - RARE:
        yield Finding(
            say(
                "The base rate of {target} is {rate:.2%} on the training part: hardly anything to tell apart.",
                target=say_again(target),
                rate=rate,
            ),
            say("Change windows.horizon_days, windows.at_risk or data.activity_events."),
        )


def _shift(target: str, train: tuple[float, float], test: tuple[float, float]) -> Iterator[Finding]:
    change, error = test[0] - train[0], float(np.hypot(train[1], test[1]))
    if abs(change) > max(NOISE * error, SHIFT * train[0]):
        yield Finding(
            say(
                "The rate of {target} is {test:.3f} on test and {train:.3f} on train, further apart than "
                "chance between users would have it: the platform, the season or the log has changed.",
                target=say_again(target),
                test=test[0],
                train=train[0],
            ),
            say("Begin the data later (data.first_day), or read the test's numbers with that in mind."),
        )


def possible_leaks(alarms: tuple[Alarm, ...]) -> Iterator[Finding]:
    """The alarms, as findings."""
    remedies = {
        "feature": say("If the event is logged because of the outcome, remove it from the log."),
        "attribute": say(
            "If it is filled in later than the days it is used for, say so: data.attributes, known: after."
        ),
        "identifier": say("Leave it out of what a model sees."),
    }
    for alarm in alarms:
        yield Finding(say("Possible leak: {sentence}", sentence=alarm.sentence), remedies[alarm.kind])
