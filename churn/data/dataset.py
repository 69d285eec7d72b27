"""The data of a run: from the `data:` block to a panel, its windows and their split."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import ibis
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn.artefacts import atomic, check_whole, declared, read_object, write_json
from churn.data.config.data_config import DataConfig
from churn.data.config.split_config import SplitConfig
from churn.data.log.daily import Daily, Tables, aggregate
from churn.data.log.origin import check_origin, origin_of
from churn.data.log.reconciliation import write_quarantine
from churn.data.log.repeats import Repeats, repeats_in
from churn.data.log.spellings import Spellings, spellings_in
from churn.data.log.tables import read_tables
from churn.data.log.vocabulary import Vocabulary
from churn.data.members import (
    Members,
    check_features,
    check_first_day,
    derived,
    groups_of,
    usable,
    with_attributes,
)
from churn.data.sources import Engines, Frame, readable_to_the_last_row
from churn.data.splits.split import Split
from churn.data.splits.splitting import days_needed, rolling_origins, split_windows, training_users
from churn.data.windows import panel as panels
from churn.data.windows import rhythm as rhythms
from churn.data.windows.arrivals import Answers, ask, without_counts
from churn.data.windows.attributes import Timeline, unknown_levels
from churn.data.windows.panel import Panel
from churn.data.windows.rhythm import Rhythm
from churn.data.windows.sliding import first_cutoff, no_windows, slide, too_few_days
from churn.data.windows.windows import Windows
from churn.errors import UserError

_META = "dataset.json"


@dataclass(frozen=True)
class Dataset:
    """A panel with all its windows, and an account of the rows that it was made of."""

    config: DataConfig
    panel: Panel
    vocabulary: Vocabulary
    windows: Windows  # all, before any split
    members: pd.DataFrame | None  # user_id and attributes, in the panel's order
    joined: NDArray[np.int32] | None  # (u,) the panel's day from which a listed member is at risk; None without dates
    reconciliation: dict[str, dict[str, Any]]  # per table: read, used, non_members, rejected by reason
    repeats: dict[str, Repeats]  # per table without ids; none if it is large and not suspicious, or for `deduplicate`
    spellings: dict[str, Spellings]  # for user_id and event, if a name has several spellings
    unknown_events: dict[str, int]  # columns that the frozen vocabulary does not have, with their counts
    unknown_levels: dict[str, int]  # levels of attributes without a column, with their numbers of rows
    timelines: dict[str, Timeline]  # the attributes that change, by name
    columns: dict[str, dict[str, str]]  # per table, its own columns with their types
    times: dict[str, dict[str, str]]  # per table, its times: format, text, read, first, last
    quarantine: Path  # the rows that cannot be used, with the reason
    rhythm: Rhythm | None  # the hours and weekdays of users' actions; None in new data to score
    fates: dict[str, int] | None = None  # with an outcome: how many members became which examples, or none
    new: bool = False  # whether these are new data, read with a vocabulary that was frozen earlier

    def split(self) -> Split:
        """The split that the configuration asks for; of several folds, the newest."""
        return split_windows(self.windows, self.config.split)

    def folds(self) -> tuple[Split, ...]:
        """The rolling origins that the configuration asks for, oldest first; the last is `split()`."""
        return rolling_origins(self.windows, self.config.split)

    @property
    def labelled(self) -> Windows:
        """All windows whose label is known, also the ones between the parts."""
        return self.windows.take(self.windows.known)

    @property
    def newest(self) -> Windows:
        """The windows to score: of the day after the last; of arrivals, the windows whose answer is not known.

        Where every arrival has an answer, the test part is scored, which no model has learnt from, or all new arrivals.
        """
        windows = self.windows
        if not windows.arrivals:
            return windows.take(windows.cutoff == self.panel.n_days)
        waiting = windows.take(~windows.known)
        if len(waiting) or not len(windows):
            return waiting
        return windows if self.new else self.split().test

    def members_at(self, windows: Windows) -> pd.DataFrame | None:
        """The members' attributes on the day before each cutoff, (n,) rows; None without a member list."""
        if self.members is None:
            return None
        dates = {entry.valid_from for entry in self.config.known_attributes.values() if entry.valid_from}
        table = self.members.drop(columns=list(dates)).iloc[windows.user].reset_index(drop=True)
        for name, timeline in self.timelines.items():
            table[name] = timeline.at(windows.user, windows.cutoff - 1).convert_dtypes()
        return table

    def audit(self) -> dict[str, Any]:
        """The days, features and base rates; the split's audit, and in `folds` that of each fold, oldest first."""
        windows, panel, folds = self.windows, self.panel, self.folds()
        split, known = folds[-1], windows.known
        in_parts = sum(len(part) for part in (split.train, split.val, split.test))
        audits = [fold.audit() for fold in folds]
        return {
            "first_day": str(panel.date(0).date()),
            "last_day": str(panel.date(panel.n_days - 1).date()),
            "features": windows.features,
            "windows_labelled": int(known.sum()),
            "windows_in_gaps": int(known.sum()) - in_parts,
            "base_rates": {target: float(windows.label(target)[known].mean()) for target in windows.targets},
            "unknown_events": self.unknown_events,
            "unknown_levels": self.unknown_levels,
            **audits[-1],
            "folds": audits,
        }


