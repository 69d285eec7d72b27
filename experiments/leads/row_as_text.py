"""Models that read a row as one text: a small BERT with the steps of a reference recipe, and a linear one.

    PYTHONPATH=experiments churn run --config experiments/leads/leads.yaml --out runs/texts \\
        --models '[leads.row_as_text.RowAsText, leads.row_as_text.TextLogistic, churn.models.LightGBM]'
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

import numpy as np
import scipy
from numpy.typing import NDArray

from churn.data import Split, Windows
from churn.keys import Range, check_arguments
from churn.models import Classifier
from leads.words import Words, missing, texts, with_copies

if TYPE_CHECKING:
    import optuna
    from leads.reader import Reader

Copies = Annotated[int, Range(0, 100)]
Copied = Literal["positive", "both"]
Share = Annotated[float, Range(0, below=1)]
Weakest = Annotated[int, Range(0, 1_000)]
_STEP = 7919  # between the seeds of copies


class _Texts(Classifier):
    """The steps on rows that both models have: a text per row, columns left out, copies with nulls."""

    uses_chance: ClassVar[bool] = True
    words: Words
    copies: int
    copied: Copied
    blanked: float
    dropped: int

    def fit(self, split: Split, *, target: str, seed: int = 0, report: Any = None) -> Self:
        """Learn from the training part."""
        return self.refit(split.train, target=target, seed=seed)

    def read_as(self, windows: Windows) -> list[str]:
        """The text of each window, (n,)."""
        return texts(self.words.of(windows)) if len(windows) else []

    def _rows(self, windows: Windows, target: str, seed: int) -> tuple[NDArray[np.object_], NDArray[np.int8]]:
        """Words to learn from and their labels, once the columns are chosen."""
        y, self.words = windows.label(target), Words.fit(windows)
        if self.dropped:
            self.words = self.words.without_weakest(self.dropped, windows, y, seed=seed)
        both = self.copied == "both"
        return with_copies(
            self.words.of(windows), y, copies=self.copies, of_both=both, blanked=self.blanked, seed=seed + _STEP
        )

    def write(self, folder: Path) -> None:
        """Write the columns and the tenths."""
        (folder / "words.json").write_text(json.dumps(asdict(self.words)))

    def read(self, folder: Path) -> None:
        """Read the columns and the tenths."""
        self.words = Words(**json.loads((folder / "words.json").read_text()))


class TextLogistic(_Texts):
    """Logistic regression on the words' TF-IDF, the plain reference.

    Args:
        c: Inverse strength of the ridge penalty.
        copies: Copies with nulls of each row that is copied.
        copied: The class whose rows are copied.
        blanked: The share of a copy's words that become `nan`.
        dropped: Columns that are left out, the weakest by a random forest.
    """

    def __init__(
        self,
        c: Annotated[float, Range(above=0, most=1_000_000)] = 1.0,
        copies: Copies = 0,
        copied: Copied = "positive",
        blanked: Share = 0.2,
        dropped: Weakest = 0,
    ) -> None:
        check_arguments(TextLogistic, locals())
        self.c, self.copies, self.copied, self.blanked, self.dropped = c, copies, copied, blanked, dropped

    @classmethod
    def suggest(cls, trial: "optuna.Trial", n_features: int) -> dict[str, Any]:
        """Draw the penalty."""
        return {"c": trial.suggest_float("c", 0.03, 30.0, log=True)}

    def refit(self, windows: Windows, *, target: str, seed: int = 0) -> Self:
        """Weigh the words."""
        from sklearn.linear_model import LogisticRegression

        rows, y = self._rows(windows, target, seed)
        self.counter = _counter()
        counts = self.counter.fit_transform(texts(rows))
        present = np.bincount(counts.indices, minlength=counts.shape[1])
        self.rarity = np.log((1 + len(y)) / (1 + present)) + 1
        fitted = LogisticRegression(C=self.c, max_iter=1000).fit(self._weighed(counts), y)
        self.weights, self.intercept = fitted.coef_[0], float(fitted.intercept_[0])
        return self

    def predict_proba(self, windows: Windows) -> NDArray[np.float64]:
        """The probabilities, (n,)."""
        if not len(windows):
            return np.empty(0)
        weighed = self._weighed(self.counter.transform(self.read_as(windows)))
        return np.asarray(scipy.special.expit(weighed @ self.weights + self.intercept))

    def write(self, folder: Path) -> None:
        """Write the words and their weights."""
        super().write(folder)
        learnt = [list(self.counter.get_feature_names_out()), list(self.rarity), list(self.weights), self.intercept]
        (folder / "weights.json").write_text(json.dumps(learnt))

    def read(self, folder: Path) -> None:
        """Read the words and their weights."""
        super().read(folder)
        vocabulary, rarity, weights, self.intercept = json.loads((folder / "weights.json").read_text())
        self.counter, self.rarity, self.weights = _counter(vocabulary), np.array(rarity), np.array(weights)

    def _weighed(self, counts: Any) -> Any:
        from sklearn.preprocessing import normalize

        return normalize(counts.multiply(self.rarity).tocsr())


class RowAsText(_Texts):
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
        recipe = {
            name: getattr(self, name) for name in ("lr", "weight_decay", "sharpness", "batch_size")
        } | {"seed": seed}
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


def _counter(vocabulary: list[str] | None = None) -> Any:
    from sklearn.feature_extraction.text import CountVectorizer

    return CountVectorizer(token_pattern=r"\S+", lowercase=False, vocabulary=vocabulary)
