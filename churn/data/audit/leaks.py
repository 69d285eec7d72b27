"""The leak alarm: features and attributes that know too much on their own, and identifiers."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
import scipy
from numpy.typing import NDArray

from churn.data.audit.readings import Reading, identifier, readings
from churn.data.audit.views import View, views
from churn.data.log.vocabulary import OTHER, ROLES
from churn.data.splits.split import Split
from churn.data.windows.windows import Windows
from churn.language import marked, say, termed
from churn.statistics import Z, column_aucs, column_shares

PRECISION = 0.95  # precision of an event that foretells the outcome; the best of an honest one was .77
COMMON = 0.80  # base rate above which such an event proves nothing
WINDOWS = 100_000  # looked at, of whole users; more take seconds and hardly narrow an interval over users
FOLDS = 5
LUMPED = 0.5  # share of the events without a column of their own that makes the event column look like an identifier


@dataclass(frozen=True)
class Alarm:
    """A column that should not be believed, and why."""

    column: str  # feature, attribute, or the log's `event`
    kind: Literal["feature", "attribute", "identifier"]
    target: str | None  # None for an identifier, which tells users apart and not what they do
    measure: Literal["roc_auc", "precision", "share"]  # share of distinct values, or of events without a column
    statistic: float  # value of the measure; ROC-AUC in the direction that ranks better
    low: float | None  # lower end of its 95% interval over users; None for an identifier
    n_users: int
    sentence: str


@dataclass(frozen=True)
class _Columns:
    """k columns to be compared with a label."""

    kind: Literal["feature", "attribute"]
    names: list[str]  # k
    how: list[str]  # k, as the sentence has them
    table: NDArray[np.float64]  # (n, k)


def leak_alarms(
    split: Split,
    members: pd.DataFrame | None = None,
    *,
    exempt: Collection[str] = (),
    lumped: str = OTHER,
    seed: int = 0,
) -> tuple[Alarm, ...]:
    """Name every daily feature and member attribute that alone predicts a target too well, and every identifier.

    A column is named where the lower end of its ROC-AUC's interval over users reaches .90 between windows, or .85
    between users. Features are compared with the labels of the training windows, as their sum over the history and
    on its last day; one whose presence or absence alone foretells the outcome, in 95% of the cases, is named too.
    Only windows with activity in their history count, or scattered ones, since long silence foretells silence honestly.
    Attributes,
    of which a user has one value for all windows, are compared with four labels, since one that was filled in
    later says little about a user's early windows:

    - each training window's label;
    - the label of the user's latest training window;
    - whether the user's share of 1 over the training windows is among the higher;
    - for churn, whether a user of the training windows is silent from some day on to the end of the log, up to
      which the member list was kept; compared among users who arrived at about the same time, since late ones
      cannot have been silent for long. This alone looks past the training span, at nothing but the last day of
      activity, and can only cost a column.

    An attribute counts as a number or date, as a category by its mean label among users of other folds, and by
    whether it is filled in at all. Dates count from the cutoff where there is one. One that is filled in, or yes, is
    named too where that alone foretells the outcome in 95% of the cases. Features derived from the days so far
    cannot leak and are not looked at.

    Args:
        split: The parts; only the training windows and their labels are read.
        members: `user_id` and attributes in the panel's order; `joined` is no attribute.
        exempt: Attributes that are known to be filled in afterwards, and are not used.
        lumped: The name of the event types without a column of their own.
        seed: For the sample of users where there are many windows.

    Example:
        >>> from churn.data import example_dataset
        >>> dataset = example_dataset()
        >>> leak_alarms(dataset.split(), dataset.members)
        ()
        >>> account = [f"A-{n}" for n in range(len(dataset.members))]
        >>> [(alarm.column, alarm.kind) for alarm in leak_alarms(dataset.split(), dataset.members.assign(id=account))]
        [('id', 'identifier')]
    """
    train = _sample(split.train, seed=seed)
    train = train if train.scattered else train.take(train.active_days() > 0)
    tables = [] if members is None else readings(members.drop(columns=["user_id", "joined", *exempt], errors="ignore"))
    found = [*_features(train), *_attributes(train, tables)]
    return (*_worst_of_each(found), *_identifiers(members, exempt), *_event_identifier(train, lumped))


def _sample(train: Windows, *, seed: int) -> Windows:
    """All windows of users drawn at random, up to `WINDOWS` windows."""
    if len(train) <= WINDOWS:
        return train
    per_user = np.bincount(train.user, minlength=len(train.panel.users))
    drawn = np.random.default_rng(seed).permutation(len(per_user))
    kept = np.zeros(len(per_user), bool)
    kept[drawn[per_user[drawn].cumsum() <= WINDOWS]] = True
    return train.take(kept[train.user])


# Daily features -----------------------------------------------------------------------------------------


def _features(train: Windows) -> Iterator[Alarm]:
    names = train.panel.features
    history = train.history()[:, :, : len(names)]
    values = np.concatenate([history.sum(axis=1, dtype=np.float64), history[:, -1]], axis=1)
    how = [
        *(say("{name} (sum of the history)", name=name) for name in names),
        *(say("{name} (last day of the history)", name=name) for name in names),
    ]
    columns = _Columns("feature", [*names, *names], how, values)
    for target in train.targets if names else ():
        view = View(
            say("{target} of the training windows", target=termed(target)),
            target,
            train.user,
            train.label(target) == 1,
            None,
        )
        if view.large_enough:
            yield from _judge(view, columns)
            yield from _omens(view, columns)


# Attributes ---------------------------------------------------------------------------------------------


def _attributes(train: Windows, tables: list[Reading]) -> Iterator[Alarm]:
    flags = [table for table in tables if table.is_flag]
    for view in views(train) if tables else ():
        oriented = [_oriented(table, view, train.panel.first_day) for table in tables]
        yield from _judge(view, _columns_of(tables, oriented))
        if flags:
            yield from _omens(view, _columns_of(flags, [flag.per_user[view.user] for flag in flags]))


def _columns_of(tables: list[Reading], values: list[NDArray[np.float64]]) -> _Columns:
    names, how = [table.attribute for table in tables], [table.says for table in tables]
    return _Columns("attribute", names, how, np.column_stack(values))


def _oriented(reading: Reading, view: View, day_zero: int) -> NDArray[np.float64]:
    """An attribute's column for a view, (n,): numbers as they are, dates from the cutoff, categories by mean label."""
    values = reading.per_user[view.user]
    if reading.kind == "category":
        return _mean_label(values.astype(np.int64), view)
    if reading.kind == "date" and view.cutoff is not None:
        return values - day_zero - view.cutoff
    return values


