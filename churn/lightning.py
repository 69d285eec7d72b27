"""One network and one target through LightningCLI: fit, validate, test and predict."""

import logging
import sys
import warnings
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from jsonargparse import ArgumentError
from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.cli import LightningCLI, SaveConfigCallback

from churn import strict_yaml
from churn.artefacts import read_table, write_table
from churn.data import CAUTIONS
from churn.data.datamodule import ChurnDataModule
from churn.disk import writing
from churn.errors import UserError
from churn.models.sequence import SequenceClassifier
from churn.models.training_loop import one_thread

_NOISE = (
    ".*does not have many workers.*",  # batches are gathered from memory: worker processes would only cost time
    ".*LightningCLI's args parameter.*",  # the door passes its own arguments on
    r"[\s\S]*(Jsonargparse|deprecated in v4)",  # Lightning 2.6 on jsonargparse 4.49 and later
    ".*dirpath has changed.*",  # a checkpoint from an earlier run is read on purpose
    ".*isinstance.treespec, LeafSpec.*",  # Lightning 2.6 on torch 2.13
)


_COLUMNS = ["user_id", "cutoff", "p"]  # of predictions


class _SavedConfig(SaveConfigCallback):
    """Lightning's copy of the configuration in the folder of a logger; without one it could replace the user's own."""

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Write it where there is a logger."""
        if trainer.loggers:
            super().setup(trainer, pl_module, stage)


class _Door(LightningCLI):
    """LightningCLI whose `predict` keeps what it predicted, and whose measures say what the split is.

    Args:
        blocks: Within which everything is written.
        options: LightningCLI's own.
    """

    def __init__(self, blocks: ExitStack, **options: Any) -> None:
        self.blocks = blocks
        super().__init__(SequenceClassifier, ChurnDataModule, **options)

    def instantiate_trainer(self, **settings: Any) -> Trainer:
        """Note where the trainer writes, which errors of a full disk do not tell."""
        trainer = super().instantiate_trainer(**settings)
        loggers = [logger.save_dir for logger in trainer.loggers if logger.save_dir]
        self.blocks.enter_context(writing(*map(Path, (trainer.default_root_dir, *loggers))))
        return trainer

    def after_validate(self) -> None:
        """See `_caution`."""
        self._caution()

    def after_test(self) -> None:
        """See `_caution`."""
        self._caution()

    def _caution(self) -> None:
        """Say where the split makes the measures say less than they seem to."""
        if caution := CAUTIONS.get(self.datamodule.split.kind):
            print(f"warning: {caution}")

    def after_predict(self) -> None:
        """Write user_id, cutoff and p of every window whose horizon is not over.

        Raises:
            UserError: if another file is in its place.
        """
        windows = self.datamodule.split.score
        p = torch.cat(self.trainer.predict_loop.predictions).double().numpy()
        path = Path(self.trainer.default_root_dir) / "predictions.parquet"
        if path.exists() and list(read_table(path)) != _COLUMNS:
            raise UserError(f"expected no file of yours at {path}", "one", "set trainer.default_root_dir")
        write_table(pd.DataFrame(dict(zip(_COLUMNS, (windows.user_ids, windows.dates, p), strict=True))), path)
        print(f"predictions: {path}")


def lightning(arguments: Sequence[str]) -> None:
    """Run one of LightningCLI's commands.

    Raises:
        UserError: for an unknown key or a wrong value.
    """
    _quieten()
    try:
        with one_thread(), ExitStack() as blocks:
            _Door(
                blocks,
                subclass_mode_model=True,
                seed_everything_default=0,
                save_config_callback=_SavedConfig,
                save_config_kwargs={"overwrite": True},
                trainer_defaults={
                    "enable_progress_bar": sys.stderr.isatty(),
                    "enable_model_summary": sys.stderr.isatty(),
                    "gradient_clip_val": 1.0,
                },
                parser_kwargs={"prog": "churn", "exit_on_error": False, "parser_mode": strict_yaml.MODE},
                args=list(arguments),
            )
    except ArgumentError as error:
        raise UserError(
            "expected a configuration that can be read", error, "see churn fit --help or experiments/"
        ) from error


def _quieten() -> None:
    for message in _NOISE:
        warnings.filterwarnings("ignore", message=message)
    if not sys.stderr.isatty():
        logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)
