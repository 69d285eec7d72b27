"""The base of the recurrent networks: scaling, head, loss and the training loop."""

import math
from abc import abstractmethod
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self

import numpy as np
import scipy
import torch
from numpy.typing import NDArray
from pytorch_lightning import LightningModule
from torch import Tensor, nn

from churn.data import Batch, ChurnDataModule, Split, Windows, loader
from churn.errors import UserError
from churn.keys import BatchSize, Days, Range, check_arguments
from churn.models.base import Classifier, Report
from churn.models.scaling import SCALINGS, Scale, Scaling
from churn.models.training_loop import one_thread, train, train_again

if TYPE_CHECKING:
    import optuna


_STEPS_PER_EPOCH, _SMALLEST_BATCH = 40, 32  # ten epochs of a few steps each teach a network nothing


class SequenceClassifier(LightningModule, Classifier):
    """A network over a window's days, for `Classifier.fit` and for `churn fit` alike.

    A subclass turns a sequence into one vector in `encoder`; the rest is shared: the scaling layer,
    dropout, a linear head, log loss, AdamW with a one-cycle learning rate, and early stopping.
    The layers are made when the number of features is known, that is when fitting starts or a
    checkpoint is read.

    Args:
        target: What the network predicts.
        hidden_size: Width of the recurrent state.
        layers: Recurrent layers.
        bidirectional: Whether a GRU reads the days from both ends; an LSTM always does.
        dropout: Share of the state dropped before the head and between layers.
        scaling: The first layer, see `Scale`.
        lr: Peak learning rate.
        weight_decay: AdamW's decay.
        positive_weight: How many times a window of class 1 counts in the loss. The logit that the loss sees is moved by
            its logarithm, so that the probabilities stay right for the unweighted windows (Elkan, 2001).
        batch_size: Windows per step, at most, when fitted from Python: fewer where an epoch would have less than 40
            steps; `data.batch_size` on the command line.
        max_epochs: Epochs, at most, when fitted from Python; `trainer.max_epochs` on the command line.
        patience: Epochs without a better log loss before training stops, when fitted from Python.
        history_days: The days before the cutoff that it sees; all of a window's history where None.
    """

    is_network: bool = True
    uses_chance: ClassVar[bool] = True

    def __init__(
        self,
        target: str = "churn",
        hidden_size: Annotated[int, Range(1, 4_096)] = 32,
        layers: Annotated[int, Range(1, 20)] = 1,
        bidirectional: bool = False,
        dropout: Annotated[float, Range(0, below=1)] = 0.1,
        scaling: Scaling = "log_standard",
        lr: Annotated[float, Range(above=0, most=10)] = 5e-3,
        weight_decay: Annotated[float, Range(0, 100)] = 1e-4,
        positive_weight: Annotated[float, Range(above=0, most=1_000_000)] = 1.0,
        batch_size: BatchSize = 1024,
        max_epochs: Annotated[int, Range(1, 10_000)] = 10,
        patience: Annotated[int, Range(1, 10_000)] = 3,
        history_days: Days | None = None,
    ) -> None:
        check_arguments(SequenceClassifier, locals())
        super().__init__()
        self.target: str = target
        self.save_hyperparameters()
        self.n_features = 0
        self.epochs = 0
        self.resumed = 0, 0  # the epoch and the step of a checkpoint

    @abstractmethod
    def encoder(self, n_features: int) -> nn.Module:
        """A module from a scaled history, (n, d, f), to one vector per window, (n, width)."""

    @property
    @abstractmethod
    def width(self) -> int:
        """The length of the encoder's vector."""

    @classmethod
    def suggest(cls, trial: "optuna.Trial", n_features: int) -> dict[str, Any]:
        """Draw scaling, width, depth, regularisation and learning rate."""
        return {
            "scaling": trial.suggest_categorical("scaling", SCALINGS),
            "hidden_size": trial.suggest_categorical("hidden_size", [16, 24, 32, 48, 64]),
            "layers": trial.suggest_int("layers", 1, 3),
            "dropout": trial.suggest_float("dropout", 0.0, 0.5),
            "lr": trial.suggest_float("lr", 5e-4, 2e-2, log=True),
            "weight_decay": trial.suggest_float("weight_decay", 1e-6, 1e-1, log=True),
        }

    @property
    def arguments(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return dict(self.hparams)

    # The layers -------------------------------------------------------------------------------------

    def build(self, n_features: int) -> None:
        """Make the layers, once."""
        if self.n_features:
            return
        self.n_features = n_features
        self.scale = Scale(n_features, kind=self.hparams["scaling"])
        self.encode = self.encoder(n_features)
        self.drop = nn.Dropout(self.hparams["dropout"])
        self.head = nn.Linear(self.width, 1)

    def forward(self, x: Tensor) -> Tensor:
        """The logit of each history, (n, d, f) to (n,)."""
        days: int = self.hparams["history_days"] or x.shape[1]
        logits: Tensor = self.head(self.drop(self.encode(self.scale(x[:, -days:])))).squeeze(-1)
        return logits

    # Lightning's hooks --------------------------------------------------------------------------------

    def setup(self, stage: str) -> None:
        """Make the layers and, before fitting, begin from the training part's statistics."""
        if self.n_features or self._trainer is None:
            return
        data = self.trainer.datamodule  # type: ignore[attr-defined]
        if stage == "fit":
            self.begin(data.split.train)
        else:
            self.build(data.n_features)

    def begin(self, train: Windows) -> None:
        """Make the layers, fill the scale, and let the head predict the base rate before the first step."""
        self.build(len(train.features))
        self.scale.fit(train.recent(self.hparams["history_days"]))
        rate = np.clip(train.label(self.target).mean(), 1e-6, 1 - 1e-6)
        nn.init.constant_(self.head.bias, float(scipy.special.logit(rate)))

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Note the number of features, from which the layers are made again."""
        checkpoint["n_features"] = self.n_features

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Make the layers that the checkpoint fills, and take its place in the schedule but not the schedule's length.

        So training can go on for more epochs than were planned at first, or with batches of another size.

        Raises:
            UserError: if the layers are made already, for data of another number of columns.
        """
        self.build(n := checkpoint["n_features"])
        if n != self.n_features:
            expected = f"expected a checkpoint for data with {self.n_features} columns a day"
            raise UserError(expected, n, "give the data: block that it was trained with")
        for schedule in checkpoint.get("lr_schedulers", ()):
            self.resumed = int(checkpoint["epoch"]), int(schedule["last_epoch"])
            schedule.clear()
            schedule["last_epoch"] = self.resumed[1]

    def training_step(self, batch: Batch, _index: int) -> Tensor:
        """The log loss of a batch, weighted as configured."""
        x, y = batch
        weight = torch.tensor(self.hparams["positive_weight"])
        return nn.functional.binary_cross_entropy_with_logits(self(x) + weight.log(), y, pos_weight=weight)

    def validation_step(self, batch: Batch, _index: int) -> None:
        """Log the log loss on half A."""
        self._log_loss("val_log_loss", batch)

    def test_step(self, batch: Batch, _index: int) -> None:
        """Log the log loss on the test part."""
        self._log_loss("test_log_loss", batch)

    def predict_step(self, batch: Batch, _index: int) -> Tensor:
        """The probabilities, (n,)."""
        return torch.sigmoid(self(batch[0]))

    def _log_loss(self, name: str, batch: Batch) -> None:
        x, y = batch
        loss = nn.functional.binary_cross_entropy_with_logits(self(x), y)
        self.log(name, loss, prog_bar=True, batch_size=len(y), on_epoch=True)

    def configure_optimizers(self) -> Any:
        """Return AdamW with a learning rate that rises to its peak and falls to zero over the epochs."""
        optimizer = torch.optim.AdamW(
            self.parameters(), lr=self.hparams["lr"], weight_decay=self.hparams["weight_decay"], fused=True
        )
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=self.hparams["lr"], total_steps=self._steps())
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

    # A classifier's verbs -------------------------------------------------------------------------------

    def fit(self, split: Split, *, target: str, seed: int = 0, report: Report | None = None) -> Self:
        """Train with early stopping on half A and keep the best epoch's weights."""
        self._aim(target)
        data = ChurnDataModule.of(split, batch_size=self._batch_size(split.train))
        most, patience = self.hparams["max_epochs"], self.hparams["patience"]
        self.epochs = train(self, data, max_epochs=most, patience=patience, seed=seed, report=report)
        return self

    def refit(self, windows: Windows, *, target: str, seed: int = 0) -> Self:
        """Train for as many epochs as the last fit kept, the learning rate going the same way."""
        self._aim(target)
        batches = loader(windows, target=target, batch_size=self._batch_size(windows), shuffle=True)
        self.n_features = 0
        train_again(self, batches, windows, max_epochs=self.hparams["max_epochs"], epochs=self.epochs, seed=seed)
        return self

    @property
    def steps(self) -> int:
        """The epochs that the last fit kept."""
        return self.epochs

    def _batch_size(self, train: Windows) -> int:
        """The batch size as configured, but small enough for an epoch to have some steps."""
        return min(int(self.hparams["batch_size"]), max(_SMALLEST_BATCH, len(train) // _STEPS_PER_EPOCH))

    def _aim(self, target: str) -> None:
        self.target = target
        self.hparams["target"] = target

    @torch.inference_mode()
    def predict_proba(self, windows: Windows) -> NDArray[np.float64]:
        """The probabilities, (n,)."""
        was_training = self.training
        self.eval()
        batches = loader(windows, target=self.target, batch_size=4096)
        with one_thread():
            p = [torch.sigmoid(self(x.to(self.device))).cpu().double() for x, _ in batches]
        self.train(was_training)
        return torch.cat(p).numpy() if p else np.empty(0)

    def write(self, folder: Path) -> None:
        """Write the weights."""
        state = {"n_features": self.n_features, "epochs": self.epochs, "weights": self.state_dict()}
        content = BytesIO()  # torch's own writer does not report a full disk
        torch.save(state, content)
        (folder / "weights.pt").write_bytes(content.getvalue())

    def read(self, folder: Path) -> None:
        """Read the weights; nothing but tensors is loaded."""
        saved = torch.load(folder / "weights.pt", weights_only=True, map_location="cpu")
        self.build(saved["n_features"])
        self.epochs = saved["epochs"]
        self.load_state_dict(saved["weights"])