def _mean_label(code: NDArray[np.int64], view: View) -> NDArray[np.float64]:
    """The mean label of each category among users of other folds, shrunk to the base rate by one window's weight."""
    fold, base = view.user % FOLDS, view.label.mean()
    size = (int(code.max()) + 1) * FOLDS
    cell = code * FOLDS + fold
    ones = np.bincount(cell, view.label, minlength=size).reshape(-1, FOLDS)
    n = np.bincount(cell, minlength=size).reshape(-1, FOLDS)
    others = (ones.sum(axis=1, keepdims=True) - ones + base) / (n.sum(axis=1, keepdims=True) - n + 1)
    mean: NDArray[np.float64] = others[code, fold]
    return mean


# Verdicts -----------------------------------------------------------------------------------------------


def _judge(view: View, columns: _Columns) -> Iterator[Alarm]:
    """An alarm for each column whose ROC-AUC is too good."""
    values = columns.table if view.stratum is None else _ranks_within(view.stratum, columns.table)
    auc = column_aucs(view.label, values, users=view.user)
    ones, users = len(np.unique(view.user[view.label])), len(np.unique(view.user))
    for place in np.flatnonzero(auc.low >= view.least):
        value, low = float(max(auc.value[place], 1 - auc.value[place])), float(auc.low[place])
        sentence = say(
            "{column} alone tells {outcome}: ROC-AUC {auc:.3f}, at least {low:.3f}, over {users:,} users, "
            "{ones:,} of whom have the outcome.",
            column=columns.how[place],
            outcome=view.says,
            auc=value,
            low=low,
            users=users,
            ones=ones,
        )
        yield Alarm(columns.names[place], columns.kind, view.target, "roc_auc", value, low, users, sentence)


