"""A surrogate: trees that imitate a model's probabilities, their fidelity, and their drivers."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import scipy
from numpy.typing import NDArray

from churn.artefacts import atomic, check_whole, read_object, write_json, write_text
from churn.data import Windows, user_share
from churn.errors import UserError
from churn.explanation.direction import direction
from churn.explanation.fidelity import Fidelity, Imitation

if TYPE_CHECKING:
    import lightgbm

_EDGE = 1e-6  # keeps logits finite
_TREES, _SEEN = "trees.txt", "seen.json"
_PARAMS = {
    "objective": "regression",
    "learning_rate": 0.1,
    "num_leaves": 31,
    "verbosity": -1,
    "deterministic": True,
    "num_threads": 1,  # on some ten thousand rows, threads mostly wait for each other
}


@dataclass(frozen=True)
class Surrogate:
    """A surrogate with the SHAP values of held-out windows."""

    booster: "lightgbm.Booster"  # from the columns of `Windows.flat`, (n, c), to the logit
    features: tuple[str, ...]  # f
    imitation: Imitation  # scores of every given window
    explained: Windows  # n held-out windows
    shap: NDArray[np.float64]  # (n, d, f) of the held-out sample, in logits
    values: NDArray[np.float64]  # (n, d, f) the features themselves, same rows
    totals: NDArray[np.float64]  # (n, f) one number per history, the sum of a count
    base: float  # the logit to which a row's SHAP values add

    @property
    def fidelity(self) -> Fidelity:
        """The surrogate's agreement with its model on users that it has not seen."""
        return self.imitation.fidelity()

    def save(self, folder: Path, *, target: str = "churn") -> None:
        """Write the trees as text and their features as JSON to a new folder, for `contributions`."""
        seen = {"target": target, "features": self.features, "history_days": self.shap.shape[1]}
        with atomic(folder) as scratch:
            scratch.mkdir()
            write_text(self.booster.model_to_string(), scratch / _TREES)
            write_json(seen, scratch / _SEEN)

    def by_feature(self) -> pd.DataFrame:
        """Drivers: feature, mean_abs_shap of its whole history, direction, rank."""
        table = _driver_table(list(self.features), self.shap.sum(axis=1), self.totals)
        return _ranked(table)

    def by_window(self) -> pd.DataFrame:
        """A row per explained window and feature: user_id, cutoff, feature, value (`totals`), shap over all days."""
        n, f = self.totals.shape
        return pd.DataFrame(
            {
                "user_id": np.repeat(self.explained.user_ids, f),
                "cutoff": np.repeat(self.explained.dates, f),
                "feature": list(self.features) * n,
                "value": self.totals.ravel(),
                "shap": self.shap.sum(axis=1).ravel(),
            }
        )

    def by_day(self) -> pd.DataFrame:
        """Drivers by day: feature, day (-1 is the day before the cutoff), mean_abs_shap, direction, rank."""
        days = self.shap.shape[1]
        tables = [
            _driver_table(list(self.features), self.shap[:, d], self.values[:, d]).assign(day=d - days)
            for d in range(days)
        ]
        return _ranked(pd.concat(tables, ignore_index=True))


def explain(
    windows: Windows, p: NDArray[np.float64], *, sample: int = 2000, trees: int = 300, seed: int = 0
) -> Surrogate:
    """Imitate probabilities by trees on the flattened history and explain the trees.

    A quarter of the users is held out; fidelity and SHAP values come from them alone.

    Args:
        windows: Windows of the training part, with the days and features that the model reads.
        p: The model's probabilities, (n,).
        sample: Held-out windows to explain, at most.
        trees: Trees of the surrogate.
        seed: The seed of the trees and the draw.

    Raises:
        UserError: if there are too few users to hold some out.
    """
    import lightgbm

    held_out = user_share(windows.panel.parted)[windows.user] < 0.25
    if held_out.all() or held_out.sum() < 2:
        users = len(np.unique(windows.user))
        raise UserError("expected enough users to hold a quarter out", f"{users} users", "load more users")
    score = scipy.special.logit(np.clip(p, _EDGE, 1 - _EDGE))
    x, y = windows.take(~held_out).flat(), score[~held_out]
    booster = lightgbm.train(_PARAMS | {"seed": seed}, lightgbm.Dataset(x, y), trees)
    imitation = Imitation(windows, score, np.asarray(booster.predict(windows.flat())), held_out)
    test = windows.take(held_out).sample(sample, seed=seed)
    shap, base = _shap(booster, test.flat())
    values = test.history().astype(np.float64)
    totals = test.summary(values)
    return Surrogate(booster, windows.features, imitation, test, test.unflattened(shap), values, totals, base)


def contributions(folder: Path, windows: Windows, *, target: str = "churn") -> NDArray[np.float64]:
    """SHAP values of some windows by a saved surrogate, in logits, 0 for days and features it does not see: (n, d, f).

    Raises:
        UserError: if there is none, it is of another target, or its files are not as they were written.
    """
    import lightgbm

    if not (folder / _SEEN).exists():
        raise UserError("expected a saved surrogate", f"no {_SEEN} in {folder}", "make the run again")
    check_whole(folder)
    saved = read_object(folder / _SEEN, "features", "history_days", says={"target": target})
    features, days = saved["features"], saved["history_days"]
    if not len(windows):
        return np.zeros((0, windows.history_days, len(windows.features)))
    seen = windows.only(features).recent(days)
    booster = lightgbm.Booster(model_file=folder / _TREES)
    # LightGBM's own values, which shap asks it for too: loading shap takes as long as scoring hundreds of users
    values = np.asarray(booster.predict(seen.flat(), pred_contrib=True), np.float64)[:, :-1]
    found = np.zeros((len(windows), windows.history_days, len(windows.features)))
    columns = [windows.features.index(name) for name in seen.features]
    found[:, -days:, columns] = seen.unflattened(values)
    return found


def _shap(booster: "lightgbm.Booster", x: NDArray[np.float32]) -> tuple[NDArray[np.float64], float]:
    """SHAP values (n, columns) and the base they start from."""
    import shap

    if not len(x):
        return np.zeros(x.shape), float("nan")
    explanation = shap.TreeExplainer(booster)(x)
    values = np.asarray(explanation.values, np.float64)
    return values, float(np.ravel(explanation.base_values)[0])


def _driver_table(features: list[str], shap: NDArray[np.float64], totals: NDArray[np.float64]) -> pd.DataFrame:
    ways = [direction(totals[:, j], shap[:, j]) for j in range(len(features))]
    return pd.DataFrame({"feature": features, "mean_abs_shap": np.abs(shap).mean(axis=0), "direction": ways})


def _ranked(table: pd.DataFrame) -> pd.DataFrame:
    table = table.sort_values("mean_abs_shap", ascending=False, kind="stable", ignore_index=True)
    return table.assign(rank=np.arange(1, len(table) + 1))
