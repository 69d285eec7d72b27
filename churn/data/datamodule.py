"""The Lightning data module: a split as batches."""

import os
import shutil
import tempfile
import weakref
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Self

from pytorch_lightning import LightningDataModule
from torch.utils.data import DataLoader

from churn.data.batches import Batch, Share, loader
from churn.data.config.data_config import DataConfig
from churn.data.dataset import prepare
from churn.data.splits.split import Split
from churn.disk import temporary_place

_PREPARED = "CHURN_PREPARED"  # names the folder of a split that another process has prepared, in the environment


class ChurnDataModule(LightningDataModule):
    """A dataset for `churn fit`, `validate`, `test` and `predict`.

    Args:
        batch_size: Windows per batch.
        config: The keys of the `data:` block, see `DataConfig`.
    """

    def __init__(self, batch_size: int = 1024, **config: Any) -> None:
        super().__init__()
        self.batch_size = batch_size
        self.target: str = "churn"
        self.config = DataConfig(**config)

    @classmethod
    def of(cls, split: Split, *, batch_size: int = 1024) -> Self:
        """A data module over a split that is there already."""
        data = cls(batch_size, events="a split made already")
        data.split = split
        return data

    @cached_property
    def split(self) -> Split:
        """The split, made when first asked for, its panel in a folder that is removed with the module."""
        return prepare(self.config, self._folder / "dataset").split()

    @cached_property
    def _folder(self) -> Path:
        """The folder of the panel: one of its own, or of the process that started this one."""
        if there := os.environ.get(_PREPARED):
            return Path(there)
        folder = tempfile.mkdtemp(prefix="churn-", dir=temporary_place())
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        return Path(folder)

    def prepare_for_others(self) -> None:
        """Make the split now, for the processes that this one is going to start too."""
        if _PREPARED not in os.environ:
            _ = self.split
            os.environ[_PREPARED] = str(self._folder)

    @property
    def n_features(self) -> int:
        """The columns of a day."""
        return len(self.split.train.features)

    @property
    def constants(self) -> dict[int, Literal["number", "flag"]]:
        """The columns that are constant over a history, with their kinds."""
        return self.split.train.constants

    def setup(self, stage: str) -> None:
        """Take over the model's target."""
        if self.trainer is not None:
            self.target = getattr(self.trainer.lightning_module, "target", self.target)

    @property
    def days_ahead(self) -> int:
        """The number of days whose outcomes the model learns; 0 for labels alone."""
        return 0 if self.trainer is None else getattr(self.trainer.lightning_module, "days_ahead", 0)

    @property
    def share(self) -> Share | None:
        """The process among the trainer's; None without a trainer."""
        return None if self.trainer is None else Share(self.trainer.global_rank, self.trainer.world_size)

    def train_dataloader(self) -> DataLoader[Batch]:
        """The training part, shuffled; with days ahead also what is unfinished, each as far as it may be read."""
        train, until = self.split.train, self.split.border
        if self.days_ahead and self.split.unfinished:
            train = train.and_then(self.split.unfinished)
        ahead, size = self.days_ahead, self.batch_size
        options: Any = {"batch_size": size, "shuffle": True, "days_ahead": ahead, "until": until}
        return loader(train, target=self.target, share=self.share, **options)

    def val_dataloader(self) -> DataLoader[Batch]:
        """Half A of the validation users, on which training stops early; no day is read beyond the horizon."""
        days = min(self.days_ahead, self.split.val.horizon_days)
        return loader(self.split.val_a, target=self.target, batch_size=4096, days_ahead=days, share=self.share)

    def test_dataloader(self) -> DataLoader[Batch]:
        """The test part."""
        return loader(self.split.test, target=self.target, batch_size=4096, share=self.share)

    def predict_dataloader(self) -> DataLoader[Batch]:
        """The windows whose horizon is not over."""
        return loader(self.split.score, target=self.target, batch_size=4096, share=self.share)
