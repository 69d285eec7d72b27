"""What a stage is given, and what it gives back."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd

from churn import evaluation, segments
from churn.artefacts import check_whole, read_table
from churn.configuration import RunConfig
from churn.data import Dataset, Frame, Split, Target, open_dataset
from churn.models import Classifier, load
from churn.segments import Pseudonyms

Facts = dict[str, object]  # what a stage adds to the manifest


@dataclass(frozen=True)
class Context:
    """What every stage may read: the configuration, the folder, and the data once they are prepared."""

    config: RunConfig
    folder: Path
    hashes: dict[str, str]  # of the inputs, by table
    frames: Mapping[str, Frame]

    @cached_property
    def dataset(self) -> Dataset:
        """The prepared data."""
        check_whole(self.folder / "dataset")
        return open_dataset(self.config.data, self.folder / "dataset")

    @cached_property
    def split(self) -> Split:
        """The newest fold."""
        return self.dataset.split()

    @cached_property
    def names(self) -> Pseudonyms | None:
        """The users' names in the run's lists: hashes where segments.id_key is set."""
        id_key = self.config.segments.id_key
        return Pseudonyms.open(Path(id_key), outside=self.folder) if id_key else None

    def public(self, users: pd.DataFrame) -> pd.DataFrame:
        """A table of users, user_id as the run's lists have it."""
        return segments.hidden(users, self.names)

    def model_folder(self, target: Target, name: str) -> Path:
        """Where a model is saved."""
        return self.folder / "models" / target / name

    def model(self, target: Target, name: str) -> Classifier:
        """A saved model."""
        return load(self.model_folder(target, name), target=target, name=name)

    def searched(self, target: Target) -> dict[str, Classifier]:
        """The models of the configuration."""
        return {spec.name: self.model(target, spec.name) for spec in self.config.specs}

    def models(self, target: Target) -> dict[str, Classifier]:
        """Those, and the same trained again on the kept features."""
        again = [f"{spec.name}{evaluation.KEPT}" for spec in self.config.specs]
        retrained = [name for name in again if self.model_folder(target, name).exists()]
        return self.searched(target) | {name: self.model(target, name) for name in retrained}

    def val_losses(self, target: Target) -> dict[str, float]:
        """Every model's log loss on half A, by the leaderboard."""
        board = read_table(self.folder / "leaderboard.csv")
        rows = board[(board.target == target) & (board.part == "val") & (board.metric == "log_loss")]
        return dict(zip(rows.model, rows.value, strict=True))