def prepare(
    config: DataConfig,
    folder: Path | str,
    *,
    frames: Mapping[str, Frame] | None = None,
    vocabulary: Vocabulary | None = None,
    unsplit: bool = False,
) -> Dataset:
    """Read the tables and write their panel to a folder; a folder that already holds them is only opened.

    Args:
        config: The `data:` block.
        folder: Where the panel is kept.
        frames: Data frames by the names that stand in `config.events`, `.stickers` and `.members`.
        vocabulary: A vocabulary frozen earlier, for scoring new data with old models.
        unsplit: Whether a log with too few days for a split is prepared too, to look at; its columns then come from
            all days.

    Raises:
        UserError: for anything that a user can mend in the data or the configuration, and for a folder that was made
            of other data.
    """
    if not ((home := Path(folder)) / _META).exists():
        _build(config, home, frames, vocabulary, unsplit=unsplit)
    else:
        check_whole(home)
        check_origin(read_object(home / _META, "origin")["origin"], config, frames or {}, folder=home)
    return open_dataset(config, home, unsplit=unsplit)


def counted(folder: Path) -> tuple[str, ...] | None:
    """The columns of counts in what `prepare` wrote, which need not be opened for it; None where it has not yet."""
    path = folder / _META
    return Vocabulary.read(read_object(path, "vocabulary")["vocabulary"]).features if path.exists() else None


def open_dataset(config: DataConfig, folder: Path, *, unsplit: bool = False) -> Dataset:
    """Open the folder that `prepare` wrote; windows are found again, which takes milliseconds.

    Raises:
        UserError: if two features share a name, or an attribute was not asked for when the folder was made.
    """
    meta, panel = read_object(folder / _META), panels.load(folder / "panel")
    members = Members.load(folder, zone=config.zone) if config.members else None
    panel, timelines = _with_members(panel, members, config=config)
    vocabulary = Vocabulary.read(meta["vocabulary"])
    joined = None if members is None else members.joined(panel)
    answers, fates = None if members is None else members.answers(config), None
    if answers is not None:
        windows, found = ask(panel, config.windows, answers)
        fates = found.facts()
    elif unsplit and panel.n_days < first_cutoff(config.windows):
        windows = no_windows(panel, config.windows)
    else:
        windows = slide(panel, config.windows, joined=joined)
    windows = replace(windows, derived=derived(config, panel, vocabulary=vocabulary, timelines=timelines))
    return Dataset(
        config,
        panel,
        vocabulary,
        windows if config.windows.history_days else without_counts(windows),
        None if members is None else members.table,
        joined,
        meta["reconciliation"],
        {name: Repeats(**found) for name, found in meta["repeats"].items()},
        {name: Spellings(**found) for name, found in meta["spellings"].items()},
        meta["unknown_events"],
        meta["unknown_levels"],
        {name: timelines[name] for name, entry in config.known_attributes.items() if entry.known == "daily"},
        meta["columns"],
        meta["times"],
        folder / declared.QUARANTINE.file,
        Rhythm.load(folder),
        fates,
        meta["new"],
    )


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
        with Engines(scratch / "spilled") as engines, readable_to_the_last_row():
            tables = read_tables(config, engines=engines, frames=frames or {})
            daily = aggregate(
                tables,
                training_end=lambda first, last: last + 1,
                activity_events=tuple(config.activity_events or ()),
                max_event_types=config.max_event_types,
            )
            panels.build(daily, scratch / "days")
            members = None if tables.members is None else Members.of(tables.members, daily.users, config=config)
    panel = panels.load(folder / "days")
    return panel if members is None else _with_arrivals(panel, members)


