"""The base of the recurrent networks: scaling, head, and a classifier's verbs."""

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self

import numpy as np
import scipy
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from churn.data import Split, Windows, loader
from churn.keys import BatchSize, Days, Pretraining, Range, Share, check_arguments
from churn.models.base import Classifier, Report
from churn.models.constants import Constant, Constants
from churn.models.scaling import SCALINGS, Scale, Scaling

if TYPE_CHECKING:
    import optuna


_JOINED = 50_000  # windows from which the bins of constants are taken
_STEPS_PER_EPOCH, _SMALLEST_BATCH = 40, 32  # ten epochs of a few steps each teach a network nothing


class SequenceClassifier(nn.Module, Classifier):
    """A network over a window's days, which `Classifier.fit` and `churn fit` train alike, see `Trainee`.

    A subclass turns a sequence into one vector in `encoder`; the rest is shared: the scaling layer, dropout and a
    linear head. The layers are made when the number of features is known, that is when fitting starts or weights are
    read. Lightning is loaded when fitting starts, for it takes longer to load than a network to score.

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
        sharpness: The radius of sharpness-aware steps (Foret et al., 2021), each of which costs two; 0 for plain ones.
        pretrain: Whether the layers up to the head first learn the next days' counts of all users, see `NextDays`.
        trunk_share: The share of `lr` at which these layers then learn from labels; 0 leaves them as they are.
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
        sharpness: Annotated[float, Range(0, 10)] = 0.0,
        pretrain: Pretraining | None = None,
        trunk_share: Share = 0.3,
    ) -> None:
        check_arguments(SequenceClassifier, locals())
        super().__init__()
        self.target: str = target
        self.hidden_size, self.layers, self.bidirectional = hidden_size, layers, bidirectional
        self.dropout, self.scaling, self.lr, self.weight_decay = dropout, scaling, lr, weight_decay
        self.positive_weight, self.batch_size = positive_weight, batch_size
        self.max_epochs, self.patience, self.history_days = max_epochs, patience, history_days
        self.sharpness, self.pretrain, self.trunk_share = sharpness, pretrain, trunk_share
        self.n_features = 0
        self.constants: dict[int, Constant] = {}
        self.epochs = 0

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

    # The layers -------------------------------------------------------------------------------------

    def build(self, n_features: int, constants: Mapping[int, Constant] | None = None) -> None:
        """Make the layers, once.

        Args:
            n_features: Columns of a history.
            constants: The columns that are constant over it, with their kinds. They are joined to the encoder's vector;
                where there are no others, they are all that is read.
        """
        if self.n_features:
            return
        self.n_features, self.constants = n_features, dict(constants or {})
        self.scale = Scale(n_features, kind=self.scaling)
        self.by_day = [place for place in range(n_features) if place not in self.constants]
        if self.by_day:
            self.encode = self.encoder(len(self.by_day))
        if self.constants:
            kinds = list(self.constants.values())
            self.join = Constants(kinds, width=self.hidden_size, dropout=self.dropout)
        self.drop = nn.Dropout(self.dropout)
        self.head = nn.Linear(self.width * bool(self.by_day) + self.hidden_size * bool(self.constants), self.outputs)

    @property
    def days_ahead(self) -> int:
        """The number of days whose outcomes it learns; 0 for one that learns labels."""
        return 0

    @property
    def outputs(self) -> int:
        """The numbers that the head gives for a history."""
        return 1

    def forward(self, x: Tensor) -> Tensor:
        """The logit of each history, (n, d, f) to (n,)."""
        logits: Tensor = self.head(self.state(x)).squeeze(-1)
        return logits

    def state(self, x: Tensor) -> Tensor:
        """The vector of each history that the head reads, (n, d, f) to (n, width)."""
        days = self.history_days or x.shape[1]
        scaled, parts = self.scale(x[:, -days:]), []
        if self.by_day:
            parts.append(self.drop(self.encode(scaled[:, :, self.by_day] if self.constants else scaled)))
        if self.constants:
            parts.append(self.join(scaled[:, -1, list(self.constants)]))
        return torch.cat(parts, dim=1)

    def loss(self, x: Tensor, y: Tensor) -> Tensor:
        """The log loss of a batch in training, weighted as configured."""
        weight = torch.tensor(self.positive_weight)
        return nn.functional.binary_cross_entropy_with_logits(self(x) + weight.log(), y, pos_weight=weight)

    def judged(self, x: Tensor, y: Tensor) -> Tensor:
        """The log loss of a batch of half A, on which training stops."""
        return nn.functional.binary_cross_entropy_with_logits(self(x), y)

    def begin(self, train: Windows) -> None:
        """Make the layers, fill the scale, and let the head predict the base rate before the first step."""
        self.build(**self.shape_for(train))
        self.scale.fit(train.recent(self.history_days))
        if self.constants:
            last = torch.from_numpy(train.sample(_JOINED).recent(1).history())
            self.join.fit(self.scale(last)[:, -1, list(self.constants)])
        self.head.bias.data.copy_(torch.from_numpy(self.base(train)))

    def base(self, train: Windows) -> NDArray[np.float64]:
        """The head's outputs that are right on average, from which training begins."""
        rate = np.clip(train.label(self.target).mean(), 1e-6, 1 - 1e-6)
        return np.full(1, scipy.special.logit(rate))

    def rates(self) -> list[dict[str, Any]]:
        """The parameters in groups, each with its peak learning rate: the trunk's own where it was taught before."""
        if self.pretrain is None:
            return [{"params": list(self.parameters()), "lr": self.lr}]
        head = [value for name, value in self.named_parameters() if not is_trunk(name)]
        trunk = [value for name, value in self.named_parameters() if is_trunk(name)]
        return [{"params": head, "lr": self.lr}, {"params": trunk, "lr": self.lr * self.trunk_share}]

    # A classifier's verbs -------------------------------------------------------------------------------

    def fit(self, split: Split, *, target: str, seed: int = 0, report: Report | None = None) -> Self:
        """Train with early stopping on half A and keep the best epoch's weights."""
        from churn.models.training_loop import train

        self.target = target
        self.epochs = train(self, split, batch_size=self._batch_size(split.train), seed=seed, report=report)
        return self

    def refit(self, windows: Windows, *, target: str, seed: int = 0) -> Self:
        """Train for as many epochs as the last fit kept, the learning rate going the same way."""
        from churn.models.training_loop import train_again

        self.target, self.n_features = target, 0
        train_again(self, windows, batch_size=self._batch_size(windows), seed=seed)
        return self

    @property
    def steps(self) -> int:
        """The epochs that the last fit kept."""
        return self.epochs

    def _batch_size(self, train: Windows) -> int:
        """The batch size as configured, but small enough for an epoch to have some steps."""
        return min(self.batch_size, max(_SMALLEST_BATCH, len(train) // _STEPS_PER_EPOCH))

    def shape_for(self, windows: Windows) -> dict[str, Any]:
        """The arguments of `build` for some windows."""
        return {"n_features": len(windows.features), "constants": windows.constants}

    @property
    def shape(self) -> dict[str, Any]:
        """The arguments with which the layers were made."""
        return {"n_features": self.n_features, "constants": self.constants}

    @property
    def device(self) -> torch.device:
        """The device on which the weights lie."""
        return self.head.weight.device

    def predict_proba(self, windows: Windows) -> NDArray[np.float64]:
        """The probabilities, (n,)."""
        return self._each(windows, lambda x: torch.sigmoid(self(x))) if len(windows) else np.empty(0)

    def program(self, windows: Windows) -> nn.Module:
        """The network, in single precision as it predicts."""
        from churn.models.programs import Chance

        self.scale.keep_scores()
        return Chance(self.eval())

    def embed(self, windows: Windows) -> NDArray[np.float64]:
        """The vector of each history that the head reads, (n, width)."""
        return self._each(windows, self.state)

    @torch.inference_mode()
    def _each(self, windows: Windows, found: Callable[[Tensor], Tensor]) -> NDArray[np.float64]:
        """The rows that are found of each history, (n, …)."""
        was_training = self.training
        self.eval()
        batches = loader(windows, target=self.target, batch_size=4096)
        with one_thread():
            rows = [found(x.to(self.device)).cpu().double() for x, _ in batches]
        self.train(was_training)
        return torch.cat(rows).numpy()

    def write(self, folder: Path) -> None:
        """Write the weights."""
        state = self.shape | {"epochs": self.epochs, "weights": self.state_dict()}
        content = BytesIO()  # torch's own writer does not report a full disk
        torch.save(state, content)
        (folder / "weights.pt").write_bytes(content.getvalue())

    def read(self, folder: Path) -> None:
        """Read the weights; nothing but tensors is loaded."""
        saved = torch.load(folder / "weights.pt", weights_only=True, map_location="cpu")
        self.build(**{key: saved[key] for key in self.shape})
        self.epochs = saved["epochs"]
        self.load_state_dict(saved["weights"])


def is_trunk(name: str) -> bool:
    """Whether weights of a network, by their name, are of its trunk: of the layers up to the head."""
    return name.partition(".")[0] in ("scale", "encode", "join")


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