def _ranks_within(stratum: NDArray[np.int64], columns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each column's ranks among the rows of the same stratum, from 0 to 1: (n, k)."""
    ranks = np.empty(columns.shape)
    for one in np.unique(stratum):
        here = stratum == one
        ranks[here] = (scipy.stats.rankdata(columns[here], axis=0) - 0.5) / here.sum()
    return ranks


_PRESENT = marked(
    "{column}, where it is present, foretells {outcome} in {share:.1%} of the cases, at least {low:.1%}, over {n:,} "
    "users; the base rate is {base:.1%}."
)
_ABSENT = marked(
    "{column}, where it is absent, foretells {outcome} in {share:.1%} of the cases, at least {low:.1%}, over {n:,} "
    "users; the base rate is {base:.1%}."
)


def _omens(view: View, columns: _Columns) -> Iterator[Alarm]:
    """An alarm for each column whose presence, or absence, is nearly always followed by the outcome."""
    if view.label.mean() > COMMON:
        return
    for chosen, message in ((columns.table != 0, _PRESENT), (columns.table == 0, _ABSENT)):
        shares, errors = column_shares(view.label, chosen, users=view.user)
        for place in np.flatnonzero(shares >= PRECISION):
            n = len(np.unique(view.user[chosen[:, place]]))
            low = min(shares[place] - Z * errors[place], 1 - 3 / n)
            if low >= PRECISION:
                sentence = say(
                    message,
                    column=columns.how[place],
                    outcome=view.says,
                    share=shares[place],
                    low=low,
                    n=n,
                    base=view.label.mean(),
                )
                yield Alarm(
                    columns.names[place],
                    columns.kind,
                    view.target,
                    "precision",
                    float(shares[place]),
                    float(low),
                    n,
                    sentence,
                )


def _worst_of_each(alarms: list[Alarm]) -> list[Alarm]:
    """The clearest alarm of each column and target."""
    worst: dict[tuple[str, str | None], Alarm] = {}
    for alarm in sorted(alarms, key=lambda alarm: (alarm.measure == "precision", -(alarm.low or 0))):
        worst.setdefault((alarm.column, alarm.target), alarm)
    return list(worst.values())


def _identifiers(members: pd.DataFrame | None, exempt: Collection[str]) -> Iterator[Alarm]:
    if members is None:
        return
    for name in members.columns.drop(["user_id", "joined", *exempt], errors="ignore"):
        found = identifier(members[name])
        if found is not None:
            share, n = found
            sentence = say(
                "{name} looks like an identifier: {share:.0%} of its {n:,} values are different. It tells "
                "users apart, and a model that learns it by heart knows nothing about new ones.",
                name=name,
                share=share,
                n=n,
            )
            yield Alarm(str(name), "identifier", None, "share", share, None, n, sentence)


def _event_identifier(train: Windows, rest: str) -> Iterator[Alarm]:
    """An alarm for the log's `event` where most events are of types too rare for a column of their own."""
    names = train.panel.features
    totals = dict(zip(names, train.history().sum(axis=(0, 1), dtype=np.float64), strict=False))
    events = {name: n for name, n in totals.items() if name.startswith(tuple(f"{role}_" for role in ROLES))}
    lumped = sum(n for name, n in events.items() if name in {f"{role}_{rest}" for role in ROLES})
    share = lumped / max(1.0, sum(events.values()))
    if share > LUMPED:
        sentence = say(
            "event looks like an identifier: {share:.0%} of the events are of types too rare for a column "
            "of their own. Map event_columns.event to the kind of event, or to null.",
            share=share,
        )
        yield Alarm("event", "identifier", None, "share", share, None, len(np.unique(train.user)), sentence)