def _with_members(panel: Panel, members: Members | None, *, config: DataConfig) -> tuple[Panel, dict[str, Timeline]]:
    """The panel with the arrivals that the member list states, and the list's attributes over time."""
    if members is None:
        return panel, {}
    panel = replace(_with_arrivals(panel, members), groups=members.groups(config))
    return panel, members.timelines(panel, config=config)


def _with_arrivals(panel: Panel, members: Members) -> Panel:
    return replace(panel, arrived=members.arrived(panel), listed=members.listed())


def _build(
    config: DataConfig,
    folder: Path,
    frames: Mapping[str, Frame] | None,
    vocabulary: Vocabulary | None,
    *,
    unsplit: bool,
) -> None:
    with atomic(folder) as scratch:
        scratch.mkdir()
        with Engines(scratch / "spilled") as engines, readable_to_the_last_row():
            tables = read_tables(config, engines=engines, frames=frames or {})
            new = vocabulary is not None
            if config.events is None and config.asked is None:
                remedy = "set data.events, or ask about the members with data.outcome"
                raise UserError("expected an event log in data.events", "none", remedy)
            check_features(config, tables.members, new=new)
            tables, answers = _asked(tables, config, new=new)
            span = answers.span(last_day=_day(config.last_day)) if answers and config.events is None else None
            daily = aggregate(
                tables,
                training_end=partial(_end_of_all if unsplit else _training_end, config, answers),
                span=span,
                training_users=_marks_training(config, tables) if config.split.by_user else None,
                activity_events=tuple(config.activity_events or ()),
                max_event_types=config.max_event_types,
                vocabulary=vocabulary,
            )
            members = None if tables.members is None else Members.of(tables.members, daily.users, config=config)
            if vocabulary is not None:
                check_first_day(config, members, first_day=daily.first_day, trained_from=vocabulary.first_day)
            panel, timelines = _with_members(panels.build(daily, scratch / "panel"), members, config=config)
            if vocabulary is None:
                vocabulary = with_attributes(daily.vocabulary, panel, config=config, timelines=timelines)
                # comparisons need it, and new data to score are not compared
                if config.events is not None:
                    rhythms.build(tables, daily, scratch, zone=config.zone, activity_events=config.activity_events)
            if members is not None:
                members.save(scratch)
            write_quarantine(daily.rejected, scratch / declared.QUARANTINE.file)
            meta = _meta(daily, vocabulary, timelines) | {"columns": tables.columns, "times": tables.times, "new": new}
            repeats = {} if config.deduplicate else repeats_in(tables, daily)
            meta |= {"repeats": {name: asdict(found) for name, found in repeats.items()}}
            spellings = spellings_in(tables, daily, config=config)
            meta |= {"spellings": {name: asdict(found) for name, found in spellings.items()}}
            meta |= {"origin": origin_of(config, frames or {})}
            write_json(meta, scratch / _META)


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
        "unknown_levels": {name: n for found in levels for name, n in found.items()},
    }


def _asked(tables: Tables, config: DataConfig, *, new: bool) -> tuple[Tables, Answers | None]:
    """The tables, with a day of joining for each member, and the answers of all who are listed.

    A list without such days was drawn on `last_day`: its members are asked about on the day after it, or, to learn from
    them, so long before it that their answers are known.

    Raises:
        UserError: if such a list does not come with its day.
    """
    if (asked := config.asked) is None or tables.members is None:
        return tables, None
    horizon_days = config.windows.horizon_days
    if "joined" not in tables.members.columns:
        if (drawn := _day(config.last_day)) is None:
            remedy = "map member_columns.joined, or set data.last_day to the day on which the list was drawn"
            raise UserError("expected days of joining in the member list", "none", remedy)
        joined = _timestamp(drawn + 1 - (0 if new else horizon_days))
        tables = replace(tables, members=tables.members.mutate(joined=ibis.literal(joined)))
    rows = usable(tables.members)
    return tables, Answers.of(asked, rows, zone=config.zone, horizon_days=horizon_days)


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
    split, begin, horizon_days = config.split, first_cutoff(config.windows), config.windows.horizon_days
    if answers is not None:
        days = answers.labelled(last)
        if not split.by_time or not len(days):
            return last + 1
        return _end_of(split.of_arrivals(days), days.min(), days.max())
    n_days = last + 1 - first
    if not split.by_time and n_days >= begin + horizon_days:
        return last + 1
    try:
        return _end_of(split, _timestamp(first + begin), _timestamp(last + 1 - horizon_days))
    except UserError:
        needed = days_needed(split, begin=begin, horizon_days=horizon_days) or begin + horizon_days
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
