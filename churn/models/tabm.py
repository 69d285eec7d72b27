"""The TabM network: many small networks that share most weights, over the flattened window."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import torch
from torch import Tensor, nn

from churn.data import Windows
from churn.errors import UserError
from churn.keys import BatchSize, Days, Range, check_arguments
from churn.models.base import Classifier
from churn.models.constants import Constant
from churn.models.scaling import Scale, Scaling
from churn.models.sequence import SequenceClassifier

try:
    import tabm
except ImportError as error:
    remedy = "pip install 'churn[tabm]', or take it out of `models`"
    raise UserError("expected the package tabm for churn.models.TabM", error, remedy) from error

if TYPE_CHECKING:
    import optuna


class TabM(SequenceClassifier):
    """A multilayer perceptron with k members in one, over a column per feature and day and one per constant.

    The members share their weight matrices; each has its own scaling of every layer's inputs and outputs, and its own
    head. Each is trained on its own loss, and the chance is the mean of theirs. It reads the columns of
    `Windows.flat`: a level of an attribute is a column of zeros and ones, as for every network. It needs the package
    `tabm`, the extra `tabm`.

    Args:
        target: What the network predicts.
        k: Members.
        hidden_size: Width of each layer.
        layers: Layers before the heads.
        dropout: Share of each layer's outputs dropped.
        scaling: The first layer, see `Scale`.
        lr: Peak learning rate.
        weight_decay: AdamW's decay.
        positive_weight: As of `SequenceClassifier`.
        batch_size: As of `SequenceClassifier`.
        max_epochs: As of `SequenceClassifier`.
        patience: As of `SequenceClassifier`.
        history_days: The days before the cutoff that it sees; all of a window's history where None.
        sharpness: As of `SequenceClassifier`.

    Source:
        Y. Gorishniy, A. Kotelnikov and A. Babenko, TabM: advancing tabular deep learning with parameter-efficient
        ensembling, ICLR (2025).

    Example:
        >>> from churn.data import example_split
        >>> split = example_split()
        >>> TabM(k=4, hidden_size=8, max_epochs=1).fit(split, target="churn").predict_proba(split.test).shape[0] > 0
        True
    """

    def __init__(
        self,
        target: str = "churn",
        k: Annotated[int, Range(1, 256)] = 16,
        hidden_size: Annotated[int, Range(1, 4_096)] = 128,
        layers: Annotated[int, Range(1, 20)] = 2,
        dropout: Annotated[float, Range(0, below=1)] = 0.1,
        scaling: Scaling = "quantile",
        lr: Annotated[float, Range(above=0, most=10)] = 2e-3,
        weight_decay: Annotated[float, Range(0, 100)] = 3e-4,
        positive_weight: Annotated[float, Range(above=0, most=1_000_000)] = 1.0,
        batch_size: BatchSize = 512,
        max_epochs: Annotated[int, Range(1, 10_000)] = 10,
        patience: Annotated[int, Range(1, 10_000)] = 3,
        history_days: Days | None = None,
        sharpness: Annotated[float, Range(0, 10)] = 0.0,
    ) -> None:
        given = {name: value for name, value in locals().items() if name not in ("self", "__class__")}
        check_arguments(TabM, given)
        super().__init__(**{name: value for name, value in given.items() if name != "k"})
        self.k, self.days = k, 0

    @classmethod
    def suggest(cls, trial: "optuna.Trial", n_features: int) -> dict[str, Any]:
        """Draw width, depth, regularisation and learning rate."""
        return {
            "hidden_size": trial.suggest_categorical("hidden_size", [64, 128]),
            "layers": trial.suggest_int("layers", 1, 3),
            "dropout": trial.suggest_float("dropout", 0.0, 0.5),
            "lr": trial.suggest_float("lr", 5e-4, 5e-3, log=True),
            "weight_decay": trial.suggest_float("weight_decay", 1e-6, 1e-1, log=True),
        }

    # The layers -------------------------------------------------------------------------------------

    def build(self, n_features: int, constants: Mapping[int, Constant] | None = None, days: int = 1) -> None:
        """Make the layers, once.

        Args:
            n_features: Columns of a history.
            constants: The columns that are constant over it, with their kinds.
            days: The days of a history that are read.
        """
        if self.n_features:
            return
        self.n_features, self.constants, self.days = n_features, dict(constants or {}), days
        self.scale = Scale(n_features, kind=self.scaling)
        self.by_day = [place for place in range(n_features) if place not in self.constants]
        self.encode = self.encoder(len(self.by_day) * days + len(self.constants))
        self.head = tabm.LinearEnsemble(self.hidden_size, 1, k=self.k)

    def encoder(self, n_features: int) -> nn.Module:
        """The layers of all members, (n, c) to (n, k, hidden_size)."""
        made: nn.Module = tabm.TabM.make(
            n_num_features=n_features,
            d_out=None,
            n_blocks=self.layers,
            d_block=self.hidden_size,
            dropout=self.dropout,
            k=self.k,
        )
        return made

    @property
    def width(self) -> int:
        """The length of all members' vectors together."""
        return self.k * self.hidden_size

    def shape_for(self, windows: Windows) -> dict[str, Any]:
        """The arguments of `build` for some windows."""
        return super().shape_for(windows) | {"days": windows.recent(self.history_days).history_days}

    @property
    def shape(self) -> dict[str, Any]:
        """The arguments with which the layers were made."""
        return super().shape | {"days": self.days}

    def begin(self, train: Windows) -> None:
        """Make the layers, fill the scale, and let each member predict the base rate before the first step."""
        self.build(**self.shape_for(train))
        self.scale.fit(train.recent(self.history_days))
        self.head.bias.data.copy_(torch.from_numpy(self.base(train)))

    def forward(self, x: Tensor) -> Tensor:
        """The logit of the mean of the members' chances, (n, d, f) to (n,)."""
        members = self.members(x)
        yes, no = nn.functional.logsigmoid(members), nn.functional.logsigmoid(-members)
        return yes.logsumexp(dim=1) - no.logsumexp(dim=1)

    def members(self, x: Tensor) -> Tensor:
        """Each member's logit, (n, d, f) to (n, k)."""
        found: Tensor = self.head(self.state(x).reshape(-1, self.k, self.hidden_size)).squeeze(-1)
        return found

    def state(self, x: Tensor) -> Tensor:
        """The vectors of the members that their heads read, side by side, (n, d, f) to (n, width)."""
        scaled = self.scale(x[:, -self.days :])
        columns = [scaled[:, :, self.by_day].flatten(1), scaled[:, -1, list(self.constants)]]
        found: Tensor = self.encode(torch.cat(columns, dim=1)).flatten(1)
        return found

    def program(self, windows: Windows) -> nn.Module:
        """Refused: the layers of `tabm` are traced for one number of histories alone."""
        return Classifier.program(self, windows)

    def loss(self, x: Tensor, y: Tensor) -> Tensor:
        """The mean of the members' log losses of a batch in training, weighted as configured."""
        weight, members = torch.tensor(self.positive_weight), self.members(x)
        y = y[:, None].expand_as(members)
        return nn.functional.binary_cross_entropy_with_logits(members + weight.log(), y, pos_weight=weight)
