"""The health of the data: the events of each day and column, and all findings about them."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn.data.audit.drift import Drift, Training
from churn.data.audit.findings import (
    Finding,
    empty_tables,
    lost_rows,
    lumped_types,
    repeated_rows,
    runs,
    several_spellings,
    shorter_past,
    unknown_events,
    unseen_members,
)
from churn.data.audit.findings_of_channels import absent_days, steady_channels
from churn.data.audit.findings_of_days import stopped_stickers, stray_days, thin_days
from churn.data.audit.findings_of_drift import drift_findings
from churn.data.audit.findings_of_parts import (
    base_rates,
    careless_split,
    changed_rates,
    possible_leaks,
    thin_folds,
    twin_targets,
)
from churn.data.audit.leaks import Alarm, leak_alarms
from churn.data.audit.texts import members_as_seen, telling_texts, unread_pictures
from churn.data.audit.together import Together, leaks_together, together
from churn.data.dataset import Dataset
from churn.data.log.vocabulary import ROLES
from churn.data.splits.split import Split
from churn.data.windows.panel import Panel

_CHUNK = 1 << 16  # rows of the panel looked at once


@dataclass(frozen=True)
class Health:
    """The contents of the panel and the parts, and the findings about them."""

    events_per_day: NDArray[np.float64]  # (n_days,) own and fans' events; rows, of a table of days
    events: pd.DataFrame  # event types × own, fan, away: events on all days
    gaps: tuple[tuple[int, int], ...]  # first and last day of each stretch without events, days of the panel
    unseen: int  # users of the panel without any event
    constant: tuple[str, ...]  # features with one value on all training days
    duplicates: tuple[tuple[str, str], ...]  # pairs of features that are equal on all training days
    alarms: tuple[Alarm, ...]
    together: Together | None  # of arrivals: how well the list's columns foretell the answer with each other
    drift: Drift | None  # from the training part to the newest cutoff; None where nobody is at risk there
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class _Scan:
    """One pass over the panel."""

    events_per_day: NDArray[np.float64]
    totals: NDArray[np.float64]  # (f,) over all days
    constant: NDArray[np.bool_]  # (f,)
    equal: list[tuple[int, int]]


def examine(dataset: Dataset, split: Split | None) -> Health:
    """Examine the days, columns and, given a split, the parts of a data set; nothing is fitted.

    Example:
        >>> from churn.data import example_dataset
        >>> health = examine(example_dataset(), example_dataset().split())
        >>> health.gaps, health.unseen, health.constant, health.alarms
        ((), 0, (), ())
        >>> print(health.findings[0])
        val has 9 users with churn = 1: too few to learn from or to judge by. Move the split's dates, or load more...
    """
    panel = dataset.panel
    training_days = panel.n_days if split is None else int(split.train.cutoff.max())
    scan = _scan(panel, names=_event_features(dataset), training_days=training_days)
    alarms = () if split is None else _alarms(dataset, split)
    columns = None if split is None else _together(dataset, split)
    gaps = tuple(runs(scan.events_per_day == 0)) if dataset.config.has_past else ()
    unseen = int((panel.last < panel.first).sum()) if dataset.config.has_past else 0
    drift = None if split is None else Drift.since(Training.of(dataset, split), dataset)
    changed = {} if split is None else changed_rates(split)
    events = _by_role(dataset, scan.totals)
    findings = [
        *_of_days(dataset, scan.events_per_day),
        *empty_tables(dataset.reconciliation),
        *lost_rows(dataset.reconciliation),
        *repeated_rows(dataset.repeats, dataset.panel),
        *several_spellings(dataset.spellings),
        *unknown_events(dataset.unknown_events),
        *lumped_types(events, lumped=dataset.vocabulary.lumped),
        *unread_pictures(dataset.unread),
        *unseen_members(dataset, unseen),
        *careless_split(dataset),
        *([] if split is None else [*base_rates(split), *twin_targets(split), *thin_folds(dataset.folds())]),
        *changed.values(),
        *(drift_findings(drift, told=changed, scattered=dataset.windows.scattered) if drift else ()),
        *possible_leaks(alarms),
        *leaks_together(columns, dataset.windows.targets[0]),
        *([] if split is None else telling_texts(dataset, split)),
    ]
    names = panel.features
    return Health(
        scan.events_per_day,
        events,
        gaps,
        unseen,
        tuple(name for name, same in zip(names, scan.constant, strict=True) if same),
        tuple((names[a], names[b]) for a, b in scan.equal),
        alarms,
        columns,
        drift,
        tuple(findings),
    )


def examine_new(dataset: Dataset) -> tuple[Finding, ...]:
    """Findings about a log that earlier models score or that tells what happened; its labels are not looked at.

    Example:
        >>> from churn.data import example_dataset
        >>> examine_new(example_dataset())
        ()
    """
    return (
        *empty_tables(dataset.reconciliation),
        *lost_rows(dataset.reconciliation),
        *repeated_rows(dataset.repeats, dataset.panel),
        *several_spellings(dataset.spellings),
        *unknown_events(dataset.unknown_events),
        *unread_pictures(dataset.unread),
        *shorter_past(dataset),
        *_of_days(dataset, events_per_day(dataset)),
    )


def _of_days(dataset: Dataset, per_day: NDArray[np.float64]) -> Iterator[Finding]:
    """Findings about the days of the log; none without one."""
    if dataset.config.events is not None:
        gaps = tuple(runs(per_day == 0))
        yield from stray_days(dataset.panel, per_day, gaps)  # first: most of what follows may come from them
        yield from thin_days(dataset.panel, per_day, gaps)
        yield from stopped_stickers(dataset.panel)
    elif dataset.config.daily is not None:
        yield from absent_days(dataset.panel, per_day)
        yield from steady_channels(dataset.panel, dataset.vocabulary.counted)
        yield from stopped_stickers(dataset.panel)


def _alarms(dataset: Dataset, split: Split) -> tuple[Alarm, ...]:
    """The leak alarms, except for attributes that no model sees."""
    return leak_alarms(split, members_as_seen(dataset), exempt=_known_later(dataset), lumped=dataset.vocabulary.lumped)


def _together(dataset: Dataset, split: Split) -> Together | None:
    members = members_as_seen(dataset)
    if members is None or not split.train.arrivals:
        return None
    seen = [name for name in dataset.config.features if name in members]
    return together(split.train, members, seen=seen, exempt=_known_later(dataset)) if seen else None


def _known_later(dataset: Dataset) -> list[str]:
    """The columns of the member list that hold the answer, its dates, or what is known only after it."""
    known = dataset.config.known_attributes.values()
    after = [entry.name for entry in known if entry.known == "after"]
    dates = [entry.valid_from for entry in known if entry.valid_from]
    return [*after, *dates, *dataset.config.answers_listed]


def events_per_day(dataset: Dataset) -> NDArray[np.float64]:
    """Own and fans' events of all users by day, or the rows of a table of days: (n_days,)."""
    return _scan(dataset.panel, names=_event_features(dataset), training_days=0).events_per_day


