"""The ranking of a label by each of many columns alone, with users as blocks."""

from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

Z = 1.959964  # 97.5% quantile of the normal distribution


@dataclass(frozen=True)
class ColumnAuc:
    """ROC-AUC of each of k columns, and the lower end of its 95% interval; above .5 a higher value means label 1."""

    value: NDArray[np.float64]  # (k,)
    low: NDArray[np.float64]  # (k,) in the direction that ranks better: of max(value, 1 - value)


def column_aucs(y: ArrayLike, columns: ArrayLike, *, users: ArrayLike) -> ColumnAuc:
    """Rank labels `y` (n,) by each column of `columns` (n, k); `users` (n,) names the user of each window.

    Ties count half. The variance is of DeLong's structural components, summed over the windows of each user. A
    column that separates all u users of the smaller class without a mistake has no variance; its lower end is
    1 - 3 / u, the rule of three, and no column's lies above that.

    Raises:
        ValueError: if one class is missing, or the lengths differ.

    Source:
        N. A. Obuchowski, Nonparametric analysis of clustered ROC curve data, Biometrics 53 (1997), 567-578.

    Example:
        >>> y, x = np.array([0, 0, 1, 1] * 50), np.array([[1, 0], [2, 0], [2, 0], [3, 0]] * 50)
        >>> found = column_aucs(y, x, users=np.arange(200))
        >>> found.value, found.low.round(3)
        (array([0.875, 0.5  ]), array([0.84, 0.5 ]))
    """
    label, table, names = np.asarray(y) == 1, np.asarray(columns), np.asarray(users)
    if label.shape != names.shape or table.ndim != 2 or len(table) != len(label):
        raise ValueError(f"expected n labels, users and rows, got {label.shape}, {names.shape} and {table.shape}")
    if not len(table[label]) or not len(table[~label]):
        raise ValueError(f"expected both classes, got {label.sum()} windows of 1 and {(~label).sum()} of 0")
    _, user = np.unique(names, return_inverse=True)
    value, beaten = _placements(label, table)
    beaten -= value
    beaten /= np.where(label, label.sum(), (~label).sum())[:, None]
    smaller = min(len(np.unique(user[label])), len(np.unique(user[~label])))
    best = np.maximum(value, 1 - value)
    return ColumnAuc(value, np.minimum(best - Z * _error(beaten, user), 1 - 3 / smaller))


def column_shares(
    y: ArrayLike, chosen: ArrayLike, *, users: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The share of label 1 among the windows that each column of `chosen` (n, k) picks, and its standard error, (k,).

    The error is of a ratio with `users` (n,) as blocks, by its linearisation. A column that picks nothing
    gives nan.

    Source:
        W. G. Cochran, Sampling Techniques (1977), section 6.4.

    Example:
        >>> y, chosen = np.array([1, 1, 1, 0] * 25), np.array([[1], [1], [1], [1]] * 25)
        >>> share, error = column_shares(y, chosen, users=np.arange(100) // 2)
        >>> share.round(2), error.round(3)
        (array([0.75]), array([0.036]))
    """
    label, table = np.asarray(y) == 1, np.asarray(chosen, dtype=np.float64)
    _, user = np.unique(np.asarray(users), return_inverse=True)
    picked = table.sum(axis=0)
    picked[picked == 0] = np.nan
    share = (label @ table) / picked
    return share, _error((label[:, None] - share) * table / picked, user)


def _placements(
    label: NDArray[np.bool_], table: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Each column's ROC-AUC, (k,), and the share of the other class that each window beats, ties as half, (n, k)."""
    positive, negative = table[label], table[~label]
    ranks, beaten = scipy.stats.rankdata(table, axis=0), np.empty(table.shape)
    beaten[label] = (ranks[label] - scipy.stats.rankdata(positive, axis=0)) / len(negative)
    beaten[~label] = 1 - (ranks[~label] - scipy.stats.rankdata(negative, axis=0)) / len(positive)
    return beaten[label].mean(axis=0), beaten


def _error(terms: NDArray[np.float64], user: NDArray[np.intp]) -> NDArray[np.float64]:
    """The standard error of the sum of centred terms (n, k), summed by user (n,) first: (k,)."""
    n_users = int(user.max()) + 1
    by_user = np.column_stack([np.bincount(user, column, minlength=n_users) for column in terms.T])
    error: NDArray[np.float64] = np.sqrt((by_user**2).sum(axis=0) * n_users / max(1, n_users - 1))
    return error
