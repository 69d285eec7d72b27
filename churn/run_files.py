"""A run's folder, whose files are read on demand by people, by the pages and by other commands."""

from collections import namedtuple
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache, cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any, Self

import pandas as pd
import yaml

from churn.artefacts import Document, Table, as_written, declared
from churn.configuration import STORED, RunConfig, stored_block
from churn.eda import View, open_view
from churn.errors import UserError
from churn.explanation import fans_among, worded
from churn.journal import Journal
from churn.keys import OneOf
from churn.language import LabelConfig, Target, retold, target_of
from churn.segments import CONTACT, SegmentConfig
from churn.statistics import Interval

_TABLES = {name.lower(): found for name, found in vars(declared).items() if isinstance(found, Table)}
_BY_FILE = {found.file: found for found in _TABLES.values()}
_REMEDY = "finish the run with `churn run --config FILE --out DIR`"


class RunFiles:
    """A run's folder.

    Every table that `churn.artefacts.declared` lists is an attribute of its name in lower case: `run.leaderboard`,
    `run.scores`, `run.predictions`, `run.features`, … A table is read when it is first asked for.
    """

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)
        self._read: dict[Table, pd.DataFrame] = {}
        self._noted: dict[str, pd.DataFrame] = {}  # the tables asked for since the last block of `noting` began

    @classmethod
    def open(cls, folder: Path | str) -> Self:
        """The run in a folder.

        Raises:
            UserError: if there is no run, or it is unfinished or corrupt.
        """
        run = cls(folder)
        if not run.folder.is_dir():
            raise UserError(f"expected the folder of a finished run at {folder}", "nothing there", _REMEDY)
        _ = run.manifest, run.yaml
        return run

    def __repr__(self) -> str:
        """The folder."""
        return f"Run({str(self.folder)!r})"

    def _repr_html_(self) -> str:
        """The chosen models with their measures on the test part, and the first users to contact."""
        board = self.leaderboard.query("chosen and part == 'test'")
        measured = board.pivot_table("value", ["target", "model"], "metric")
        return f"<p>{self!r}</p>{measured.round(3).to_html()}{self.priority.head().to_html(index=False)}"

    def __dir__(self) -> list[str]:
        """The names of the attributes, tables among them."""
        return sorted({*super().__dir__(), *_TABLES})

    def __getattr__(self, name: str) -> pd.DataFrame:
        """A table by its name."""
        if name not in _TABLES:
            raise AttributeError(f"a run has no {name}; its tables: {', '.join(sorted(_TABLES))}")
        return self.table(_TABLES[name])

    def table(self, artefact: Table | str, target: str | None = None) -> pd.DataFrame:
        """A table, by its declaration or its file's name, such as leaderboard.csv; with a target, its rows alone.

        Raises:
            UserError: for a file that no run writes, or that is missing or corrupt.
        """
        if isinstance(artefact, str):
            if artefact not in _BY_FILE:
                raise UserError("expected a file of a run", artefact, f"choose one of {', '.join(sorted(_BY_FILE))}")
            artefact = _BY_FILE[artefact]
        if artefact not in self._read:
            self.check(artefact.file)
            self._read[artefact] = self._with_ids(artefact, artefact.read(self.folder))
        table = self._noted[artefact.file] = self._read[artefact]
        return table.copy() if target is None else table[table["target"] == target]

    def _with_ids(self, artefact: Table, table: pd.DataFrame) -> pd.DataFrame:
        """The table with users' ids in the log's type, which a CSV file does not keep."""
        if artefact.holds_users and artefact.file.endswith(".csv") and len(table):
            return table.astype({"user_id": self.scores.user_id.dtype})
        return table

    @contextmanager
    def noting(self) -> Iterator[Mapping[str, pd.DataFrame]]:
        """The tables with rows that are asked for inside the block, by their files' names, in the order of asking."""
        self._noted, noted = {}, dict[str, pd.DataFrame]()
        yield noted
        noted |= {file: table for file, table in self._noted.items() if len(table)}

    def document(self, artefact: Document) -> Any:
        """The content of a JSON file of the run."""
        if artefact is not declared.MANIFEST:
            self.check(artefact.file)
        return artefact.read(self.folder)

    @cached_property
    def manifest(self) -> Mapping[str, Any]:
        """The manifest: the stages, and the facts that each adds."""
        found: Mapping[str, Any] = self.document(declared.MANIFEST)
        return found

    @property
    def identity(self) -> str:
        """A hash of what the run was begun with, and when: 16 letters and digits that no other run has."""
        begun = repr([self.manifest[name] for name in ("created", "begun_with")])
        return sha256(begun.encode("utf8", "surrogatepass")).hexdigest()[:16]

    def check(self, *names: str) -> None:
        """Check that some files, or all files below some folders, are as the run wrote them.

        Raises:
            UserError: for the first one that is not.
        """
        if self._journal is not None:
            self._journal.check(*names)

    def answering(self) -> AbstractContextManager[None]:
        """Blame the folder for what reading it breaks within the block, where no hash vouches for its files."""
        return nullcontext() if self._journal is None else self._journal.answering()

    @cached_property
    def _journal(self) -> Journal | None:
        """The record of the run's files; None for tables without a manifest."""
        return Journal.resume(self.folder) if (self.folder / declared.MANIFEST.file).exists() else None

    @cached_property
    def yaml(self) -> str:
        """The text of the configuration in the folder."""
        path = self.folder / STORED
        if not path.is_file():
            raise UserError(f"expected {path.name} in {self.folder}", "no such file", _REMEDY)
        self.check(STORED)
        with as_written(path, yaml.YAMLError):
            if not isinstance(yaml.safe_load(text := path.read_text(encoding="utf8")), dict):
                raise ValueError("no keys")
        return text

    @cached_property
    def settings(self) -> Mapping[str, Any]:
        """The configuration as plain keys, whatever its models are."""
        found: Mapping[str, Any] = yaml.safe_load(self.yaml)
        return found

    @property
    def config(self) -> RunConfig:
        """The configuration; models of a class of your own have to be `churn.models.allowing`."""
        return RunConfig.stored(self.folder)

    @property
    def answers(self) -> Sequence[Mapping[str, str]]:
        """The answers of the verdicts, in the order to be shown and in the language spoken."""
        with as_written(self.folder / declared.ANSWERS.file):
            return [{key: retold(text) for key, text in told.items()} for told in self.document(declared.ANSWERS)]

    def views(self) -> Iterator[tuple[str, str, View]]:
        """The views of the data in the order to be shown, in the language spoken: section, name, view."""
        self.check("views/")
        for told in self.document(declared.VIEWS):
            yield told["section"], told["name"], open_view(told, told["name"], self.folder)

    @property
    def language(self) -> str:
        """The language of the run's sentences."""
        return str(self.settings["language"])

    @cached_property
    def labels(self) -> LabelConfig:
        """The platform's own words.

        Raises:
            UserError: for words that cannot stand on a page.
        """
        found: LabelConfig = stored_block(LabelConfig, self.settings.get("labels", {}))
        return found

    @property
    def segments(self) -> SegmentConfig:
        """The rules by which the list was drawn."""
        found: SegmentConfig = stored_block(SegmentConfig, self.settings.get("segments", {}))
        return found

    @property
    def fans(self) -> bool:
        """Whether the log holds events of others than the users themselves, which is supposed where nothing is told."""
        features = self.manifest["audit"].get("features")
        return features is None or fans_among(features)

    @property
    def targets(self) -> list[str]:
        """The targets in their order: churn, then stickers where there are any."""
        return list(self.manifest["targets"])

    @property
    def stickers(self) -> bool:
        """Whether the run knows a second target."""
        return "sticker" in self.targets

    @property
    def words(self) -> list[Target]:
        """The words of the targets, in their order."""
        good = bool((self.settings["data"].get("outcome") or {}).get("good", True))
        return [target_of(name, good=good) for name in self.targets]

    @property
    def first(self) -> Target:
        """The words of the target that is asked first, by which the list is drawn."""
        return self.words[0]

    @property
    def arrivals(self) -> bool:
        """Whether each user is asked about once, on the day of arrival."""
        return bool(self.windowing["at_risk"] == "arrival")

    @property
    def scattered(self) -> bool:
        """Whether each user is asked about on days of the own, so that a list is drawn over all days at once."""
        return self.arrivals or target_of(self.targets[0]).outcome

    @property
    def answered(self) -> bool:
        """Whether all have an answer, so that the scored users are the test part's."""
        return self.scattered and not self.part("score").get("windows")

    @property
    def windowing(self) -> Mapping[str, Any]:
        """history_days, lead_days, horizon_days, stride_days, at_risk, at_risk_days."""
        found: Mapping[str, Any] = self.manifest["windows"]
        return found

    @property
    def refit(self) -> Mapping[str, Any]:
        """The training of the models that score: policy, and with "all" the targets' windows and steps."""
        found: Mapping[str, Any] = self.manifest["refit"]
        return found

    @property
    def n_seeds(self) -> int:
        """The number of seeds from which each model that depends on chance was fitted."""
        return int(self.manifest["seeds"])

    @property
    def warnings(self) -> list[str]:
        """The warnings, which a reader should know before trusting the numbers, in the language spoken."""
        with as_written(self.folder / declared.MANIFEST.file):
            return [retold(warning) for warning in self.manifest["warnings"]]

    def part(self, name: str) -> Mapping[str, Any]:
        """The audit's counts of a part of the split; empty for an unknown part."""
        parts: list[Mapping[str, Any]] = self.manifest["audit"]["parts"]
        return next((part for part in parts if part["part"] == name), {})

    def chosen(self, target: str) -> str:
        """The model behind the scores of a target."""
        return str(self.manifest["chosen"].get(target, ""))

    def metric(self, target: str, metric: str, model: str | None = None) -> Interval | None:
        """A metric on the test part, of the chosen model unless another is named."""
        board = self.table(declared.LEADERBOARD, target)
        row = board[
            (board["part"] == "test") & (board["metric"] == metric) & (board["model"] == (model or self.chosen(target)))
        ]
        return estimate(row)

    def rate(self, segment: str, target: str) -> tuple[Interval, int] | None:
        """A segment's observed rate on the test part's daily lists, and its number of users."""
        rates = self.table(declared.SEGMENT_RATES, target)
        row = rates[rates["segment"] == segment]
        found = estimate(row, value="rate")
        return None if found is None else (found, int(row["n_users"].iloc[0]))

    @property
    def to_contact(self) -> pd.DataFrame:
        """The users to contact, best first; without users who are held back."""
        listed = self.table(declared.PRIORITY)
        return listed[listed["group"] == CONTACT].drop(columns="group").reset_index(drop=True)

    @property
    def priority(self) -> pd.DataFrame:
        """The users to contact with their reasons in the language spoken, which each access says again."""
        contacts = self.to_contact
        return contacts.join(worded(self.table(declared.REASONS), contacts.user_id, by="user_id"))

    def shap(self, target: str) -> pd.DataFrame:
        """SHAP values of training windows by the surrogate of the chosen model, a row per window and feature."""
        OneOf(tuple(self.targets)).check("target", target)
        return self.table(declared.SHAP, target)

    @property
    def report(self) -> Path:
        """The report's page."""
        return self.folder / declared.REPORT


def estimate(rows: pd.DataFrame, value: str = "value") -> Interval | None:
    """The first row's number and interval; None without a row."""
    if rows.empty or pd.isna(rows[value].iloc[0]):
        return None
    row = rows.iloc[0]
    return Interval(float(row[value]), float(row["low"]), float(row["high"]))


def records(table: pd.DataFrame) -> Iterator[Any]:
    """A table's rows with their columns as attributes."""
    return map(_row(tuple(table.columns))._make, table.itertuples(index=False, name=None))


@cache
def _row(columns: tuple[str, ...]) -> Any:
    """A type of rows, made once: pandas makes one for each table, which takes longer than its rows."""
    return namedtuple("Row", columns, rename=True)
