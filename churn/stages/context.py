"""Context: the input of every stage, and the type of its result."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd

from churn import evaluation
from churn.artefacts import Hide, Table, check_whole, declared
from churn.configuration import RunConfig
from churn.data import DataConfig, Dataset, Frame, Split, counted, open_dataset, with_context
from churn.explanation import fans_among
from churn.models import Classifier, load
from churn.scoring import newest_windows
from churn.segments import Pseudonyms, SegmentConfig, as_chosen

Facts = dict[str, object]  # what a stage adds to the manifest


@dataclass(frozen=True)
class Context:
    """The input of every stage: the configuration, the folder, and the data once they are prepared."""

    config: RunConfig
    folder: Path
    hashes: dict[str, str]  # of the inputs, by table
    frames: Mapping[str, Frame]

    @property
    def plain(self) -> Dataset:
        """The prepared data without the features that `auto` stands for."""
        return self._opened(self.config.data)

    @cached_property
    def dataset(self) -> Dataset:
        """The prepared data."""
        return self._opened(with_context(self.config.data, self.folder / "models"))

    def _opened(self, config: DataConfig) -> Dataset:
        check_whole(self.folder / "dataset")
        return open_dataset(config, self.folder / "dataset")

    @property
    def fans(self) -> bool:
        """Whether the log holds events of others than the users themselves, which is supposed until it is read."""
        features = counted(self.folder / "dataset")
        return features is None or fans_among(features)

    @cached_property
    def split(self) -> Split:
        """The newest fold."""
        return self.dataset.split()

    @cached_property
    def segments(self) -> SegmentConfig:
        """The rules by which the list is drawn, with the order that was chosen."""
        return as_chosen(self.config.segments, self.folder / "models")

    @cached_property
    def names(self) -> Pseudonyms | None:
        """The users' names in the run's lists: hashes where segments.id_key is set."""
        id_key = self.config.segments.id_key
        return Pseudonyms.open(Path(id_key), outside=self.folder) if id_key else None

    @property
    def hide(self) -> Hide | None:
        """The function that hashes users' ids, where they are to be hidden."""
        return self.names.hide if self.names else None

    def scored(self) -> pd.DataFrame:
        """The newest scores by the ids of the log, beside public_id, which the files have, and group, the list's."""
        users = pd.Series(newest_windows(self.dataset).user_ids, name="user_id")
        public = users if self.hide is None else self.hide(users)
        groups = self.read(declared.PRIORITY)[["user_id", "group"]]
        scores = (
            self.read(declared.SCORES).merge(groups, on="user_id", how="left").rename(columns={"user_id": "public_id"})
        )
        return users.to_frame().assign(public_id=public).merge(scores, on="public_id", validate="one_to_one")

    def write(self, artefact: Table, table: pd.DataFrame) -> None:
        """Write a table of the run, users' ids as its files have them."""
        artefact.write(table, self.folder, self.hide)

    def read(self, artefact: Table) -> pd.DataFrame:
        """Read a table of the run."""
        return artefact.read(self.folder)

    def model_folder(self, target: str, name: str) -> Path:
        """The folder in which a model is saved."""
        return self.folder / "models" / target / name

    def model(self, target: str, name: str) -> Classifier:
        """A saved model."""
        return load(self.model_folder(target, name), target=target, name=name)

    def searched(self, target: str) -> dict[str, Classifier]:
        """The models of the configuration."""
        return {spec.name: self.model(target, spec.name) for spec in self.config.specs}

    def models(self, target: str) -> dict[str, Classifier]:
        """The models of the configuration, their twins on the kept features, and their blend."""
        further = [*(f"{spec.name}{evaluation.KEPT}" for spec in self.config.specs), evaluation.BLEND]
        made = [name for name in further if self.model_folder(target, name).exists()]
        return self.searched(target) | {name: self.model(target, name) for name in made}

    def val_losses(self, target: str) -> dict[str, float]:
        """Every model's log loss on half A, by the leaderboard."""
        board = self.read(declared.LEADERBOARD)
        rows = board[(board.target == target) & (board.part == "val") & (board.metric == "log_loss")]
        return dict(zip(rows.model, rows.value, strict=True))
