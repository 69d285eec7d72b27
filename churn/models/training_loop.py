"""The training of networks by Lightning: the module that it trains, and one trainer with the recipe's settings."""

import logging
import math
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from pytorch_lightning import Callback, LightningModule, Trainer, seed_everything
from pytorch_lightning.callbacks import EarlyStopping, ModelCheckpoint
from torch import Tensor, nn
from torch.utils.data import DataLoader

from churn.data import Batch, ChurnDataModule, Shares, Split, Windows, before_border, loader, user_days
from churn.disk import temporary_folder
from churn.errors import UserError
from churn.models.base import Report
from churn.models.next_days import NextDays
from churn.models.sequence import SequenceClassifier, one_thread

MONITOR = "val_log_loss"


class Trainee(LightningModule):
    """A network as Lightning trains it: log loss, AdamW and a one-cycle learning rate.

    Its checkpoints hold the weights by the network's own names, and the arguments from which it is made again.

    Args:
        network: The network, which is trained in place.
    """

    def __init__(self, network: SequenceClassifier) -> None:
        super().__init__()
        self.network, self.target = network, network.target
        self.save_hyperparameters({"_class_path": network.class_path()} | network.arguments)
        self.resumed = 0, 0  # the epoch and the step of a checkpoint
        self.kept: list[tuple[Tensor, Tensor]] = []  # weights and statistics, each with its values before the ascent

    @property
    def days_ahead(self) -> int:
        """The network's."""
        return self.network.days_ahead

    def state_dict(self, *args: Any, **kwargs: Any) -> Any:
        """The network's weights."""
        return self.network.state_dict(*args, **kwargs)

    def load_state_dict(self, *args: Any, **kwargs: Any) -> Any:
        """Give the network weights."""
        return self.network.load_state_dict(*args, **kwargs)

    def setup(self, stage: str) -> None:
        """Make the layers and, before fitting, begin from the training part's statistics."""
        if self.network.n_features:
            return
        data = self.trainer.datamodule  # type: ignore[attr-defined]  # which Lightning sets, and does not declare
        if stage == "fit":
            self.network.begin(data.split.train)
            if self.network.pretrain is not None:
                learn_ahead(self.network, before_border(data.split), until=data.split.border)
        else:
            self.network.build(**self.network.shape_for(data.split.train))

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Note the columns, from which the layers are made again."""
        checkpoint |= self.network.shape

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Make the layers that the checkpoint fills, and take its place in the schedule but not the schedule's length.

        So training can go on for more epochs than were planned at first, or with batches of another size.

        Raises:
            UserError: if the layers are made already, for data of another number of columns.
        """
        self.network.build(**{key: checkpoint[key] for key in self.network.shape})
        if (n := checkpoint["n_features"]) != self.network.n_features:
            expected = f"expected a checkpoint for data with {self.network.n_features} columns a day"
            raise UserError(expected, n, "give the data: block that it was trained with")
        for schedule in checkpoint.get("lr_schedulers", ()):
            self.resumed = int(checkpoint["epoch"]), int(schedule["last_epoch"])
            schedule.clear()
            schedule["last_epoch"] = self.resumed[1]

    def training_step(self, batch: Batch, index: int) -> Tensor:
        """The network's loss of a batch; with `sharpness` the one after `_ascend`.

        Of several processes each has the loss of its part, weighted by its windows.
        """
        shares = _shares(self.trainer.train_dataloader)
        weight = 1.0 if shares is None else shares.weight(index)
        loss = self.network.loss(*batch) * weight
        if not self.network.sharpness:
            return loss
        self._ascend(loss)
        return self.network.loss(*batch) * weight

    def _ascend(self, loss: Tensor) -> None:
        """Move the weights by `sharpness` to where the loss is highest, to first order, until `on_after_backward`.

        Each batch is its own ascent, also where gradients of several are accumulated: the sum would ask for all
        batches again, and the fewer windows an ascent has, the better its minima (Foret et al., 2021, section 4.1).
        """
        weights = [weight for weight in self.parameters() if weight.requires_grad]
        slopes = torch.autograd.grad(loss, weights, allow_unused=True)
        self.kept = [(tensor, tensor.detach().clone()) for tensor in (*weights, *self.buffers())]
        steepness = torch.stack([slope.norm() for slope in slopes if slope is not None]).norm()
        with torch.no_grad():
            for weight, slope in zip(weights, slopes, strict=True):
                if slope is not None:
                    weight.add_(self.network.sharpness / (steepness + 1e-12) * slope)

    def on_after_backward(self) -> None:
        """Put back the weights that `_ascend` moved, and the statistics that its second pass may have counted again."""
        with torch.no_grad():
            for tensor, before in self.kept:
                tensor.copy_(before)
        self.kept.clear()

    def validation_step(self, batch: Batch, index: int) -> None:
        """Log the log loss on half A."""
        self._log(MONITOR, self.network.judged(*batch), batch, _shares(self.trainer.val_dataloaders), index)

    def test_step(self, batch: Batch, index: int) -> None:
        """Log the log loss on the test part."""
        x, y = batch
        loss = nn.functional.binary_cross_entropy_with_logits(self.network(x), y)
        self._log("test_log_loss", loss, batch, _shares(self.trainer.test_dataloaders), index)

    def _log(self, name: str, loss: Tensor, batch: Batch, shares: Shares | None, index: int) -> None:
        """Log a loss, whose mean over the epoch is over the windows of all processes.

        Each process logs as many windows, since Lightning rounds the mean of their numbers to a whole one.
        """
        n = len(batch[1]) if shares is None else shares.whole(index)
        loss = loss if shares is None else loss * shares.weight(index)
        self.log(name, loss, prog_bar=True, batch_size=n, on_epoch=True, sync_dist=shares is not None)

    def predict_step(self, batch: Batch, _index: int) -> Tensor:
        """The probabilities, (n,)."""
        return torch.sigmoid(self.network(batch[0]))

    def configure_optimizers(self) -> Any:
        """Return AdamW with a learning rate that rises to its peak and falls to zero over the epochs."""
        rates = self.network.rates()
        optimizer = torch.optim.AdamW(rates, weight_decay=self.network.weight_decay, fused=True)
        peaks = [group["lr"] for group in rates]
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=peaks, total_steps=self._steps())
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def _steps(self) -> int:
        """The steps of the schedule: of the whole training, or the steps so far and the steps to come."""
        steps, epochs, (epoch, step) = (
            int(self.trainer.estimated_stepping_batches),
            self.trainer.max_epochs,
            self.resumed,
        )
        if not epochs or epochs < 0 or step + steps * (epochs - epoch - 1) / epochs <= steps:
            return steps
        return step + math.ceil(steps * (epochs - epoch) / epochs)  # there were more steps in an epoch


