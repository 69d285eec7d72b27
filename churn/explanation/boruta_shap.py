"""Boruta-SHAP: which features carry more than their own shuffled shadows."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

VERDICTS = ("confirmed", "tentative", "rejected")


class ShapForest:
    """A small LightGBM whose importances are mean |SHAP|, in the form that BorutaPy drives.

    Args:
        n_estimators: Trees.
        random_state: Seed.
    """

    feature_importances_: NDArray[np.float64]  # (f,)

    def __init__(self, n_estimators: int = 30, random_state: int | np.random.RandomState = 0) -> None:
        self.n_estimators, self.random_state = n_estimators, random_state

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The arguments, as scikit-learn asks for them."""
        return {"n_estimators": self.n_estimators, "random_state": self.random_state}

    def set_params(self, **params: Any) -> Self:
        """Set arguments, as BorutaPy does before each round."""
        for name, value in params.items():
            setattr(self, name, value)
        return self

    def fit(self, x: NDArray[np.floating], y: NDArray[np.integer]) -> Self:
        """Grow the trees and value each column by its mean absolute SHAP value."""
        import lightgbm
        from sklearn.utils import check_random_state

        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        params = {"objective": "binary", "num_leaves": 15, "verbosity": -1, "seed": seed, "feature_fraction": 0.7}
        params["num_threads"] = 1  # on a few thousand rows, threads mostly wait for each other
        booster = lightgbm.train(params, lightgbm.Dataset(np.asarray(x), np.asarray(y)), self.n_estimators)
        shap = np.asarray(booster.predict(np.asarray(x), pred_contrib=True))[:, :-1]
        self.feature_importances_ = np.abs(shap).mean(axis=0)
        return self


def boruta_shap(
    x: NDArray[np.floating],
    y: NDArray[np.integer],
    *,
    users: NDArray[np.integer] | None = None,
    rounds: int = 25,
    seed: int = 0,
) -> NDArray[np.str_]:
    """Each column's verdict, `confirmed`, `tentative` or `rejected`: (n, f) and (n,) to (f,).

    Boruta (Kursa and Rudnicki, 2010) over SHAP importances. It selects all relevant columns, so of two that
    say the same both may be confirmed.

    Args:
        x: The columns, (n, f).
        y: The labels, (n,).
        users: The user of each row, sorted, (n,). Shadows then shuffle whole users: shadows of single windows
            cannot tell one user from another, and any number that differs between users would beat them.
        rounds: Rounds, at most; BorutaPy makes two at least.
        seed: Of the shadows and the trees.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> x = rng.normal(size=(800, 3))
        >>> y = (x[:, 0] + 0.3 * rng.normal(size=800) > 0).astype(int)
        >>> boruta_shap(x, y).tolist()[0]
        'confirmed'
    """
    from boruta import BorutaPy

    starts = np.arange(len(y)) if users is None else np.flatnonzero(np.append(True, users[1:] != users[:-1]))
    blocks = np.split(np.arange(len(y)), starts[1:])

    class Selector(BorutaPy):  # type: ignore[misc]
        def _get_shuffle(self, column: NDArray[np.floating]) -> NDArray[np.floating]:
            """Boruta's own hook: a shadow out of a column."""
            order = self.random_state.permutation(len(blocks))
            shadow: NDArray[np.floating] = column[np.concatenate([blocks[i] for i in order])]
            return shadow

    selector = Selector(ShapForest(), n_estimators=30, max_iter=max(2, rounds), random_state=seed)
    selector.fit(np.asarray(x), np.asarray(y))
    return np.where(selector.support_, VERDICTS[0], np.where(selector.support_weak_, VERDICTS[1], VERDICTS[2]))
