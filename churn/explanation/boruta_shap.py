"""Boruta-SHAP: the features that carry more than their own shuffled shadows."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

VERDICTS = ("confirmed", "tentative", "rejected")
_BINNED = 10_000  # rows for LightGBM's bins; its default of 200,000 takes as long as the trees
_SHADOWS = 5  # shadows at least: the best of fewer is too easily beaten


class ShapForest:
    """A small LightGBM whose importances are mean |SHAP|, with the interface that BorutaPy uses.

    Args:
        n_estimators: Trees.
        random_state: Seed.
        explained: Rows whose SHAP values are averaged, drawn at random; they take longer than the trees.
    """

    feature_importances_: NDArray[np.float64]  # (f,)

    def __init__(
        self, n_estimators: int = 30, random_state: int | np.random.RandomState = 0, explained: int = 500
    ) -> None:
        self.n_estimators, self.random_state, self.explained = n_estimators, random_state, explained

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The arguments, as scikit-learn requests them."""
        return {name: getattr(self, name) for name in ("n_estimators", "random_state", "explained")}

    def set_params(self, **params: Any) -> Self:
        """Set arguments, as BorutaPy does before each round."""
        for name, value in params.items():
            setattr(self, name, value)
        return self

    def fit(self, x: NDArray[np.floating], y: NDArray[np.integer]) -> Self:
        """Grow the trees and value each column by its mean absolute SHAP value."""
        import lightgbm
        from sklearn.utils import check_random_state

        state = check_random_state(self.random_state)
        params = PARAMS | {"seed": int(state.randint(2**31 - 1)), "bin_construct_sample_cnt": _BINNED}
        booster = lightgbm.train(params, lightgbm.Dataset(x, y, params=params), self.n_estimators)
        rows = state.permutation(len(y))[: self.explained]
        shap = np.asarray(booster.predict(np.ascontiguousarray(x[rows]), pred_contrib=True))[:, :-1]
        self.feature_importances_ = np.abs(shap).mean(axis=0)
        return self


PARAMS: dict[str, Any] = {
    "objective": "binary",
    "num_leaves": 15,
    "feature_fraction": 0.7,
    "verbosity": -1,
    "num_threads": 1,  # on some ten thousand rows, threads mostly wait for each other
    "force_col_wise": True,  # else LightGBM times both ways before each forest
}


def boruta_shap(
    x: NDArray[np.floating],
    y: NDArray[np.integer],
    *,
    users: NDArray[np.integer] | None = None,
    rounds: int = 25,
    rows: int | None = None,
    explained: int = 500,
    seed: int = 0,
) -> NDArray[np.str_]:
    """Each column's verdict, `confirmed`, `tentative` or `rejected`: (n, f) and (n,) to (f,).

    Boruta (Kursa and Rudnicki, 2010) over SHAP importances. It selects all relevant columns, so two
    that duplicate each other may both be confirmed. A rejected column is left out of the following rounds.

    Args:
        x: The columns, (n, f).
        y: The labels, (n,).
        users: The user of each row, sorted, (n,). Shadows then shuffle whole users: shadows of single windows do
            not differ between users, so any number that does would beat them.
        rounds: Rounds, at most; BorutaPy makes two at least.
        rows: Rows per round, a new draw each time; all by default, since fewer rows find fewer weak drivers.
        explained: Rows per round whose SHAP values are averaged.
        seed: The seed of the draws, the shadows and the trees.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> x = rng.normal(size=(800, 3))
        >>> y = (x[:, 0] + 0.3 * rng.normal(size=800) > 0).astype(int)
        >>> boruta_shap(x, y).tolist()[0]
        'confirmed'
    """
    from boruta import BorutaPy

    class Selector(BorutaPy):  # type: ignore[misc]
        def _add_shadows_get_imps(
            self, x: NDArray[np.floating], y: NDArray[np.integer], decided: NDArray[np.integer]
        ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
            """Boruta's own hook: the importances of the columns, (f,), and of the shadows."""
            left = np.flatnonzero(decided >= 0)
            drawn = np.sort(self.random_state.permutation(len(y))[:rows])
            owner = drawn if users is None else users[drawn]
            values = self._get_imp(_beside_shadows(x, left, drawn, owner, self.random_state), y[drawn])
            importances = np.full(x.shape[1], np.nan)
            importances[left] = values[: len(left)]
            return importances, values[len(left) :]

    forest = ShapForest(explained=explained)
    selector = Selector(forest, n_estimators=30, max_iter=max(2, rounds), random_state=seed)
    selector.fit(np.asfortranarray(x), np.asarray(y))
    return np.where(selector.support_, VERDICTS[0], np.where(selector.support_weak_, VERDICTS[1], VERDICTS[2]))


def _beside_shadows(
    x: NDArray[np.floating],
    columns: NDArray[np.int64],
    rows: NDArray[np.int64],
    owner: NDArray[np.integer],
    state: np.random.RandomState,
) -> NDArray[np.floating]:
    """Some rows of some columns and, to their right, the shadows: column by column, as LightGBM reads them."""
    copied = np.tile(columns, -(-_SHADOWS // len(columns)) if len(columns) < _SHADOWS else 1)
    both = np.empty((len(rows), len(columns) + len(copied)), x.dtype, order="F")
    for place, column in enumerate(columns):
        both[:, place] = x[rows, column]
    starts = np.flatnonzero(np.append(True, owner[1:] != owner[:-1]))
    order, lengths = state.permutation(len(starts)), np.diff(starts, append=len(owner))
    for place, column in enumerate(copied, start=len(columns)):
        # One random order, rotated for each column, costs half as much as an order each and is just as random.
        turned = np.roll(order, state.randint(len(order)))
        both[:, place] = x[rows[_positions(starts[turned], lengths[turned])], column]
    return both


def _positions(starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """The positions in some blocks, one block after the other."""
    if len(starts) == lengths.sum():
        return starts
    positions: NDArray[np.int64] = np.repeat(starts - lengths.cumsum() + lengths, lengths) + np.arange(lengths.sum())
    return positions
