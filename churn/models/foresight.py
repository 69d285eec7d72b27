"""One network for the whole future: for each day ahead, the chances of a return, of a sticker, and of both."""

from collections.abc import Mapping
from copy import copy
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import numpy as np
import scipy
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from churn.data import CHURN, STICKER, Windows, loader
from churn.errors import UserError
from churn.keys import BatchSize, Days, OneOf, Pretraining, Range, Share, check_arguments
from churn.models.bilstm import BiLSTM
from churn.models.constants import Constant
from churn.models.days_ahead import Chances, daily_losses, losses_by_horizon
from churn.models.gru import GRU
from churn.models.gru_bilstm import GRUBiLSTM
from churn.models.scaling import Scaling
from churn.models.sequence import SequenceClassifier, one_thread

if TYPE_CHECKING:
    import optuna

_ENCODERS: dict[str, type[SequenceClassifier]] = {"gru": GRU, "bilstm": BiLSTM, "gru_bilstm": GRUBiLSTM}
_DAILY, _WORTH = 0.1, 0.01  # weights of two parts of the loss, see `Foresight.loss`
_FEWEST = 30  # windows that have seen a day ahead, so that it counts as taught
_LEAST = 1e-6  # keeps logits finite


class Foresight(SequenceClassifier):
    """A network that is trained once and answers every target at every horizon.

    From one encoder's vector it gives, for each day ahead, three hazards: of the first activity; of the first sticker
    while the user is silent; and of the first sticker once the user is back, see `Chances`. So P(churn) never rises
    with the horizon, P(churn and sticker) is at most either, and P(sticker) is P(stays) P(sticker | stays) + P(churn)
    P(sticker | churn). A window teaches as many days as were seen of its future before the split's border, so that the
    newest weeks teach too.

    Args:
        target: The target of `predict_proba`, at the horizon of the windows that it was trained on.
        encoder: gru, bilstm or gru_bilstm, as the networks of one target have them.
        foresight_days: The days ahead that it learns, as far as 30 windows see these before the last training day; the
            horizon's where that is longer.
        hidden_size: Width of the recurrent state.
        layers: Recurrent layers.
        bidirectional: Whether a GRU reads the days from both ends; an LSTM always does.
        dropout: Share of the state dropped before the head and between layers.
        scaling: The first layer, see `Scale`.
        lr: Peak learning rate.
        weight_decay: AdamW's decay.
        batch_size: As of `SequenceClassifier`.
        max_epochs: Epochs, at most, when fitted from Python; `trainer.max_epochs` on the command line.
        patience: Epochs without a better log loss, the mean over the targets, before training stops.
        history_days: The days before the cutoff that it sees; all of a window's history where None.
        sharpness: The radius of sharpness-aware steps, each of which costs two; 0 for plain ones.
        pretrain: As of `SequenceClassifier`.
        trunk_share: As of `SequenceClassifier`.

    Source:
        M. F. Gensheimer and B. Narasimhan, A scalable discrete-time survival model for neural networks, PeerJ 7 (2019).

    Example:
        >>> from churn.data import example_split
        >>> split = example_split()
        >>> network = Foresight(hidden_size=8, max_epochs=1).fit(split, target="churn")
        >>> from churn.models import foretell
        >>> future = foretell(network, split.test, days=[7, 14])
        >>> bool((future.p_churn.to_numpy()[0::2] >= future.p_churn.to_numpy()[1::2]).all())
        True
    """

    answers_all: ClassVar[bool] = True
    worth: nn.Linear  # to the logarithm of each day's expected amount, in units
    unit: Tensor  # the mean amount of a day with a sticker
    taught: Tensor  # the days ahead that enough windows have seen, at most `days_ahead`

    def __init__(
        self,
        target: str = CHURN,
        encoder: Annotated[str, OneOf(tuple(_ENCODERS))] = "gru",
        foresight_days: Days = 28,
        hidden_size: Annotated[int, Range(1, 4_096)] = 32,
        layers: Annotated[int, Range(1, 20)] = 1,
        bidirectional: bool = False,
        dropout: Annotated[float, Range(0, below=1)] = 0.1,
        scaling: Scaling = "log_standard",
        lr: Annotated[float, Range(above=0, most=10)] = 5e-3,
        weight_decay: Annotated[float, Range(0, 100)] = 1e-4,
        batch_size: BatchSize = 1024,
        max_epochs: Annotated[int, Range(1, 10_000)] = 10,
        patience: Annotated[int, Range(1, 10_000)] = 3,
        history_days: Days | None = None,
        sharpness: Annotated[float, Range(0, 10)] = 0.0,
        pretrain: Pretraining | None = None,
        trunk_share: Share = 0.3,
    ) -> None:
        given = {name: value for name, value in locals().items() if name not in ("self", "__class__")}
        check_arguments(Foresight, given)
        self_alone = ("encoder", "foresight_days")
        super().__init__(**{name: value for name, value in given.items() if name not in self_alone})
        self.encoded_by, self.foresight_days = encoder, foresight_days
        self.horizon_days, self.stickers = 0, False

    @property
    def arguments(self) -> dict[str, Any]:
        """The constructor's arguments; `encoder` is a method here, as of every network."""
        return super().arguments | {"encoder": self.encoded_by}

    @classmethod
    def suggest(cls, trial: "optuna.Trial", n_features: int) -> dict[str, Any]:
        """A GRU's arguments, and the encoder."""
        return GRU.suggest(trial, n_features) | {"encoder": trial.suggest_categorical("encoder", list(_ENCODERS))}

    # The layers -------------------------------------------------------------------------------------

    @property
    def _like(self) -> SequenceClassifier:
        """A network of one target with the encoder."""
        names = ("hidden_size", "layers", "bidirectional", "dropout")
        return _ENCODERS[self.encoded_by](**{name: getattr(self, name) for name in names})

    def encoder(self, n_features: int) -> nn.Module:
        """The encoder of the network named."""
        return self._like.encoder(n_features)

    @property
    def width(self) -> int:
        """The width of its vector."""
        return self._like.width

    @property
    def days_ahead(self) -> int:
        """The days that it learns."""
        return max(self.foresight_days, self.horizon_days)

    @property
    def outputs(self) -> int:
        """A hazard of each kind for each day."""
        return self.days_ahead * (3 if self.stickers else 1)

    def build(
        self,
        n_features: int,
        constants: Mapping[int, Constant] | None = None,
        horizon_days: int = 7,
        stickers: bool = True,
    ) -> None:
        """Make the layers, once.

        Args:
            n_features: Columns of a history.
            constants: The columns that are constant over it, with their kinds.
            horizon_days: The horizon of the target's chance.
            stickers: Whether there are stickers to foretell.
        """
        if self.n_features:
            return
        self.horizon_days, self.stickers = horizon_days, stickers
        super().build(n_features, constants)
        self.register_buffer("taught", torch.tensor(self.days_ahead))
        if stickers:
            self.worth = nn.Linear(self.head.in_features, self.days_ahead)
            self.register_buffer("unit", torch.ones(()))

    def shape_for(self, windows: Windows) -> dict[str, Any]:
        """The arguments of `build` for some windows.

        Raises:
            UserError: for windows that ask about an outcome.
        """
        if CHURN not in windows.labels:
            remedy = "take Foresight out of `models`: an answer has no days ahead of it"
            raise UserError("expected Foresight to be asked about churn", f"{windows.targets[0]} alone", remedy)
        own = {"horizon_days": windows.horizon_days, "stickers": STICKER in windows.labels}
        return super().shape_for(windows) | own

    @property
    def shape(self) -> dict[str, Any]:
        """The arguments with which the layers were made."""
        return super().shape | {"horizon_days": self.horizon_days, "stickers": self.stickers}

    def begin(self, train: Windows) -> None:
        """Make the layers, and let the heads predict what is right on average before the first step."""
        super().begin(train)
        seen = np.sort(train.answered.max(initial=0) - train.cutoff - train.lead_days)[-_FEWEST:]
        self.taught.fill_(int(np.clip(seen.min(initial=self.days_ahead), self.horizon_days, self.days_ahead)))
        if self.stickers:
            amounts = train.sample(10_000).ahead(self.horizon_days)[:, :, 2].clip(min=0)
            daily, given = amounts.mean(), amounts[amounts > 0]
            self.unit.fill_(float(given.mean()) if len(given) else 1.0)
            nn.init.constant_(self.worth.bias, float(np.log(max(daily, _LEAST) / self.unit.item())))

    def base(self, train: Windows) -> NDArray[np.float64]:
        """The logits of hazards that are equal on all days and give the base rates at the horizon's end."""
        rates = [1 - train.label(CHURN).mean(), *([train.label(STICKER).mean()] * 2 if self.stickers else [])]
        hazard = 1 - (1 - np.clip(rates, _LEAST, 1 - _LEAST)) ** (1 / self.horizon_days)
        return np.asarray(scipy.special.logit(hazard).repeat(self.days_ahead))

    def hazards(self, state: Tensor) -> Tensor:
        """The logits of the daily hazards, (n, width) to (n, 1 or 3, k)."""
        found: Tensor = self.head(state).unflatten(1, (-1, self.days_ahead))
        return found

    def forward(self, x: Tensor) -> Tensor:
        """The logit of the target at the horizon's end, (n, d, f) to (n,)."""
        hazards = self.hazards(self.state(x))[:, :, : self.horizon_days]
        return torch.logit(Chances.of(hazards).of_target(self.target)[:, -1], eps=_LEAST)

    # The loss ------------------------------------------------------------------------------------

    def loss(self, x: Tensor, y: Tensor) -> Tensor:
        """The log loss of the targets at each horizon that was seen whole, the mean over windows and horizons.

        With a small weight, each day's own log loss is added, which tells stickers of the silent from stickers of the
        returned. Expected amounts learn beside the rest, by Poisson's likelihood, and never move the encoder: a few
        large amounts would move it most.
        """
        state = self.state(x)
        hazards, seen = self.hazards(state), ~y[:, :, 0].isnan()
        happened = y.nan_to_num()
        by_horizon = losses_by_horizon(Chances.of(hazards), happened)
        loss = (by_horizon + _DAILY * y.shape[1] * daily_losses(hazards, happened))[seen].mean()
        if self.stickers:
            log_worth = self.worth(state.detach())
            loss = loss + _WORTH * (log_worth.exp() - happened[:, :, 2] / self.unit * log_worth)[seen].mean()
        return loss

    def judged(self, x: Tensor, y: Tensor) -> Tensor:
        """The log loss at the horizon's end, the mean over the targets; y ends there."""
        hazards = self.hazards(self.state(x))[:, :, : self.horizon_days]
        return losses_by_horizon(Chances.of(hazards), y)[:, -1].mean()

    # The answers --------------------------------------------------------------------------------------

    def about(self, target: str) -> "Foresight":
        """The network, asked about another target."""
        twin = copy(self)
        twin.target = target
        return twin

    @torch.no_grad()
    def foresee(self, windows: Windows) -> tuple[Tensor, Tensor]:
        """The logits of each day's hazards, (n, 1 or 3, k), and the amount expected until its end, (n, k)."""
        self.eval()
        found = [(torch.empty(0, self.outputs // self.days_ahead, self.days_ahead), torch.empty(0, self.days_ahead))]
        with one_thread():
            for x, _ in loader(windows, target=self.target, batch_size=4096):
                state = self.state(x.to(self.device))
                hazards = self.hazards(state)
                worth = self.worth(state).exp().cumsum(dim=1) * self.unit if self.stickers else hazards[:, 0] * 0
                found.append((hazards.cpu(), worth.cpu()))
        every, amounts = zip(*found, strict=True)
        return torch.cat(every).double(), torch.cat(amounts).double()
