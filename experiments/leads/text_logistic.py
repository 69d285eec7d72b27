"""Logistic regression on a row as one text, the plain reference."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Self

import numpy as np
import scipy
from leads.text_model import Copied, Copies, Share, TextModel, Weakest
from leads.words import texts
from numpy.typing import NDArray

from churn.data import Windows
from churn.keys import Range, check_arguments

if TYPE_CHECKING:
    import optuna


class TextLogistic(TextModel):
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


def _counter(vocabulary: list[str] | None = None) -> Any:
    from sklearn.feature_extraction.text import CountVectorizer

    return CountVectorizer(token_pattern=r"\S+", lowercase=False, vocabulary=vocabulary)
