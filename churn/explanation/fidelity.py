"""Fidelity: the agreement of a surrogate with its model, on users that it has not seen."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy
from numpy.typing import NDArray

from churn.data import Windows


@dataclass(frozen=True)
class Fidelity:
    """The agreement of a surrogate with its model on users that it has not seen."""

    r2: float  # on the logit
    spearman: float
    top_tenth: float  # share of the model's top tenth that is in the surrogate's too
    n_users: int
    n_windows: int


@dataclass(frozen=True)
class Imitation:
    """The scores of a model and its surrogate for the same windows, in logits."""

    windows: Windows  # n windows
    score: NDArray[np.float64]  # (n,) the model's logits
    surrogate: NDArray[np.float64]  # (n,) the trees' logits
    held_out: NDArray[np.bool_]  # (n,) whether the user was held out from the surrogate

    def fidelity(self, among: NDArray[np.bool_] | None = None) -> Fidelity:
        """The fidelity on held-out windows, all or the ones in a mask (n,); nan for no windows and for a model that
        scores everyone alike."""
        inside = self.held_out if among is None else self.held_out & among
        true, imitated = self.score[inside], self.surrogate[inside]
        varies = bool(len(true) and np.ptp(true))  # the deviation of equal numbers is not quite 0
        spread = float(((true - true.mean()) ** 2).sum()) if varies else float("nan")
        r2 = 1 - float(((true - imitated) ** 2).sum()) / spread
        rank = float(scipy.stats.spearmanr(true, imitated).statistic) if varies and np.ptp(imitated) else float("nan")
        users = len(np.unique(self.windows.user[inside]))
        return Fidelity(r2, rank, _shared_top(true, imitated), users, len(true))

    def by_segment(self, segment: NDArray[np.str_]) -> pd.DataFrame:
        """The fidelity within each segment (n,): segment, r2, spearman, n_users, n_windows."""
        rows = []
        for name in np.unique(segment):
            found = self.fidelity(segment == name)
            rows.append((str(name), found.r2, found.spearman, found.n_users, found.n_windows))
        return pd.DataFrame(rows, columns=["segment", "r2", "spearman", "n_users", "n_windows"])

    def table(self) -> pd.DataFrame:
        """The table from which fidelity is computed: user_id, cutoff, held_out, score, surrogate."""
        told = {"held_out": self.held_out, "score": self.score, "surrogate": self.surrogate}
        return pd.DataFrame({"user_id": self.windows.user_ids, "cutoff": self.windows.dates, **told})


def _shared_top(true: NDArray[np.float64], imitated: NDArray[np.float64]) -> float:
    k = max(1, len(true) // 10)
    first, second = (np.argsort(-score, kind="stable")[:k] for score in (true, imitated))
    return len(np.intersect1d(first, second)) / k