def _shares(loader: Any) -> Shares | None:
    """The parts that a loader hands out; None where one process has all."""
    parts = getattr(loader, "batch_sampler", None)
    return parts if isinstance(parts, Shares) else None


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
    network: SequenceClassifier, split: Split, *, batch_size: int, seed: int, report: Report | None = None
) -> int:
    """Train a network in place, stopped early on half A, give it the best epoch's weights, and return their number.

    Raises:
        UserError: if the loss is not a number.
    """
    with temporary_folder() as folder, _quiet(), one_thread():
        seed_everything(seed, verbose=False)
        best = ModelCheckpoint(folder, monitor=MONITOR, save_weights_only=True)
        told = [] if report is None else [_Told(report)]
        trainer = _trainer(folder, network, [best, EarlyStopping(MONITOR, patience=network.patience), *told])
        trainer.fit(Trainee(network), ChurnDataModule.of(split, batch_size=batch_size))
        if not torch.isfinite(trainer.callback_metrics[MONITOR]):
            raise UserError("expected a finite log loss", "not a number", "lower lr, or check the data for huge values")
        state = torch.load(Path(best.best_model_path), weights_only=True, map_location="cpu")
        network.load_state_dict(state["state_dict"])
    return int(state["epoch"]) + 1


def train_again(network: SequenceClassifier, windows: Windows, *, batch_size: int, seed: int) -> None:
    """Train a network in place from the beginning for the epochs that its last training kept, nothing held out."""
    seed_everything(seed, verbose=False)
    network.begin(windows)
    if network.pretrain is not None:
        learn_ahead(network, user_days(windows, until=windows.panel.n_days), until=windows.panel.n_days)
    ahead = network.days_ahead
    batches = loader(windows, target=network.target, batch_size=batch_size, shuffle=True, days_ahead=ahead)
    _train_for(network.epochs, network, batches)


def learn_ahead(network: SequenceClassifier, days: Windows, *, until: int) -> None:
    """Teach a network's trunk to foretell the counts of the next days.

    Args:
        network: The network, whose layers are made.
        days: User-days, see `churn.data.user_days`.
        until: The first day of the panel that may not be read.
    """
    twin = NextDays(network, until=until)
    twin.begin(days)
    size, ahead = network.batch_size, twin.days_ahead
    batches = loader(
        days, target=network.target, batch_size=size, shuffle=True, days_ahead=ahead, until=until, counts=True
    )
    _train_for(twin.max_epochs, twin, batches)
    twin.teach(network)


def _train_for(epochs: int, network: SequenceClassifier, batches: DataLoader[Batch]) -> None:
    """Train a network in place for some epochs, nothing held out."""
    with temporary_folder() as folder, _quiet(), one_thread():
        network.train()
        _trainer(folder, network, [_StopAfter(epochs)]).fit(Trainee(network), batches)


def _trainer(folder: Path, network: SequenceClassifier, callbacks: Sequence[Callback]) -> Trainer:
    return Trainer(
        max_epochs=network.max_epochs,
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