def _event_features(dataset: Dataset) -> dict[str, tuple[str, str]]:
    """The features that count events, with their role and event type."""
    words = dataset.vocabulary
    every = {f"{role}_{event}": (role, event) for role in ROLES for event in (*words.events, words.lumped)}
    return {name: every[name] for name in dataset.panel.features if name in every}


def _by_role(dataset: Dataset, totals: NDArray[np.float64]) -> pd.DataFrame:
    """Events on all days by type and role, the most frequent first."""
    place = dict(zip(dataset.panel.features, totals, strict=True))
    rows = [(event, role, place[name]) for name, (role, event) in _event_features(dataset).items()]
    table = pd.DataFrame(rows, columns=["event", "role", "n"]).pivot_table(index="event", columns="role", values="n")
    table = table.reindex(columns=list(ROLES)).fillna(0).astype(np.int64)
    return table.loc[table.sum(axis=1).sort_values(ascending=False, kind="stable").index]


def _scan(panel: Panel, *, names: dict[str, tuple[str, str]], training_days: int) -> _Scan:
    """Sum and compare the panel's columns, chunk by chunk."""
    f = len(panel.features)
    # Own and fans' events are each counted once; what users do elsewhere is a fan's event in another's room.
    counted = [place for place, name in enumerate(panel.features) if name in names and names[name][0] != "away"]
    per_day, totals = np.zeros(panel.n_days), np.zeros(f)
    low, high = np.zeros(f), np.zeros(f)  # a day without a row is a day of zeros
    equal = list(combinations(range(f), 2))
    for begin in range(1, len(panel.counts), _CHUNK):
        rows = np.arange(begin, min(begin + _CHUNK, len(panel.counts)))
        values = panel.gather(rows)
        user = np.searchsorted(panel.start, rows, side="right") - 1
        day = rows - panel.start[user] + panel.first[user]
        per_day += np.bincount(day, values[:, counted].sum(axis=1, dtype=np.float64), minlength=panel.n_days)
        totals += values.sum(axis=0, dtype=np.float64)
        training = values[day < training_days]
        if len(training):
            low, high = np.minimum(low, training.min(axis=0)), np.maximum(high, training.max(axis=0))
            equal = [(a, b) for a, b in equal if np.array_equal(training[:, a], training[:, b])]
    constant, reports = low == high, panel.reports
    return _Scan(
        per_day if reports is None else reports.astype(np.float64),
        totals,
        constant,
        [(a, b) for a, b in equal if not constant[a]],
    )
