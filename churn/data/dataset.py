"""The data of a run: from the `data:` block to a panel, its windows and their split."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn.artefacts import check_whole, declared, read_object
from churn.data.answers import OUTCOMES, answers_among
from churn.data.building import META, build, windows_over, with_members
from churn.data.config.data_config import DataConfig
from churn.data.log.origin import check_origin
from churn.data.log.repeats import Repeats
from churn.data.log.spellings import Spellings
from churn.data.log.vocabulary import Encoding, Vocabulary
from churn.data.members import (
    Members,
    derived,
)
from churn.data.modalities import chance_features
from churn.data.sources import Frame
from churn.data.splits.split import Split
from churn.data.splits.splitting import learnable, rolling_origins, split_windows
from churn.data.windows import panel as panels
from churn.data.windows.arrivals import Answers, without_counts
from churn.data.windows.attributes import Timeline
from churn.data.windows.panel import Panel
from churn.data.windows.rhythm import Rhythm
from churn.data.windows.windows import Windows
from churn.progress import tell


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
    made: tuple[str, ...]  # the event types that are categories of what users make
    unknown_levels: dict[str, int]  # levels of attributes without a column, with their numbers of rows
    timelines: dict[str, Timeline]  # the attributes that change, by name
    columns: dict[str, dict[str, str]]  # per table, its own columns with their types
    times: dict[str, dict[str, str]]  # per table, its times: format, text, read, first, last
    quarantine: Path  # the rows that cannot be used, with the reason
    rhythm: Rhythm | None  # the hours and weekdays of users' actions; None in new data to score
    answers: Answers | None = None  # with an outcome: of every member, or row of outcomes
    fates: dict[str, int] | None = None  # with an outcome: how many of these became which examples, or none
    new: bool = False  # whether these are new data, read with a vocabulary that was frozen earlier
    unread: dict[str, int] = field(default_factory=dict)  # pictures that cannot be read, by attribute

    def split(self) -> Split:
        """The split that the configuration asks for; of several folds, the newest."""
        return split_windows(self.windows, self.config.split)

    def folds(self) -> tuple[Split, ...]:
        """The rolling origins that the configuration asks for, oldest first; the last is `split()`."""
        return rolling_origins(self.windows, self.config.split)

    @property
    def labelled(self) -> Windows:
        """All windows that may be learnt from, also the ones between the parts."""
        return self.windows.take(learnable(self.windows))

    @property
    def newest(self) -> Windows:
        """The windows to score: of the day after the last; of scattered ones, each user's last without a known answer.

        Where all have an answer, the test part is scored, which no model has learnt from, or all new ones.
        """
        windows = self.windows
        if not windows.scattered:
            return windows.take(windows.cutoff == self.panel.n_days)
        found = windows.take(~windows.known & ~windows.censored)
        if not len(found) and len(windows):
            found = windows if self.new else self.split().test
        return found.take(np.append(found.user[1:] != found.user[:-1], True)[: len(found)])

    @property
    def controllable(self) -> list[Encoding]:
        """The attributes that models see and members control."""
        known = self.config.known_attributes
        return [encoding for encoding in self.vocabulary.attributes if known[encoding.name].controllable]

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
            "windows_censored": int(windows.censored.sum()),
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
    encoders: Path | None = None,
    unsplit: bool = False,
) -> Dataset:
    """Read the tables and write their panel to a folder; a folder that already holds them is only opened.

    Args:
        config: The `data:` block.
        folder: Where the panel is kept.
        frames: Data frames by the names that stand in `config.events`, `.stickers`, `.members` and `.outcomes`.
        vocabulary: A vocabulary frozen earlier, for scoring new data with old models.
        encoders: The folder of what was learnt from texts and pictures earlier, for the same purpose.
        unsplit: Whether a log with too few days for a split is prepared too, to look at; its columns then come from
            all days.

    Raises:
        UserError: for anything that a user can mend in the data or the configuration, and for a folder that was made
            of other data.
    """
    if not ((home := Path(folder)) / META).exists():
        build(config, home, frames, vocabulary, encoders=encoders, unsplit=unsplit)
    else:
        check_whole(home)
        check_origin(read_object(home / META, "origin")["origin"], config, frames or {}, folder=home)
    dataset = open_dataset(config, home, unsplit=unsplit)
    counts = dataset.reconciliation
    out = {"non_members": sum(one["non_members"] for one in counts.values())}
    out["rejected"] = sum(sum(one["rejected"].values()) for one in counts.values())
    tell(**{name: one["read"] for name, one in counts.items()}, **out)
    return dataset


def counted(folder: Path) -> tuple[str, ...] | None:
    """The columns of counts in what `prepare` wrote, which need not be opened for it; None where it has not yet."""
    path = folder / META
    return Vocabulary.read(read_object(path, "vocabulary")["vocabulary"]).features if path.exists() else None


def open_dataset(config: DataConfig, folder: Path, *, unsplit: bool = False) -> Dataset:
    """Open the folder that `prepare` wrote; windows are found again, which takes milliseconds.

    Raises:
        UserError: if two features share a name, or an attribute was not asked for when the folder was made.
    """
    meta, panel = read_object(folder / META), panels.load(folder / "panel")
    members = Members.load(folder, zone=config.zone) if config.members else None
    outcomes = pd.read_parquet(folder / OUTCOMES) if config.outcomes else None
    answers = answers_among(config, None if members is None else members.table, outcomes)
    panel, timelines = with_members(panel, members, config=config, answers=answers)
    vocabulary = Vocabulary.read(meta["vocabulary"])
    joined = None if members is None else members.joined(panel)
    windows, fates = windows_over(panel, members, config, answers=answers, unsplit=unsplit)
    chances = chance_features(vocabulary, config.encoded, folder)
    found = derived(config, panel, vocabulary=vocabulary, timelines=timelines, chances=chances)
    windows = replace(windows, derived=found)
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
        tuple(meta["made"]),
        meta["unknown_levels"],
        {name: timelines[name] for name, entry in config.known_attributes.items() if entry.known == "daily"},
        meta["columns"],
        meta["times"],
        folder / declared.QUARANTINE.file,
        Rhythm.load(folder),
        answers,
        fates.facts() if fates else None,
        meta["new"],
        meta["unread"],
    )
