"""The training of a network without a trainer of one's own: one Lightning trainer with the recipe's settings."""

import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from pytorch_lightning import Callback, LightningModule, Trainer, seed_everything
from pytorch_lightning.callbacks import EarlyStopping, ModelCheckpoint
from torch.utils.data import DataLoader

from churn.data import Batch, ChurnDataModule, Windows
from churn.disk import temporary_folder
from churn.errors import UserError
from churn.models.base import Report

if TYPE_CHECKING:
    from churn.models.sequence import SequenceClassifier

MONITOR = "val_log_loss"


class _Told(Callback):
    """Reports the log loss of each epoch."""

    def __init__(self, report: Report) -> None:
        self.report = report

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self.report(trainer.current_epoch, float(trainer.callback_metrics[MONITOR]))


class _StopAfter(Callback):
    """Ends training after some epochs, while the learning rate follows the schedule of all epochs."""

    def __init__(self, epochs: int) -> None:
        self.epochs = epochs

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        trainer.should_stop = trainer.current_epoch + 1 >= self.epochs


def train(
    network: "SequenceClassifier",
    data: ChurnDataModule,
    *,
    max_epochs: int,
    patience: int,
    seed: int,
    report: Report | None = None,
) -> int:
    """Train a network in place, stopped early on half A, give it the best epoch's weights, and return their number.

    Raises:
        UserError: if the loss is not a number.
    """
    with temporary_folder() as folder, _quiet(), one_thread():
        seed_everything(seed, verbose=False)
        best = ModelCheckpoint(folder, monitor=MONITOR, save_weights_only=True)
        told = [] if report is None else [_Told(report)]
        trainer = _trainer(folder, max_epochs, [best, EarlyStopping(MONITOR, patience=patience), *told])
        trainer.fit(network, data)
        if not torch.isfinite(trainer.callback_metrics[MONITOR]):
            raise UserError("expected a finite log loss", "not a number", "lower lr, or check the data for huge values")
        state = torch.load(Path(best.best_model_path), weights_only=True, map_location="cpu")
        network.load_state_dict(state["state_dict"])
    network.trainer = None  # a trained network outlives its trainer
    return int(state["epoch"]) + 1


def train_again(
    network: "SequenceClassifier",
    batches: DataLoader[Batch],
    windows: Windows,
    *,
    max_epochs: int,
    epochs: int,
    seed: int,
) -> None:
    """Train a network in place from the beginning for some of its epochs, with nothing held out."""
    with temporary_folder() as folder, _quiet(), one_thread():
        seed_everything(seed, verbose=False)
        network.begin(windows)
        network.train()
        trainer = _trainer(folder, max_epochs, [_StopAfter(epochs)])
        trainer.fit(network, batches)
    network.trainer = None


def _trainer(folder: Path, max_epochs: int, callbacks: Sequence[Callback]) -> Trainer:
    return Trainer(
        max_epochs=max_epochs,
        gradient_clip_val=1.0,
        callbacks=list(callbacks),
        enable_checkpointing=any(isinstance(callback, ModelCheckpoint) for callback in callbacks),
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=folder,
        num_sanity_val_steps=0,
    )


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch compute on one thread: a step's matrices are so small that more threads mostly wait for each other.

    Measured on two cores, a step of the GRU takes 3.7 ms on one thread and 14 ms or more on two.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence Lightning's warnings about loaders and accelerators: batches are gathered, not loaded."""
    logger = logging.getLogger("pytorch_lightning")
    level = logger.level
    logger.setLevel(logging.WARNING)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="pytorch_lightning")
        warnings.filterwarnings("ignore", message=".*does not have many workers.*")
        yield
    logger.setLevel(level)
