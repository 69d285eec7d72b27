"""The building of a data set: tables read, days counted, columns frozen, and all that written to one folder."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn.artefacts import atomic, check_whole, declared, write_json
from churn.data.answers import OUTCOMES, answers_among, answers_in, with_days_of_joining
from churn.data.config.data_config import DataConfig
from churn.data.config.split_config import SplitConfig
from churn.data.log.channels import aggregate_days
from churn.data.log.counts import aggregate
from churn.data.log.daily import Daily, Tables
from churn.data.log.origin import origin_of
from churn.data.log.reconciliation import write_quarantine
from churn.data.log.repeats import repeats_in
from churn.data.log.spellings import spellings_in
from churn.data.log.tables import read_tables
from churn.data.log.vocabulary import Vocabulary
from churn.data.members import (
    Members,
    check_features,
    check_first_day,
    groups_of,
    usable,
    with_attributes,
)
from churn.data.modalities import HEADS, encode, learn, values_of
from churn.data.sources import Engines, Frame, readable_to_the_last_row
from churn.data.splits.splitting import days_needed, learnable, rolling_origins, training_users
from churn.data.windows import panel as panels
from churn.data.windows import people
from churn.data.windows import rhythm as rhythms
from churn.data.windows.arrivals import Answers, Fates, ask, first_example
from churn.data.windows.attributes import Timeline, unknown_levels
from churn.data.windows.panel import Panel
from churn.data.windows.sliding import first_cutoff, no_windows, slide, too_few_days
from churn.data.windows.windows import Windows
from churn.errors import UserError

META = "dataset.json"


def build(
    config: DataConfig,
    folder: Path,
    frames: Mapping[str, Frame] | None,
    vocabulary: Vocabulary | None,
    *,
    encoders: Path | None,
    unsplit: bool,
) -> None:
    """Read the tables of a configuration and write their panel, members and facts to a new folder.

    Args:
        config: The `data:` block.
        folder: The new folder.
        frames: Data frames by the names that stand in the configuration.
        vocabulary: A vocabulary frozen earlier, for new data.
        encoders: The folder of what was learnt from texts and pictures earlier, for new data.
        unsplit: Whether a log with too few days for a split is read, too.

    Raises:
        UserError: for anything that a user can mend in the data or the configuration.
    """
    kept = folder.with_name(f"{folder.name}-encoded")  # outlives a kill
    with atomic(folder) as scratch:
        scratch.mkdir()
        with (
            Engines(scratch / "spilled", memory=config.memory, most_spilled=config.spill) as engines,
            readable_to_the_last_row(),
        ):
            tables = read_tables(config, engines=engines, frames=frames or {})
            new = vocabulary is not None
            if not config.has_past and config.asked is None:
                remedy = "set data.events or data.daily, or ask about the members with data.outcome"
                raise UserError("expected an event log in data.events", "none", remedy)
            check_features(config, tables, new=new)
            tables = with_days_of_joining(tables, config, new=new)
            outcomes, answers = answers_in(tables, config, new=new)
            span = (
                answers.span(first_day=_day(config.first_day), last_day=_day(config.last_day))
                if answers and not config.has_past
                else None
            )
            daily = _counted(
                tables,
                config,
                training_end=partial(_end_of_all if unsplit else _training_end, config, answers),
                span=span,
                training_users=_marks_training(config, tables) if config.split.by_user else None,
                vocabulary=vocabulary,
            )
            members = None if tables.members is None else Members.of(tables.members, daily.users, config=config)
            answers = answers_among(config, None if members is None else members.table, outcomes)
            if vocabulary is not None:
                days = {"first_day": daily.first_day, "last_day": daily.last_day}
                check_first_day(config, members, **days, trained_from=vocabulary.first_day)
            panel = panels.build(daily, scratch / "panel", over_days=config.over_days)
            panel, timelines = with_members(panel, members, config=config, answers=answers)
            people.build(tables, daily, scratch / "panel", config=config)
            if vocabulary is None:
                vocabulary = with_attributes(daily.vocabulary, panel, config=config, timelines=timelines)
                # comparisons need it, and new data to score are not compared
                if config.events is not None:
                    rhythms.build(tables, daily, scratch, zone=config.zone, activity_events=config.activity_events)
            unread = {}
            if members is not None:
                members.save(scratch)
                found = values_of(config.encoded, members.table, kept=kept)
                if found and encoders is None:
                    train = _training_part(panel, members, config, answers=answers, unsplit=unsplit)
                    vocabulary = learn(vocabulary, found, train, folder=scratch / HEADS)
                elif found and encoders is not None:
                    check_whole(encoders)
                encode(vocabulary, found, panel, folder=scratch, heads=encoders or scratch / HEADS)
                unread = {name: values.unread for name, values in found.items() if values.unread}
            if outcomes is not None:
                outcomes.to_parquet(scratch / OUTCOMES, index=False)
            write_quarantine(daily.rejected, scratch / declared.QUARANTINE.file)
            meta = _meta(daily, vocabulary, timelines) | {"columns": tables.columns, "times": tables.times, "new": new}
            repeats = {} if config.deduplicate else repeats_in(tables, daily)
            meta |= {"repeats": {name: asdict(found) for name, found in repeats.items()}}
            spellings = spellings_in(tables, daily, config=config)
            meta |= {"spellings": {name: asdict(found) for name, found in spellings.items()}}
            meta |= {"origin": origin_of(config, frames or {}), "unread": unread}
            write_json(meta, scratch / META)
    shutil.rmtree(kept, ignore_errors=True)


def _counted(
    tables: Tables,
    config: DataConfig,
    *,
    training_end: Callable[[int, int], int],
    span: tuple[int, int] | None = None,
    training_users: Callable[[pd.Index], NDArray[np.bool_]] | None = None,
    vocabulary: Vocabulary | None = None,
) -> Daily:
    """The days of an event log, or of a table that holds them; see `aggregate`."""
    chosen = config.activity_events or ()
    if config.daily is not None:
        return aggregate_days(
            tables,
            channels=config.channels,
            active_channels=[config.state.column] if config.state else chosen,
            training_end=training_end,
            vocabulary=vocabulary,
        )
    return aggregate(
        tables,
        training_end=training_end,
        span=span,
        training_users=training_users,
        activity_events=tuple(chosen),
        max_event_types=config.max_event_types,
        vocabulary=vocabulary,
    )


def windows_over(
    panel: Panel, members: Members | None, config: DataConfig, *, answers: Answers | None, unsplit: bool = False
) -> tuple[Windows, Fates | None]:
    """All windows of a panel and, of an outcome, what became of the members or the rows of outcomes.

    Args:
        panel: The panel.
        members: Its member list.
        config: The `data:` block.
        answers: The answers to an outcome.
        unsplit: Whether a panel that is too short for windows has none; it is an error otherwise.

    Raises:
        UserError: if the log is shorter than a history.
    """
    if answers is not None:
        return ask(panel, config.windows, answers)
    if unsplit and panel.n_days < first_cutoff(config.windows):
        return no_windows(panel, config.windows), None
    return slide(panel, config.windows, joined=None if members is None else members.joined(panel)), None


def _training_part(
    panel: Panel, members: Members, config: DataConfig, *, answers: Answers | None, unsplit: bool
) -> Windows:
    """The training part of the oldest fold; of a log that cannot be split, all windows that may be learnt from."""
    windows, _ = windows_over(panel, members, config, answers=answers, unsplit=unsplit)
    try:
        return rolling_origins(windows, config.split)[0].train
    except UserError:
        if not unsplit:
            raise
        return windows.take(learnable(windows))


def read_panel(config: DataConfig, folder: Path, *, frames: Mapping[str, Frame] | None = None) -> Panel:
    """Write the panel of every day of a log to a new folder, to look at: nothing is held back for a test.

    Raises:
        UserError: for anything that a user can mend in the data or the configuration, but not for a short log.

    Example:
        >>> import tempfile
        >>> from churn.data import example_frames
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     read_panel(DataConfig(events="events"), Path(folder) / "panel", frames=example_frames()).n_days
        90
    """
    with atomic(folder) as scratch:
        scratch.mkdir()
        with (
            Engines(scratch / "spilled", memory=config.memory, most_spilled=config.spill) as engines,
            readable_to_the_last_row(),
        ):
            tables = read_tables(config, engines=engines, frames=frames or {})
            daily = _counted(tables, config, training_end=lambda first, last: last + 1)
            panels.build(daily, scratch / "days", over_days=config.over_days)
            members = None if tables.members is None else Members.of(tables.members, daily.users, config=config)
    panel = panels.load(folder / "days")
    return panel if members is None else _with_arrivals(panel, members)


def with_members(
    panel: Panel, members: Members | None, *, config: DataConfig, answers: Answers | None
) -> tuple[Panel, dict[str, Timeline]]:
    """The panel with the arrivals that the member list states, and the list's attributes over time.

    Where it states none, users have arrived once they are seen, or asked about.
    """
    if answers is not None:
        panel = replace(panel, arrived=np.minimum(panel.arrived, answers.first_asked(panel)))
    if members is None:
        return panel, {}
    panel = replace(_with_arrivals(panel, members), groups=members.groups(config))
    return panel, members.timelines(panel, config=config)


def _with_arrivals(panel: Panel, members: Members) -> Panel:
    return replace(panel, arrived=members.arrived(panel), listed=members.listed())


def _meta(daily: Daily, vocabulary: Vocabulary, timelines: dict[str, Timeline]) -> dict[str, object]:
    levels = [
        unknown_levels(encoding, timelines[encoding.name])
        for encoding in vocabulary.attributes
        if encoding.name in timelines
    ]
    return {
        "vocabulary": asdict(vocabulary),
        "reconciliation": {name: asdict(table) for name, table in daily.reconciliation.items()},
        "unknown_events": daily.unknown_events,
        "made": daily.made,
        "unknown_levels": {name: n for found in levels for name, n in found.items()},
    }


def _marks_training(config: DataConfig, tables: Tables) -> Callable[[pd.Index], NDArray[np.bool_]]:
    """The function that marks the training users among some: by their groups where there are any."""
    if (column := config.split.group) is None or tables.members is None:
        return partial(training_users, config=config.split)
    rows = usable(tables.members).drop_duplicates("user_id")
    group = dict(zip(rows.user_id, groups_of(rows, column), strict=True))
    return lambda users: training_users(pd.Index([group.get(user, user) for user in users]), config.split)


def _day(text: str | None) -> int | None:
    """A day of the configuration in days since 1970."""
    return None if text is None else (pd.Timestamp(text[:10]) - pd.Timestamp(0)).days


def _training_end(config: DataConfig, answers: Answers | None, first: int, last: int) -> int:
    """The first day after the training span: the end of the last training horizon of the oldest fold.

    Where the parts are not separate in time, the span is the whole log.
    """
    split, begin, reach = config.split, first_cutoff(config.windows), config.windows.reach_days
    if answers is not None:
        days, wait = answers.labelled(first + first_example(config.windows), last)
        if not split.by_time or not len(days):
            return last + 1
        return _end_of(split.of_arrivals(days, wait=wait), days.min(), days.max())
    n_days = last + 1 - first
    if not split.by_time and n_days >= begin + reach:
        return last + 1
    try:
        return _end_of(split, _timestamp(first + begin), _timestamp(last + 1 - reach))
    except UserError:
        needed = days_needed(split, begin=begin, reach_days=reach) or begin + reach
        if n_days < needed:
            raise too_few_days(first, last, needed=needed) from None
        raise


def _end_of(split: SplitConfig, first: pd.Timestamp, last: pd.Timestamp) -> int:
    """The first day after the training span of the oldest fold, given the first and the last labelled cutoff."""
    oldest = split.origins(first, last)[0]
    return (oldest.val_from - pd.Timestamp(0)).days - split.embargo_days


def _end_of_all(config: DataConfig, answers: Answers | None, first: int, last: int) -> int:
    """The training part's end by `_training_end`; of a log that cannot be split, the day after its last."""
    try:
        return _training_end(config, answers, first, last)
    except UserError:
        return last + 1


def _timestamp(day: int) -> pd.Timestamp:
    return pd.Timestamp("1970-01-01") + pd.Timedelta(days=day)
