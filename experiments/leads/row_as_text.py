"""A small BERT that reads a row as one text, with the steps of a reference recipe.

    PYTHONPATH=experiments churn run --config experiments/leads/leads.yaml --out runs/texts \\
        --models '[leads.row_as_text.RowAsText, leads.text_logistic.TextLogistic, churn.models.LightGBM]'
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

import numpy as np
import scipy
from leads.text_model import Copied, Copies, Share, TextModel, Weakest
from leads.words import missing, texts
from numpy.typing import NDArray

from churn.data import Split, Windows
from churn.keys import Range, check_arguments

if TYPE_CHECKING:
    import optuna
    from leads.reader import Reader


class RowAsText(TextModel):
    """A small BERT that reads the row as one text.

    Args:
        directory: A network and its tokenizer as transformers' `save_pretrained` writes them; without one, weights are
            random and each word is a token.
        hidden_size: Width of the states, where weights are random.
        layers: Layers, where weights are random.
        pooling: The state of the first token, or the mean of all.
        copies: Copies with nulls of each row that is copied.
        copied: The class whose rows are copied.
        blanked: The share of a copy's words that become `nan`.
        dropped: Columns that are left out, the weakest by a random forest.
        sharpness: The radius of sharpness-aware steps, each of which costs two; 0 for plain ones.
        weight_decay: AdamW's decay.
        dropout: Share of states dropped while training.
        lr: Learning rate.
        batch_size: Texts per step.
        max_epochs: Epochs, at most.
        patience: Epochs without a better log loss on half A before training stops.
        positive_epochs: Epochs on positives alone, after that; every chance rises, and half B has to recalibrate it.
    """

    reader: "Reader"

    def __init__(
        self,
        directory: str | None = None,
        hidden_size: Annotated[int, Range(16, 4_096)] = 64,
        layers: Annotated[int, Range(1, 24)] = 2,
        pooling: Literal["mean", "cls"] = "mean",
        copies: Copies = 0,
        copied: Copied = "positive",
        blanked: Share = 0.2,
        dropped: Weakest = 0,
        sharpness: Annotated[float, Range(0, 10)] = 0.0,
        weight_decay: Annotated[float, Range(0, 100)] = 0.01,
        dropout: Share = 0.1,
        lr: Annotated[float, Range(above=0, most=10)] = 1e-3,
        batch_size: Annotated[int, Range(1, 100_000)] = 128,
        max_epochs: Annotated[int, Range(1, 1_000)] = 20,
        patience: Annotated[int, Range(1, 1_000)] = 2,
        positive_epochs: Annotated[int, Range(0, 1_000)] = 0,
    ) -> None:
        given = {name: value for name, value in locals().items() if name not in ("self", "__class__")}
        check_arguments(RowAsText, given)
        vars(self).update(given)
        self._steps = 0

    @classmethod
    def suggest(cls, trial: "optuna.Trial", n_features: int) -> dict[str, Any]:
        """Draw the width, the rate and what holds it back."""
        return {
            "hidden_size": trial.suggest_categorical("hidden_size", [32, 64, 128]),
            "lr": trial.suggest_float("lr", 3e-4, 3e-3, log=True),
            "dropout": trial.suggest_float("dropout", 0.0, 0.3),
            "weight_decay": trial.suggest_float("weight_decay", 1e-3, 0.1, log=True),
        }

    def fit(self, split: Split, *, target: str, seed: int = 0, report: Any = None) -> Self:
        """Learn until half A's log loss no longer falls, then from positives alone where asked for."""
        from leads.reader import stopped_early

        held_out = split.val_a
        y = held_out.label(target)

        def judge(reader: "Reader") -> float:
            found = reader.logits(self.read_as(held_out))
            loss = float((np.logaddexp(0, found) - y * found).mean())
            if report is not None:
                report(next(told), loss)
            return loss

        told = iter(range(self.max_epochs))

        def learn(epochs: Any) -> int:
            return stopped_early(self.reader, epochs, judge, patience=self.patience)[0]

        return self._learnt(split.train, target, seed, epochs=self.max_epochs, through=learn)

    def refit(self, windows: Windows, *, target: str, seed: int = 0) -> Self:
        """Learn again in as many epochs."""
        epochs = self._steps or self.max_epochs
        return self._learnt(windows, target, seed, epochs=epochs, through=lambda done: max(done))

    def _learnt(self, windows: Windows, target: str, seed: int, *, epochs: int, through: Any) -> Self:
        """Learn by `through`, which goes through the epochs and says how many are kept."""
        from leads.reader import learn, seeded

        rows, y = self._rows(windows, target, seed)
        recipe = {name: getattr(self, name) for name in ("lr", "weight_decay", "sharpness", "batch_size")} | {
            "seed": seed
        }
        with seeded(seed):
            self.reader = self._new(sorted({*rows.ravel(), *missing(rows)}))
            self._steps = through(learn(self.reader, texts(rows), y, epochs=epochs, **recipe))
            if self.positive_epochs and y.any():
                positive = texts(rows[y == 1])
                for _ in learn(self.reader, positive, y[y == 1], epochs=self.positive_epochs, **recipe):
                    pass
        return self

    def _new(self, vocabulary: list[str]) -> "Reader":
        from leads.reader import from_directory, of_own_words

        made = {"pooling": self.pooling, "dropout": self.dropout}
        if self.directory is not None:
            return from_directory(Path(self.directory), **made)
        return of_own_words(vocabulary, hidden_size=self.hidden_size, layers=self.layers, **made)

    @property
    def steps(self) -> int:
        """The epochs that the last fit kept."""
        return self._steps

    def predict_proba(self, windows: Windows) -> NDArray[np.float64]:
        """The probabilities, (n,)."""
        return np.asarray(scipy.special.expit(self.reader.logits(self.read_as(windows))))

    def write(self, folder: Path) -> None:
        """Write the network."""
        super().write(folder)
        (folder / "steps.json").write_text(json.dumps(self._steps))
        self.reader.write(folder)

    def read(self, folder: Path) -> None:
        """Read the network."""
        from leads.reader import Reader

        super().read(folder)
        self._steps = json.loads((folder / "steps.json").read_text())
        self.reader = Reader.read(folder, pooling=self.pooling, dropout=self.dropout)
